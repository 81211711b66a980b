import type { Files } from '../../../runtime/runtime.ts';
import { int64At, writeInt64At } from '../../records/batch.ts';
import { EntryFile } from './entry-file.ts';

const OFFSET_ENTRY_BYTES = 8;
const TIME_ENTRY_BYTES = 12;
const LARGEST_INT32 = 0x7fff_ffff;

/** `.index`: some offsets of a segment and where their append begins in the file. */
export class OffsetIndex {
  readonly file: EntryFile;
  readonly baseOffset: number;
  /** Largest offset that was entered; the base offset when there is none. */
  lastOffset: number;

  constructor(files: Files, path: string, baseOffset: number) {
    this.file = new EntryFile(files, path, OFFSET_ENTRY_BYTES);
    this.baseOffset = baseOffset;
    this.lastOffset = this.file.count === 0 ? baseOffset : this.offsetAt(this.file.count - 1);
    this.file.release();
  }

  isFull(maxBytes: number): boolean {
    return this.file.count >= Math.floor(maxBytes / OFFSET_ENTRY_BYTES);
  }

  /** An offset that isn't above the last one is left out. */
  append(offset: number, position: number): void {
    if (this.file.count > 0 && offset <= this.lastOffset) return;
    const slot = this.file.slot();
    slot.buffer.writeInt32BE(offset - this.baseOffset, slot.at);
    slot.buffer.writeInt32BE(position, slot.at + 4);
    this.file.added();
    this.lastOffset = offset;
  }

  /** A position in the file from which a scan finds `offset`. */
  positionBefore(offset: number): number {
    const index = lastAtMost(this.file.count, (i) => this.offsetAt(i) <= offset);
    return index < 0 ? 0 : this.file.entry(index).readInt32BE(4);
  }

  /** Keeps the entries below `offset`. */
  truncateTo(offset: number): void {
    const last = lastAtMost(this.file.count, (i) => this.offsetAt(i) < offset);
    this.file.truncateToCount(last + 1);
    this.lastOffset = last < 0 ? this.baseOffset : this.offsetAt(last);
  }

  /** Whether the entries can be right. */
  isSane(logBytes: number): boolean {
    const count = this.file.count;
    if (count === 0) return true;
    return this.lastOffset >= this.baseOffset && this.file.entry(count - 1).readInt32BE(4) < logBytes;
  }

  private offsetAt(index: number): number {
    return this.baseOffset + this.file.entry(index).readInt32BE(0);
  }
}

export interface TimeEntry {
  readonly timestampMs: number;
  readonly offset: number;
}

/** `.timeindex`: the largest timestamp up to some points of a segment, and the offset of the batch that has it. */
export class TimeIndex {
  readonly file: EntryFile;
  readonly baseOffset: number;
  private last: TimeEntry;

  constructor(files: Files, path: string, baseOffset: number) {
    this.file = new EntryFile(files, path, TIME_ENTRY_BYTES);
    this.baseOffset = baseOffset;
    this.last = this.readLast();
    this.file.release();
  }

  /** `{ -1, base offset }` when there is none. */
  get lastEntry(): TimeEntry {
    return this.last;
  }

  isFull(maxBytes: number): boolean {
    return this.file.count >= Math.floor(maxBytes / TIME_ENTRY_BYTES) - 1;
  }

  /** Timestamps that aren't above the last one are left out. */
  maybeAppend(timestampMs: number, offset: number): void {
    if (timestampMs <= this.last.timestampMs || offset - this.baseOffset > LARGEST_INT32) return;
    const slot = this.file.slot();
    writeInt64At(slot.buffer, slot.at, timestampMs);
    slot.buffer.writeInt32BE(offset - this.baseOffset, slot.at + 8);
    this.file.added();
    this.last = { timestampMs, offset };
  }

  /** The last entry whose timestamp is at most `timestampMs`; everything before its offset is older or as old. */
  entryBefore(timestampMs: number): TimeEntry {
    const index = lastAtMost(this.file.count, (i) => int64At(this.file.entry(i), 0) <= timestampMs);
    return index < 0 ? { timestampMs: -1, offset: this.baseOffset } : this.at(index);
  }

  /** Keeps the entries whose offset is below `offset`. */
  truncateTo(offset: number): void {
    const last = lastAtMost(this.file.count, (i) => this.at(i).offset < offset);
    this.file.truncateToCount(last + 1);
    this.last = this.readLast();
  }

  private readLast(): TimeEntry {
    return this.file.count === 0
      ? { timestampMs: -1, offset: this.baseOffset }
      : this.at(this.file.count - 1);
  }

  private at(index: number): TimeEntry {
    const entry = this.file.entry(index);
    return { timestampMs: int64At(entry, 0), offset: this.baseOffset + entry.readInt32BE(8) };
  }
}

/** The last index below `count` for which `holds`; it holds for a first part only. -1: for none. */
function lastAtMost(count: number, holds: (index: number) => boolean): number {
  let low = -1;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
