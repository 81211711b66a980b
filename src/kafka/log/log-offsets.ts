/** Where a log begins, up to where it is committed, and where it ends: start ≤ high watermark ≤ end. */
export class LogOffsets {
  start: number;
  end: number;
  private committed: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
    this.committed = start;
  }

  get highWatermark(): number {
    return this.committed;
  }

  /** Kept within start and end. */
  set highWatermark(offset: number) {
    this.committed = Math.min(Math.max(offset, this.start), this.end);
  }

  /** @param firstUnstable first offset of an undecided transaction; -1: there is none */
  lastStable(firstUnstable: number): number {
    return firstUnstable < 0 ? this.committed : Math.min(Math.max(firstUnstable, this.start), this.committed);
  }

  /** What was above is gone. */
  cutTo(end: number): void {
    this.end = end;
    this.start = Math.min(this.start, end);
    this.committed = Math.min(this.committed, end);
  }

  /** Empty, at `offset`. */
  restartAt(offset: number): void {
    this.start = offset;
    this.end = offset;
    this.committed = offset;
  }

  raiseStart(offset: number): void {
    this.start = offset;
    this.committed = Math.max(this.committed, offset);
  }
}
