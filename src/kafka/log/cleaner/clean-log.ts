/**
 * One pass of compaction over a log (KIP-58, KIP-98, KIP-534): of each key only the last record stays,
 * tombstones and markers go some time after they were first cleaned, aborted data goes.
 */
import type { File, Runtime } from '../../../runtime/runtime.ts';
import type { Int64 } from '../../../wire/int64.ts';
import {
  baseOffset,
  baseSequence,
  compression,
  exactBaseTimestamp,
  exactMaxTimestamp,
  hasDeleteHorizon,
  hasLogAppendTime,
  isControl,
  isTransactional,
  lastOffset,
  magic,
  maxTimestamp,
  partitionLeaderEpoch,
  producerEpoch,
  producerId,
} from '../../records/batch.ts';
import { buildBatch, type BatchOptions } from '../../records/build-batch.ts';
import { readMarker, type ControlRecord } from '../../records/control-record.ts';
import { readRecords } from '../../records/read-records.ts';
import type { LogRecord } from '../../records/record.ts';
import { BatchScan } from '../segment/batch-scan.ts';
import { CLEANED_SUFFIX, SWAP_SUFFIX } from '../folder/file-names.ts';
import type { PartitionLog } from '../partition-log.ts';
import { LogSegment } from '../segment/segment.ts';
import { TransactionFilter } from './transaction-filter.ts';

/** Read before others get their turn. */
const SLICE_BYTES = 1024 * 1024;
/** What an entry of the key map costs beside the key's own characters, roughly. */
const MAP_ENTRY_BYTES = 96;

export interface CleanOptions {
  /** First offset that wasn't cleaned before. */
  readonly firstDirtyOffset: number;
  /** Up to here it may be cleaned: the base offset of a segment. */
  readonly upTo: number;
  readonly keyMapBytes: number;
  /** The log is going away, or the broker stops. */
  isAbandoned(): boolean;
}

/** Something changed under the cleaner: it tries again later. */
export class CleaningAbandoned extends Error {
  constructor() {
    super('the log changed while it was cleaned');
    this.name = 'CleaningAbandoned';
  }
}

/** @returns the new first dirty offset. Throws CleaningAbandoned, RecordsError, FileError. */
export async function cleanLog(runtime: Runtime, log: PartitionLog, options: CleanOptions): Promise<number> {
  return new CleanPass(runtime, log, options).run();
}

class CleanPass {
  private readonly runtime: Runtime;
  private readonly log: PartitionLog;
  private readonly options: CleanOptions;
  /** Key → offset of its last record. */
  private readonly latest = new Map<string, number>();
  /** Records from here on are not in the map. */
  private mapEnd: number;
  private sliceBytes = 0;
  private readonly nowMs: number;
  private transactions = new TransactionFilter([]);

  constructor(runtime: Runtime, log: PartitionLog, options: CleanOptions) {
    this.runtime = runtime;
    this.log = log;
    this.options = options;
    this.mapEnd = options.firstDirtyOffset;
    this.nowMs = runtime.clock.wallMs();
  }

  async run(): Promise<number> {
    await this.buildMap();
    if (this.mapEnd === this.options.firstDirtyOffset) return this.mapEnd;
    const toClean = this.log.segmentList.all.filter((segment) => segment.baseOffset < this.mapEnd);
    this.transactions = this.newFilter(this.log.logStartOffset);
    for (const group of this.groups(toClean)) await this.cleanGroup(group);
    return this.mapEnd;
  }

  private newFilter(from: number): TransactionFilter {
    return new TransactionFilter(this.log.abortedTransactions(from, this.options.upTo));
  }

  /** Ends the slice when enough was read; after that the log may have changed. */
  private async pace(bytes: number): Promise<void> {
    this.sliceBytes += bytes;
    if (this.sliceBytes < SLICE_BYTES) return;
    this.sliceBytes = 0;
    await new Promise<void>((resolve) => void this.runtime.clock.after(0, resolve));
    if (this.options.isAbandoned()) throw new CleaningAbandoned();
  }

  private markerOf(scan: BatchScan): ControlRecord | null {
    const { buffer, at, size } = scan;
    return readMarker(this.runtime.codecs, buffer, at, size);
  }

