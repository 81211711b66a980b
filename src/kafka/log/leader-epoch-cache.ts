import type { EpochEndOffset, EpochEntry } from './log-types.ts';

/**
 * Which leader epoch began at which offset (KIP-101): a list in which both rise strictly. `changed` is told after each change, so that
 * somebody writes the checkpoint.
 */
export class LeaderEpochCache {
  private list: EpochEntry[];
  private readonly changed: () => void;

  constructor(entries: readonly EpochEntry[], changed: () => void) {
    this.list = [...entries];
    this.changed = changed;
  }

  get entries(): readonly EpochEntry[] {
    return this.list;
  }

  /** -1: none. */
  get latestEpoch(): number {
    return this.list[this.list.length - 1]?.epoch ?? -1;
  }

  /** An epoch that is known to have begun earlier stays as it is; entries that contradict the new one go. */
  assign(epoch: number, startOffset: number): void {
    const last = this.list[this.list.length - 1];
    if (last !== undefined) {
      if (last.epoch === epoch && last.startOffset <= startOffset) return;
      if (last.epoch >= epoch || last.startOffset >= startOffset)
        this.list = this.list.filter((entry) => entry.epoch < epoch && entry.startOffset < startOffset);
    }
    this.list.push({ epoch, startOffset });
    this.changed();
  }

  /** Where `epoch` ended: what OffsetForLeaderEpoch answers. */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    const list = this.list;
    const last = list[list.length - 1];
    if (epoch < 0 || last === undefined || epoch > last.epoch) return { epoch: -1, endOffset: -1 };
    if (epoch === last.epoch) return { epoch, endOffset: logEndOffset };
    const next = list.findIndex((entry) => entry.epoch > epoch);
    if (next === 0) return { epoch, endOffset: list[0]!.startOffset };
    return { epoch: list[next - 1]!.epoch, endOffset: list[next]!.startOffset };
  }

  /** The epoch that holds `offset`; -1: unknown. */
  epochOf(offset: number): number {
    for (let i = this.list.length - 1; i >= 0; i--)
      if (this.list[i]!.startOffset <= offset) return this.list[i]!.epoch;
    return -1;
  }

  truncateFromEnd(offset: number): void {
    const kept = this.list.filter((entry) => entry.startOffset < offset);
    if (kept.length === this.list.length) return;
    this.list = kept;
    this.changed();
  }

  /** The log now starts at `offset`: what began at or before it becomes one entry that starts there. */
  truncateFromStart(offset: number): void {
    let last = -1;
    while (last + 1 < this.list.length && this.list[last + 1]!.startOffset <= offset) last++;
    if (last < 0 || (last === 0 && this.list[0]!.startOffset === offset)) return;
    this.list = [{ epoch: this.list[last]!.epoch, startOffset: offset }, ...this.list.slice(last + 1)];
    this.changed();
  }

  clear(): void {
    if (this.list.length === 0) return;
    this.list = [];
    this.changed();
  }
}
