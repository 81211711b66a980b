/** Counters of a connection or of the whole server, as the four-letter words and the metrics tell them. */
export class Stats {
  received = 0;
  sent = 0;
  bytesReceived = 0;
  responseBytes = 0;
  /** -1: there was none yet. */
  lastResponseBytes = -1;
  leastResponseBytes = -1;
  mostResponseBytes = -1;
  latencyCount = 0;
  latencyTotalMs = 0;
  latencyLeastMs = 0;
  latencyMostMs = 0;

  answered(latencyMs: number): void {
    const whole = Math.floor(latencyMs);
    if (this.latencyCount === 0 || whole < this.latencyLeastMs) this.latencyLeastMs = whole;
    if (whole > this.latencyMostMs) this.latencyMostMs = whole;
    this.latencyCount += 1;
    this.latencyTotalMs += whole;
  }

  responded(bytes: number): void {
    this.sent += 1;
    this.responseBytes += bytes;
    this.lastResponseBytes = bytes;
    if (this.leastResponseBytes < 0 || bytes < this.leastResponseBytes) this.leastResponseBytes = bytes;
    if (bytes > this.mostResponseBytes) this.mostResponseBytes = bytes;
  }

  /** Up to four decimals. */
  get latencyAverageMs(): number {
    return this.latencyCount === 0 ? 0 : Math.round((this.latencyTotalMs / this.latencyCount) * 1e4) / 1e4;
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.bytesReceived = 0;
    this.responseBytes = 0;
    this.lastResponseBytes = -1;
    this.leastResponseBytes = -1;
    this.mostResponseBytes = -1;
    this.latencyCount = 0;
    this.latencyTotalMs = 0;
    this.latencyLeastMs = 0;
    this.latencyMostMs = 0;
  }
}

/** How many of the last values percentiles are made of; a power of two. */
const SAMPLES = 512;

/** Counts values: how many, their sum, least and most, and the percentiles of the last ones. In ms or pieces. */
export class Summary {
  count = 0;
  sum = 0;
  least = 0;
  most = 0;
  private samples: Int32Array | null = null;

  add(value: number): void {
    const whole = Math.floor(value);
    if (this.count === 0 || whole < this.least) this.least = whole;
    if (whole > this.most) this.most = whole;
    this.samples ??= new Int32Array(SAMPLES);
    this.samples[this.count & (SAMPLES - 1)] = whole;
    this.count += 1;
    this.sum += whole;
  }

  /** Up to four decimals. */
  get average(): number {
    return this.count === 0 ? 0 : Math.round((this.sum / this.count) * 1e4) / 1e4;
  }

  /** A value of the last ones that the share `q` of them (0.5: half) doesn't exceed; NaN without values. */
  quantile(q: number): number {
    const sorted = this.sorted();
    return sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
  }

  /** The same, interpolated between two values and rounded; 0 without values. */
  percentile(q: number): number {
    const sorted = this.sorted();
    if (sorted.length === 0) return 0;
    const place = q * (sorted.length + 1);
    const above = Math.floor(place);
    if (above < 1) return sorted[0]!;
    if (above >= sorted.length) return sorted[sorted.length - 1]!;
    const lower = sorted[above - 1]!;
    return Math.round(lower + (place - above) * (sorted[above]! - lower));
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.least = 0;
    this.most = 0;
  }

  private sorted(): Int32Array {
    return (this.samples ?? new Int32Array(0)).slice(0, Math.min(this.count, SAMPLES)).sort();
  }
}
