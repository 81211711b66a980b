import type { File, Runtime } from '../../../runtime/runtime.ts';
import { baseOffset, lastOffset, maxTimestamp } from '../../records/batch.ts';
import { readRecords } from '../../records/read-records.ts';
import { BatchScan } from './batch-scan.ts';
import {
  DELETED_SUFFIX,
  INDEX_SUFFIX,
  LOG_SUFFIX,
  offsetFileName,
  TIME_INDEX_SUFFIX,
  TXN_INDEX_SUFFIX,
} from '../folder/file-names.ts';
import { OffsetIndex, TimeIndex } from './indexes.ts';
import type { OffsetAndTimestamp } from '../log-types.ts';
import { TransactionIndex } from './transaction-index.ts';

const LARGEST_INT32 = 0x7fff_ffff;

/** What one append puts into a segment. */
export interface SegmentAppend {
  readonly sizeBytes: number;
  readonly lastOffset: number;
  /** -1: no timestamps. */
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
}

/** One `.log` file and its indexes. */
export class LogSegment {
  readonly baseOffset: number;
  readonly offsetIndex: OffsetIndex;
  readonly timeIndex: TimeIndex;
  readonly txnIndex: TransactionIndex;
  /** Of the `.log` file. */
  sizeBytes: number;
  /** -1: unknown. */
  maxTimestamp: number;
  offsetOfMaxTimestamp: number;
  readonly createdMs: number;
  /** Largest timestamp of the first append, by which age is measured; -1: unknown. */
  private firstAppendTimestamp = -1;
  private knowsFirstTimestamp = false;
  lastModifiedMs: number;
  private readonly runtime: Runtime;
  private readonly folder: string;
  private readonly suffix: string;
  private file: File | null = null;
  /** Something was written since the last sync. */
  private dirty = false;
  private bytesSinceIndexEntry = 0;
  /** The `.log` file is longer than what was written. */
  private isReserved = false;

  /** Opens the files, or makes those that are missing. */
  constructor(runtime: Runtime, folder: string, baseOffset: number, suffix = '') {
    this.runtime = runtime;
    this.folder = folder;
    this.suffix = suffix;
    this.baseOffset = baseOffset;
    const files = runtime.files;
    const logPath = this.path(LOG_SUFFIX);
    if (files.exists(logPath)) {
      const stat = files.stat(logPath);
      this.sizeBytes = stat.sizeBytes;
      this.lastModifiedMs = stat.modifiedMs;
    } else {
      files.open(logPath, 'create').close();
      this.sizeBytes = 0;
      this.lastModifiedMs = runtime.clock.wallMs();
    }
    this.createdMs = runtime.clock.wallMs();
    this.offsetIndex = new OffsetIndex(files, this.path(INDEX_SUFFIX), baseOffset);
    this.timeIndex = new TimeIndex(files, this.path(TIME_INDEX_SUFFIX), baseOffset);
    this.txnIndex = new TransactionIndex(files, this.path(TXN_INDEX_SUFFIX));
    this.maxTimestamp = this.timeIndex.lastEntry.timestampMs;
    this.offsetOfMaxTimestamp = this.timeIndex.lastEntry.offset;
  }

  get logPath(): string {
    return this.path(LOG_SUFFIX);
  }

  private path(kind: string): string {
    return `${this.folder}/${offsetFileName(this.baseOffset, kind)}${this.suffix}`;
  }

  private handle(): File {
    this.file ??= this.runtime.files.open(this.logPath, 'write');
    return this.file;
  }

  get isOpen(): boolean {
    return this.file !== null;
  }

  /** An offset too far from the base doesn't fit the index. */
  canHold(offset: number): boolean {
    return offset >= this.baseOffset && offset - this.baseOffset <= LARGEST_INT32;
  }

  append(records: Buffer, info: SegmentAppend, indexIntervalBytes: number): void {
    const position = this.sizeBytes;
    this.handle().write(records, position);
    this.dirty = true;
    this.sizeBytes = position + info.sizeBytes;
    if (position === 0) {
      this.firstAppendTimestamp = info.maxTimestamp;
      this.knowsFirstTimestamp = true;
    }
    this.noteTimestamp(info.maxTimestamp, info.offsetOfMaxTimestamp);
    if (this.bytesSinceIndexEntry > indexIntervalBytes) this.addIndexEntry(info.lastOffset, position);
    this.bytesSinceIndexEntry += info.sizeBytes;
  }

