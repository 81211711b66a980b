/** Counters of a connection or of the whole server, as the four-letter words and the metrics tell them. */
export class Stats {
  received = 0;
  sent = 0;
  bytesReceived = 0;
  responseBytes = 0;
  lastResponseBytes = 0;
  leastResponseBytes = 0;
  mostResponseBytes = 0;
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
    if (this.leastResponseBytes === 0 || bytes < this.leastResponseBytes) this.leastResponseBytes = bytes;
    if (bytes > this.mostResponseBytes) this.mostResponseBytes = bytes;
  }

  /** Up to four decimals. */
  get latencyAverageMs(): number {
    return this.latencyCount === 0 ? 0 : Math.round((this.latencyTotalMs / this.latencyCount) * 1e4) / 1e4;
  }

  resetLatency(): void {
    this.latencyCount = 0;
    this.latencyTotalMs = 0;
    this.latencyLeastMs = 0;
    this.latencyMostMs = 0;
  }

  reset(): void {
    this.resetLatency();
    this.received = 0;
    this.sent = 0;
    this.lastResponseBytes = 0;
    this.leastResponseBytes = 0;
    this.mostResponseBytes = 0;
  }
}

/** Counts values: how many, their sum, least and most. In ms or pieces. */
export class Summary {
  count = 0;
  sum = 0;
  least = 0;
  most = 0;

  add(value: number): void {
    const whole = Math.floor(value);
    if (this.count === 0 || whole < this.least) this.least = whole;
    if (whole > this.most) this.most = whole;
    this.count += 1;
    this.sum += whole;
  }
}
