/** One produce request's wait for one partition. */
export interface AckWaiter {
  /** Called once: the records are replicated (code 0), or they won't be or too few have them. */
  settled(code: number): void;
}

/** Who waits for the high watermark of a partition, lowest offset first: as it moves only those that it reaches are touched. */
export class AckQueue {
  private readonly offsets: number[] = [];
  private readonly waiters: AckWaiter[] = [];
  private head = 0;

  get size(): number {
    return this.offsets.length - this.head;
  }

  /** `offset`: the high watermark to wait for. Rising from call to call, except for duplicates of what was sent before. */
  wait(offset: number, waiter: AckWaiter): void {
    let at = this.offsets.length;
    while (at > this.head && this.offsets[at - 1]! > offset) at -= 1;
    if (at === this.offsets.length) {
      this.offsets.push(offset);
      this.waiters.push(waiter);
    } else {
      this.offsets.splice(at, 0, offset);
      this.waiters.splice(at, 0, waiter);
    }
  }

  reached(highWatermark: number, code: number): void {
    while (this.head < this.offsets.length && this.offsets[this.head]! <= highWatermark) {
      const waiter = this.waiters[this.head]!;
      this.head += 1;
      waiter.settled(code);
    }
    if (this.head === this.offsets.length) this.clear();
    else if (this.head > 1024) {
      this.offsets.splice(0, this.head);
      this.waiters.splice(0, this.head);
      this.head = 0;
    }
  }

  failAll(code: number): void {
    const waiting = this.waiters.slice(this.head);
    this.clear();
    for (const waiter of waiting) waiter.settled(code);
  }

  /** It waits no longer (its time is over). */
  remove(waiter: AckWaiter): void {
    const at = this.waiters.indexOf(waiter, this.head);
    if (at < 0) return;
    this.offsets.splice(at, 1);
    this.waiters.splice(at, 1);
  }

  private clear(): void {
    this.offsets.length = 0;
    this.waiters.length = 0;
    this.head = 0;
  }
}