  private noteTimestamp(timestamp: number, offset: number): void {
    if (timestamp <= this.maxTimestamp) return;
    this.maxTimestamp = timestamp;
    this.offsetOfMaxTimestamp = offset;
  }

  private addIndexEntry(lastOffsetOfAppend: number, position: number): void {
    this.offsetIndex.append(lastOffsetOfAppend, position);
    this.timeIndex.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
    this.bytesSinceIndexEntry = 0;
  }

  /** Where the first batch stands whose last offset is at least `offset`; -1: none. `from`: a position known to be before it. */
  positionOf(offset: number, from = this.offsetIndex.positionBefore(offset)): number {
    const scan = this.scan(from);
    while (scan.next()) if (lastOffset(scan.buffer, scan.at) >= offset) return scan.position;
    return -1;
  }

  /** @returns how many bytes were there. */
  readInto(target: Buffer, length: number, position: number): number {
    return this.handle().read(target, 0, length, position);
  }

  scan(from = 0, content: 'headers' | 'whole' = 'headers', to = this.sizeBytes): BatchScan {
    return new BatchScan(this.handle(), from, to, content);
  }

  /** The offset after the last record; the base offset when the segment is empty. Reads the end of the file, with its timestamps. */
  readNextOffset(): number {
    let next = this.baseOffset;
    const scan = this.scan(this.offsetIndex.positionBefore(Number.MAX_SAFE_INTEGER));
    while (scan.next()) {
      next = lastOffset(scan.buffer, scan.at) + 1;
      this.noteBatchTimestamp(scan);
    }
    return next;
  }

  /** The first record at or after `startOffset` with this timestamp or a later one. */
  findByTimestamp(timestampMs: number, startOffset: number): OffsetAndTimestamp | null {
    const from = Math.max(this.timeIndex.entryBefore(timestampMs).offset, startOffset);
    const position = this.positionOf(from);
    if (position < 0) return null;
    const scan = this.scan(position, 'whole');
    while (scan.next()) {
      const { buffer, at, size } = scan;
      if (maxTimestamp(buffer, at) < timestampMs) continue;
      for (const record of readRecords(this.runtime.codecs, buffer, at, size)) {
        if (Number(record.timestamp) < timestampMs || record.offset < startOffset) continue;
        const epoch = buffer[at + 16] === 2 ? buffer.readInt32BE(at + 12) : -1;
        return { offset: Number(record.offset), timestampMs: record.timestamp, leaderEpoch: epoch };
      }
    }
    return null;
  }

  /** Cuts the file before the batch that holds `offset`. @returns where it ends then: `offset`, or less where a batch went across. */
  truncateTo(offset: number): number {
    const scan = this.scan(this.offsetIndex.positionBefore(offset));
    let found = scan.next();
    while (found && lastOffset(scan.buffer, scan.at) < offset) found = scan.next();
    const cutOffset = found ? Math.min(offset, baseOffset(scan.buffer, scan.at)) : offset;
    this.offsetIndex.truncateTo(offset);
    this.timeIndex.truncateTo(offset);
    this.txnIndex.truncateTo(offset);
    const last = this.timeIndex.lastEntry;
    this.maxTimestamp = last.timestampMs;
    this.offsetOfMaxTimestamp = last.offset;
    this.bytesSinceIndexEntry = 0;
    if (found) this.cutFile(scan.position);
    const kept = this.scan(this.offsetIndex.positionBefore(offset));
    while (kept.next()) this.noteBatchTimestamp(kept);
    return cutOffset;
  }

  cutFile(position: number): void {
    this.handle().truncate(position);
    this.isReserved = false;
    this.dirty = true;
    this.sizeBytes = position;
  }

  private noteBatchTimestamp(scan: BatchScan): void {
    const { buffer, at } = scan;
    const timestamp = maxTimestamp(buffer, at);
    if (timestamp <= this.maxTimestamp) return;
    this.noteTimestamp(timestamp, lastOffset(buffer, at));
  }