  private async buildMap(): Promise<void> {
    const { firstDirtyOffset, upTo } = this.options;
    const filter = this.newFilter(firstDirtyOffset);
    let bytes = 0;
    for (const segment of this.dirtySegments()) {
      const file = this.openToRead(segment);
      try {
        const scan = new BatchScan(file, 0, segment.sizeBytes, 'whole');
        while (scan.next()) {
          await this.pace(scan.size);
          const { buffer, at, size } = scan;
          const last = lastOffset(buffer, at);
          if (last < firstDirtyOffset) continue;
          if (filter.fate(buffer, at, this.markerOf(scan)) === 'data')
            for (const record of readRecords(this.runtime.codecs, buffer, at, size)) {
              if (record.key === null || record.offset < firstDirtyOffset) continue;
              const key = record.key.toString('latin1');
              if (!this.latest.has(key)) bytes += MAP_ENTRY_BYTES + key.length;
              this.latest.set(key, Number(record.offset));
            }
          this.mapEnd = last + 1;
          if (bytes > this.options.keyMapBytes) return;
        }
      } finally {
        file.close();
      }
    }
    this.mapEnd = upTo;
  }

  private dirtySegments(): LogSegment[] {
    const { segmentList } = this.log;
    const from = Math.max(segmentList.floorIndex(this.options.firstDirtyOffset), 0);
    return segmentList.all.slice(from).filter((segment) => segment.baseOffset < this.options.upTo);
  }

  /** A handle of our own: the log may close or rename the segment meanwhile. */
  private openToRead(segment: LogSegment): File {
    return this.runtime.files.open(segment.logPath, 'read');
  }

  /** Neighbours that fit in one segment together. */
  private groups(segments: readonly LogSegment[]): LogSegment[][] {
    const { segmentBytes, segmentIndexBytes } = this.log.config;
    const groups: LogSegment[][] = [];
    let group: LogSegment[] = [];
    let logBytes = 0;
    let indexBytes = 0;
    let timeBytes = 0;
    segments.forEach((segment, i) => {
      const end = segments[i + 1]?.baseOffset ?? this.mapEnd;
      const first = group[0] ?? segment;
      logBytes += segment.sizeBytes;
      indexBytes += segment.offsetIndex.file.sizeBytes;
      timeBytes += segment.timeIndex.file.sizeBytes;
      const fits =
        logBytes <= segmentBytes &&
        indexBytes <= segmentIndexBytes &&
        timeBytes <= segmentIndexBytes &&
        first.canHold(end);
      if (group.length > 0 && !fits) {
        groups.push(group);
        group = [];
        logBytes = segment.sizeBytes;
        indexBytes = segment.offsetIndex.file.sizeBytes;
        timeBytes = segment.timeIndex.file.sizeBytes;
      }
      group.push(segment);
    });
    if (group.length > 0) groups.push(group);
    return groups;
  }

  private async cleanGroup(group: readonly LogSegment[]): Promise<void> {
    const { runtime, log } = this;
    const sizes = group.map((segment) => segment.sizeBytes);
    const base = group[0]!.baseOffset;
    const cleaned = new LogSegment(runtime, log.folder, base, CLEANED_SUFFIX);
    try {
      for (const segment of group) await this.copySegment(segment, cleaned);
      cleaned.becomeInactive();
      await cleaned.flush();
    } catch (error) {
      cleaned.removeFiles();
      throw error;
    }
    const all = log.segmentList.all;
    const unchanged = group.every(
      (segment, i) =>
        all.includes(segment) && segment.sizeBytes === sizes[i] && segment !== log.segmentList.active,
    );
    if (this.options.isAbandoned() || !unchanged) {
      cleaned.removeFiles();
      throw new CleaningAbandoned();
    }
    cleaned.renameAll(SWAP_SUFFIX);
    log.replaceSegments(group, () => {
      const swap = new LogSegment(runtime, log.folder, base, SWAP_SUFFIX);
      swap.renameAll('');
      return new LogSegment(runtime, log.folder, base);
    });
  }

  private async copySegment(source: LogSegment, target: LogSegment): Promise<void> {
    const file = this.openToRead(source);
    try {
      const scan = new BatchScan(file, 0, source.sizeBytes, 'whole');
      while (scan.next()) {
        await this.pace(scan.size);
        if (lastOffset(scan.buffer, scan.at) < this.log.logStartOffset) continue;
        const kept = this.keep(scan);
        if (kept !== null) this.append(target, kept, lastOffset(scan.buffer, scan.at));
      }
      for (const entry of source.txnIndex.entries)
        if (entry.lastOffset >= this.log.logStartOffset) target.txnIndex.append(entry);
    } finally {
      file.close();
    }
  }

