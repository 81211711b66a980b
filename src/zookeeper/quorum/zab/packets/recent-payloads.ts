const SEGMENT_BYTES = 256 * 1024;
const MOST_KEPT_BYTES = 16 * 1024 * 1024;

/** Neighbours in one piece of memory. */
class Segment {
  readonly buffer: Buffer;
  /** Of both arrays, which are used again: what stands behind is of before. */
  count = 0;
  readonly zxids: number[] = [];
  /** Where each ends in `buffer`; the next begins there. */
  readonly ends: number[] = [];

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  get at(): number {
    return this.count === 0 ? 0 : this.ends[this.count - 1]!;
  }

  get last(): number {
    return this.zxids[this.count - 1]!;
  }

  /** @returns the index of the first one after `zxid`. */
  after(zxid: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.zxids[middle]! <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The latest transactions as bytes, in memory that is used again: of buffers that live for some thousand transactions each, the garbage
 * collector would have to clear a server's whole heap several times a second.
 */
export class RecentPayloads {
  private segments: Segment[] = [];
  private spare: Segment | null = null;
  private count = 0;
  private bytes = 0;
  private base: number;
  private readonly leastKept: number;

  /** `leastKept` stay, if they aren't large, and those that share a segment with the oldest of them. */
  constructor(base: number, leastKept: number) {
    this.base = base;
    this.leastKept = leastKept;
  }

  /** Right before the first one. */
  get begin(): number {
    return this.base;
  }

  /** Of the latest one; without any, what `reset` said. */
  get last(): number {
    const segment = this.segments[this.segments.length - 1];
    return segment === undefined ? this.base : segment.last;
  }

  reset(base: number): void {
    this.segments = [];
    this.count = 0;
    this.bytes = 0;
    this.base = base;
  }

  /** Copies it. Zxids must rise. */
  push(zxid: number, payload: Buffer): void {
    let segment = this.segments[this.segments.length - 1];
    if (segment === undefined || segment.at + payload.length > segment.buffer.length) {
      segment = this.newSegment(payload.length);
      this.segments.push(segment);
    }
    const { at } = segment;
    payload.copy(segment.buffer, at);
    segment.zxids[segment.count] = zxid;
    segment.ends[segment.count] = at + payload.length;
    segment.count += 1;
    this.count += 1;
    this.bytes += payload.length;
    this.trim();
  }

  /** Copies of all after `zxid`, if it is one of them or right before the first, or is to be `trusted`; null: some may be missing. */
  after(zxid: number, trusted: boolean): Buffer[] | null {
    if (zxid < this.base) return null;
    const copies: Buffer[] = [];
    let isKnown = trusted || zxid === this.base;
    for (const segment of this.segments) {
      const first = segment.after(zxid);
      isKnown ||= first > 0 && segment.zxids[first - 1] === zxid;
      for (let i = first; i < segment.count; i++)
        copies.push(Buffer.from(segment.buffer.subarray(i === 0 ? 0 : segment.ends[i - 1], segment.ends[i])));
    }
    return isKnown ? copies : null;
  }

  private newSegment(bytes: number): Segment {
    if (bytes > SEGMENT_BYTES) return new Segment(bytes);
    const segment = this.spare ?? new Segment(SEGMENT_BYTES);
    this.spare = null;
    return segment;
  }

  private trim(): void {
    while (this.segments.length > 1) {
      const oldest = this.segments[0]!;
      if (this.count - oldest.count < this.leastKept && this.bytes <= MOST_KEPT_BYTES) return;
      this.segments.shift();
      this.count -= oldest.count;
      this.bytes -= oldest.at;
      this.base = oldest.last;
      if (oldest.buffer.length > SEGMENT_BYTES) continue;
      oldest.count = 0;
      this.spare = oldest;
    }
  }
}
