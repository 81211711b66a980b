import { forEachBatch, lastOffset } from '../../records/batch.ts';
import { RecordsError } from '../../records/records-error.ts';
import type { ReadResult } from '../log-types.ts';

/**
 * How much of what was appended lately the logs of a broker keep in memory together. Followers and consumers that keep up are served from
 * there, with the very bytes that came, and nothing is read or copied. The oldest go first, whatever log they belong to.
 */
export class TailBudget {
  private readonly limitBytes: number;
  private usedBytes = 0;
  /** The log of each append that is kept, in order. */
  private queue: LogTail[] = [];
  private head = 0;
  /** When the queue has so many entries, those whose items are gone are left out. */
  private lookThroughAt = MIN_LOOK_THROUGH;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** @returns whether there is room for it at all. */
  add(tail: LogTail, costBytes: number): boolean {
    if (costBytes > this.limitBytes / 4) return false;
    this.usedBytes += costBytes;
    this.queue.push(tail);
    if (this.queue.length - this.head > this.lookThroughAt) this.forgetReleased();
    while (this.usedBytes > this.limitBytes) this.usedBytes -= this.queue[this.head++]!.dropOldest();
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    return true;
  }

  release(bytes: number): void {
    this.usedBytes -= bytes;
  }

  /** Most of a long queue are appends that were released before their turn came. */
  private forgetReleased(): void {
    this.queue = this.queue.slice(this.head).filter((tail) => !tail.takeStaleEntry());
    this.head = 0;
    this.lookThroughAt = Math.max(MIN_LOOK_THROUGH, 2 * this.queue.length);
  }
}

const MIN_LOOK_THROUGH = 4096;

interface TailItem {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly records: Buffer;
  readonly costBytes: number;
}

/** The last appends of one log, without gaps up to its end. */
export class LogTail {
  private readonly budget: TailBudget;
  private items: TailItem[] = [];
  private head = 0;
  /** Entries in the budget's queue whose item is gone already. */
  private staleEntries = 0;

  constructor(budget: TailBudget) {
    this.budget = budget;
  }

  /** `records` must not change any more. */
  add(records: Buffer, firstOffset: number, last: number): void {
    // A view keeps all of its memory alive, so that is what it costs.
    const costBytes = Math.max(records.length, records.buffer.byteLength);
    if (costBytes > 4 * records.length + 65_536 || !this.budget.add(this, costBytes)) {
      this.clear();
      return;
    }
    this.items.push({ firstOffset, lastOffset: last, records, costBytes });
  }

  /** @returns what it cost. */
  dropOldest(): number {
    if (this.staleEntries > 0) {
      this.staleEntries--;
      return 0;
    }
    const item = this.items[this.head++];
    if (this.head > 64 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item?.costBytes ?? 0;
  }

  /** @returns whether the log's oldest entry in the budget's queue stands for an item that is gone; it is to be left out then. */
  takeStaleEntry(): boolean {
    if (this.staleEntries === 0) return false;
    this.staleEntries--;
    return true;
  }

  /** Those who follow have everything below `offset`. */
  trim(offset: number): void {
    const items = this.items;
    let bytes = 0;
    let end = this.head;
    while (end < items.length && items[end]!.lastOffset < offset) bytes += items[end++]!.costBytes;
    if (end === this.head) return;
    this.staleEntries += end - this.head;
    items.splice(0, end);
    this.head = 0;
    this.budget.release(bytes);
  }

  clear(): void {
    let bytes = 0;
    for (let i = this.head; i < this.items.length; i++) bytes += this.items[i]!.costBytes;
    this.staleEntries += this.items.length - this.head;
    this.items = [];
    this.head = 0;
    this.budget.release(bytes);
  }

  /** Like PartitionLog.read; null when `fromOffset` isn't in memory. */
  read(fromOffset: number, maxBytes: number, upTo: number, minOneBatch: boolean): ReadResult | null {
    const items = this.items;
    let i = this.head;
    if (i >= items.length || items[i]!.firstOffset > fromOffset) return null;
    let high = items.length - 1;
    if (items[high]!.lastOffset < fromOffset) return null;
    while (i < high) {
      const middle = (i + high) >>> 1;
      if (items[middle]!.lastOffset >= fromOffset) high = middle;
      else i = middle + 1;
    }
    const records: Buffer[] = [];
    let sizeBytes = 0;
    let nextOffset = fromOffset;
    for (; i < items.length; i++) {
      const item = items[i]!;
      const fits =
        item.lastOffset < upTo &&
        item.firstOffset >= fromOffset &&
        sizeBytes + item.records.length <= maxBytes;
      const part = fits
        ? item.records
        : batchesOf(item.records, fromOffset, maxBytes - sizeBytes, upTo, minOneBatch && sizeBytes === 0);
      if (part.length === 0) break;
      records.push(part);
      sizeBytes += part.length;
      nextOffset = part.length === item.records.length ? item.lastOffset + 1 : endOffset(part);
      if (!fits && nextOffset <= item.lastOffset) break;
    }
    return { records, sizeBytes, nextOffset, memory: null };
  }
}

/** The batches of `b` from the one with `fromOffset` on that end below `upTo` and fit. Throws a RecordsError only if memory is broken. */
function batchesOf(
  b: Buffer,
  fromOffset: number,
  maxBytes: number,
  upTo: number,
  minOneBatch: boolean,
): Buffer {
  let start = -1;
  let end = 0;
  let full = false;
  forEachBatch(b, 0, b.length, (at, size) => {
    if (full) return;
    const last = lastOffset(b, at);
    if (last < fromOffset) return;
    if (last >= upTo || (at + size - (start < 0 ? at : start) > maxBytes && !(minOneBatch && start < 0))) {
      full = true;
      return;
    }
    if (start < 0) start = at;
    end = at + size;
  });
  return start < 0 ? b.subarray(0, 0) : b.subarray(start, end);
}

/** The offset after the last batch of `b`, which has one. */
function endOffset(b: Buffer): number {
  let last = -1;
  forEachBatch(b, 0, b.length, (at) => (last = lastOffset(b, at)));
  if (last < 0) throw new RecordsError('corrupt', 'no batch where there must be one');
  return last + 1;
}