  private append(target: LogSegment, records: Buffer, last: number): void {
    const timestamp = maxTimestamp(records, 0);
    target.append(
      records,
      { sizeBytes: records.length, lastOffset: last, maxTimestamp: timestamp, offsetOfMaxTimestamp: last },
      this.log.config.indexIntervalBytes,
    );
  }

  /** What stays of a batch; null: nothing. */
  private keep(scan: BatchScan): Buffer | null {
    const { buffer, at, size } = scan;
    const fate = this.transactions.fate(buffer, at, this.markerOf(scan));
    if (baseOffset(buffer, at) >= this.mapEnd) return buffer.subarray(at, at + size);
    const horizon = hasDeleteHorizon(buffer, at) ? exactBaseTimestamp(buffer, at) : -1;
    const isPast = horizon >= 0 && horizon <= this.nowMs;
    if (fate === 'marker with data') return buffer.subarray(at, at + size);
    if (fate === 'marker without data') {
      if (horizon < 0) return this.rebuild(scan, this.recordsOf(scan), this.newHorizon());
      return isPast ? this.emptyIfNeeded(scan) : buffer.subarray(at, at + size);
    }
    if (fate === 'aborted data') return this.emptyIfNeeded(scan);
    const records = this.recordsOf(scan);
    const kept = records.filter((record) => this.isWanted(record, isPast, scan));
    if (kept.length === 0) return this.emptyIfNeeded(scan);
    const needsHorizon =
      horizon < 0 && magic(buffer, at) === 2 && kept.some((record) => record.value === null);
    if (kept.length === records.length && !needsHorizon) return buffer.subarray(at, at + size);
    return this.rebuild(scan, kept, horizon >= 0 ? horizon : needsHorizon ? this.newHorizon() : -1);
  }

  private recordsOf(scan: BatchScan): LogRecord[] {
    return readRecords(this.runtime.codecs, scan.buffer, scan.at, scan.size);
  }

  private newHorizon(): number {
    return this.nowMs + this.log.config.deleteRetentionMs;
  }

  private isWanted(record: LogRecord, horizonIsPast: boolean, scan: BatchScan): boolean {
    if (record.offset >= this.mapEnd) return true;
    if (record.key === null) return false;
    const latest = this.latest.get(record.key.toString('latin1'));
    if (latest !== undefined && record.offset < latest) return false;
    if (record.value !== null) return true;
    if (magic(scan.buffer, scan.at) === 2) return !horizonIsPast;
    // Old formats have no place for a horizon: age by the message's own time.
    return Number(record.timestamp) > this.nowMs - this.log.config.deleteRetentionMs;
  }

  /** A batch without records stays while it says what a living producer wrote last. */
  private emptyIfNeeded(scan: BatchScan): Buffer | null {
    const { buffer, at } = scan;
    const producer = this.log.producerState.producers.get(producerId(buffer, at));
    if (producer === undefined) return null;
    const last = producer.batches[producer.batches.length - 1];
    const isLast =
      last === undefined
        ? isControl(buffer, at) && producer.epoch === producerEpoch(buffer, at)
        : last.lastOffset === lastOffset(buffer, at);
    return isLast ? this.rebuild(scan, [], -1) : null;
  }

  private rebuild(scan: BatchScan, records: readonly LogRecord[], horizonMs: Int64): Buffer {
    const { buffer, at } = scan;
    const isV2 = magic(buffer, at) === 2;
    const options: BatchOptions = {
      magic: magic(buffer, at),
      compression: records.length === 0 ? 'none' : compression(buffer, at),
      ...(hasLogAppendTime(buffer, at) ? { logAppendTimeMs: exactMaxTimestamp(buffer, at) } : {}),
      ...(isV2
        ? {
            baseOffset: baseOffset(buffer, at),
            lastOffset: lastOffset(buffer, at),
            partitionLeaderEpoch: partitionLeaderEpoch(buffer, at),
            producerId: producerId(buffer, at),
            producerEpoch: producerEpoch(buffer, at),
            baseSequence: baseSequence(buffer, at),
            transactional: isTransactional(buffer, at),
            control: isControl(buffer, at),
            ...(horizonMs >= 0 ? { deleteHorizonMs: horizonMs } : {}),
            ...(records.length === 0 ? { maxTimestamp: exactMaxTimestamp(buffer, at) } : {}),
          }
        : {}),
    };
    return buildBatch(this.runtime.codecs, this.runtime.digests, records, options);
  }
}