  /** Begins the indexes anew; `indexBatch` then fills them batch by batch. */
  resetIndexes(): void {
    this.offsetIndex.truncateTo(0);
    this.timeIndex.truncateTo(0);
    this.txnIndex.truncateTo(0);
    this.maxTimestamp = -1;
    this.offsetOfMaxTimestamp = this.baseOffset;
    this.bytesSinceIndexEntry = 0;
  }

  /** Recovery: takes the batch under the scan into the indexes. */
  indexBatch(scan: BatchScan, indexIntervalBytes: number): void {
    this.noteBatchTimestamp(scan);
    if (this.bytesSinceIndexEntry > indexIntervalBytes)
      this.addIndexEntry(lastOffset(scan.buffer, scan.at), scan.position);
    this.bytesSinceIndexEntry += scan.size;
  }

  /** Age by the timestamps of its records where they are known, else since it was made. */
  ageMs(now: number, timestampOfAppend: number): number {
    this.learnFirstTimestamp();
    return this.firstAppendTimestamp >= 0 && timestampOfAppend >= 0
      ? timestampOfAppend - this.firstAppendTimestamp
      : now - this.createdMs;
  }

  /** Once, for a segment that an earlier process began. */
  private learnFirstTimestamp(): void {
    if (this.knowsFirstTimestamp || this.sizeBytes === 0) return;
    this.knowsFirstTimestamp = true;
    const scan = this.scan();
    if (scan.next()) this.firstAppendTimestamp = maxTimestamp(scan.buffer, scan.at);
  }

  /** For retention: the largest timestamp, or when the file was written last where there are none. */
  get largestTimestampMs(): number {
    return this.maxTimestamp >= 0 ? this.maxTimestamp : this.lastModifiedMs;
  }

  /** Of its first batch; when it was written last, where there are no timestamps. */
  get oldestTimestampMs(): number {
    this.learnFirstTimestamp();
    return this.firstAppendTimestamp >= 0 ? this.firstAppendTimestamp : this.lastModifiedMs;
  }

  /**
   * Gives the files the size that they may grow to, so that the file system can put each in one piece (`preallocate`). What lies beyond
   * the records is zeros; after a crash recovery cuts it off.
   */
  reserve(logBytes: number, indexBytes: number): void {
    this.handle().truncate(logBytes);
    this.isReserved = true;
    this.offsetIndex.file.reserve(indexBytes);
    this.timeIndex.file.reserve(indexBytes);
  }

  /** No more appends: the last time entry is written, the indexes go to the file, and what was reserved in vain is given back. */
  becomeInactive(): void {
    if (this.isReserved) this.cutFile(this.sizeBytes);
    this.timeIndex.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp);
    this.offsetIndex.file.trim();
    this.timeIndex.file.trim();
    this.offsetIndex.file.release();
    this.timeIndex.file.release();
  }

  /** What was written by an earlier process counts as not synced. */
  markUnsynced(): void {
    this.dirty = true;
  }

  async flush(): Promise<void> {
    if (this.dirty) {
      this.dirty = false;
      await this.handle().sync();
    }
    await this.offsetIndex.file.sync();
    await this.timeIndex.file.sync();
    await this.txnIndex.sync();
  }

  /** Lets go of the open files; the next use opens them again. */
  release(): void {
    this.offsetIndex.file.release();
    this.timeIndex.file.release();
    this.txnIndex.release();
    this.file?.close();
    this.file = null;
  }

  /** Renames all files to `.deleted`. @returns the names to remove later. */
  markDeleted(): string[] {
    return this.renameAll(DELETED_SUFFIX);
  }

  /** Renames all files so that they carry `suffix`; the segment must not be used afterwards. @returns the new paths. */
  renameAll(suffix: string): string[] {
    this.release();
    const renamed: string[] = [];
    for (const kind of [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX, LOG_SUFFIX]) {
      const from = this.path(kind);
      if (!this.runtime.files.exists(from)) continue;
      const to = `${this.folder}/${offsetFileName(this.baseOffset, kind)}${suffix}`;
      this.runtime.files.rename(from, to);
      renamed.push(to);
    }
    return renamed;
  }

  removeFiles(): void {
    this.release();
    for (const kind of [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX, LOG_SUFFIX])
      this.runtime.files.remove(this.path(kind));
  }
}
