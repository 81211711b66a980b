import { FileError, type Runtime } from '../../runtime/runtime.ts';
import { SpareBuffers } from '../../wire/spare-buffers.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import {
  baseOffset,
  forEachBatch,
  isControl,
  magic,
  partitionLeaderEpoch,
  producerId,
} from '../records/batch.ts';
import { readMarker } from '../records/control-record.ts';
import { RecordsError } from '../records/records-error.ts';
import { EpochFile } from './epoch-file.ts';
import { splitForFollower } from './follower-append.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import { prepareForLeader, type PreparedRecords } from './leader-append.ts';
import { loadLog, loadProducers } from './load-log.ts';
import { NEVER, type LogConfig } from './log-config.ts';
import { LogFlush } from './log-flush.ts';
import { findAborted, findByTimestamp, findMaxTimestamp } from './lookups.ts';
import { LogTail, TailBudget } from './log-tail.ts';
import type {
  AbortedTransaction,
  AppendInfo,
  EpochEndOffset,
  EpochEntry,
  LeaderAppendOptions,
  OffsetAndTimestamp,
  ReadResult,
  TopicPartition,
} from './log-types.ts';
import { checkProducers } from './producer-check.ts';
import type { ProducerBatch, ProducerState } from './producer-state.ts';
import { RemovedFiles } from './removed-files.ts';
import { deletableSegments } from './retention.ts';
import { mustRoll } from './rolling.ts';
import { SegmentList } from './segment-list.ts';
import { SegmentReader } from './segment-reader.ts';
import { LogSegment, type SegmentAppend } from './segment.ts';
import type { ProducerSnapshots } from './snapshots.ts';

export interface PartitionLogOptions {
  readonly topicPartition: TopicPartition;
  /** The log was closed cleanly, so nothing needs to be read again. */
  readonly clean: boolean;
  /** Everything below was synced (from the checkpoint). */
  readonly recoveryPoint: number;
  /** From the checkpoint; 0 when it has none. */
  readonly logStartOffset: number;
  /** Memory for recent appends, shared by the logs of a broker. Default: 1 MiB for this log alone. */
  readonly tailBudget?: TailBudget;
  /** Memory for what is read from files, shared by the logs of a broker. Default: none is kept. */
  readonly readBuffers?: SpareBuffers;
  /** A truncation went below the recovery point: the checkpoint must not promise more than there is. */
  onRecoveryPointLowered?(): void;
  /** A file operation failed: the folder of this log is no longer to be trusted. */
  onStorageFailure(error: Error): void;
}

/** Cheapest bound that never matters: one log's own memory for recent appends where no shared budget is given. */
const OWN_TAIL_BYTES = 1024 * 1024;
/** Segments that aren't appended to, but whose files are kept open for readers. */
const OPEN_INACTIVE_SEGMENTS = 4;
const LARGEST_INT32 = 0x7fff_ffff;

/**
 * The log of one partition: segments on disk, leader epochs, producer state, and where they begin and end. Offsets are numbers.
 * Failures are KafkaErrors (`KAFKA_STORAGE_ERROR` when a file can't be read or written).
 */
export class PartitionLog {
  readonly topicPartition: TopicPartition;
  readonly folder: string;
  private readonly runtime: Runtime;
  private readonly options: PartitionLogOptions;
  private currentConfig: LogConfig;
  private readonly segments: SegmentList;
  private readonly reader: SegmentReader;
  private readonly epochs: LeaderEpochCache;
  private readonly producers: ProducerState;
  private readonly snapshots: ProducerSnapshots;
  private readonly tail: LogTail;
  /** Whether what is appended stays in memory for a while: where somebody follows. Elsewhere it would only burden the collector. */
  keepTail = true;
  private start: number;
  private end: number;
  private committed = 0;
  private jitterMs: number;
  private isClosed = false;
  private readonly disk: LogFlush;
  private readonly removed: RemovedFiles;

  /** Opens the log in `folder`, which is made when it isn't there, and recovers it where it wasn't closed cleanly. */
  static open(
    runtime: Runtime,
    folder: string,
    config: LogConfig,
    options: PartitionLogOptions,
  ): PartitionLog {
    return new PartitionLog(runtime, folder, config, options);
  }

  private constructor(runtime: Runtime, folder: string, config: LogConfig, options: PartitionLogOptions) {
    this.runtime = runtime;
    this.folder = folder;
    this.topicPartition = options.topicPartition;
    this.options = options;
    this.currentConfig = config;
    this.jitterMs = this.newJitter();
    const isNewFolder = !runtime.files.exists(folder);
    runtime.files.makeFolder(folder);
    const epochFile = new EpochFile(runtime.files, folder, config.messageMagic === 2);
    this.epochs = epochFile.epochs;
    const loaded = loadLog(runtime, folder, config, this.epochs, options);
    this.segments = loaded.segments;
    this.producers = loaded.producers;
    this.snapshots = loaded.snapshots;
    this.end = loaded.logEndOffset;
    this.start = Math.max(options.logStartOffset, this.segments.first.baseOffset);
    this.epochs.truncateFromEnd(this.end);
    this.epochs.truncateFromStart(this.start);
    if (config.messageMagic < 2) this.epochs.clear();
    this.committed = this.start;
    this.tail = new LogTail(options.tailBudget ?? new TailBudget(4 * OWN_TAIL_BYTES));
    this.reader = new SegmentReader(this.segments, options.readBuffers ?? new SpareBuffers(0));
    this.disk = new LogFlush(
      runtime,
      {
        folder,
        isNewFolder,
        segments: this.segments,
        snapshots: this.snapshots,
        epochFile,
        logEndOffset: () => this.end,
        fail: (error) => this.fail(error),
      },
      Math.min(options.clean ? this.end : options.recoveryPoint, this.end),
    );
    this.removed = new RemovedFiles(runtime, (error) => void this.fail(error));
    for (const segment of this.segments.all) segment.release();
  }

  get config(): LogConfig {
    return this.currentConfig;
  }

  updateConfig(config: LogConfig): void {
    this.currentConfig = config;
    this.jitterMs = this.newJitter();
    if (config.messageMagic < 2) this.epochs.clear();
  }

  get logStartOffset(): number {
    return this.start;
  }

  get logEndOffset(): number {
    return this.end;
  }

  /** Kept within [logStartOffset, logEndOffset]. */
  get highWatermark(): number {
    return this.committed;
  }

  set highWatermark(offset: number) {
    this.committed = Math.min(Math.max(offset, this.start), this.end);
    this.producers.onHighWatermark(this.committed);
  }

  /** First offset of an undecided transaction, at most the high watermark. */
  get lastStableOffset(): number {
    const unstable = this.producers.firstUnstableOffset;
    return unstable < 0 ? this.committed : Math.min(Math.max(unstable, this.start), this.committed);
  }

  /** Everything below is on the disk. */
  get recoveryPoint(): number {
    return this.disk.recoveryPoint;
  }

  get sizeBytes(): number {
    return this.segments.sizeBytes;
  }

  /** Base offset of the first segment: the log start offset is checkpointed only where it is above. */
  get firstSegmentOffset(): number {
    return this.segments.first.baseOffset;
  }

  /** What the producers of this log wrote last. */
  get producerState(): ProducerState {
    return this.producers;
  }

  /** For the cleaner, which replaces them. */
  get segmentList(): SegmentList {
    return this.segments;
  }

  /**
   * Checks records from a producer, gives them offsets (in place, in the caller's buffer, which belongs to the log from then on) and writes
   * them. Throws KafkaError: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP,
   * UNSUPPORTED_FOR_MESSAGE_FORMAT, UNSUPPORTED_COMPRESSION_TYPE, OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID,
   * INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR.
   */
  appendAsLeader(records: Buffer, options: LeaderAppendOptions): AppendInfo {
    this.requireOpen();
    const nowMs = this.runtime.clock.wallMs();
    const prepared = prepareForLeader(
      {
        codecs: this.runtime.codecs,
        digests: this.runtime.digests,
        config: this.currentConfig,
        nextOffset: this.end,
        nowMs,
      },
      records,
      options,
    );
    if (prepared.hasProducer) {
      const duplicate = checkProducers(this.runtime.codecs, this.producers, prepared.records, options.origin);
      if (duplicate !== null) return this.duplicateInfo(duplicate);
    }
    if (prepared.records.length > 0) this.guard(() => this.write(prepared, this.end, nowMs));
    return this.appendInfo(prepared);
  }

  private duplicateInfo(before: ProducerBatch): AppendInfo {
    const hasAppendTime = this.currentConfig.messageTimestampType === 'LogAppendTime';
    return {
      firstOffset: before.lastOffset - before.offsetDelta,
      lastOffset: before.lastOffset,
      logAppendTimeMs: hasAppendTime ? before.timestampMs : -1,
      logStartOffset: this.start,
      duplicate: true,
      sizeBytes: 0,
    };
  }

  private appendInfo(prepared: PreparedRecords): AppendInfo {
    const isEmpty = prepared.lastOffset < prepared.firstOffset;
    return {
      firstOffset: isEmpty ? -1 : prepared.firstOffset,
      lastOffset: isEmpty ? -1 : prepared.lastOffset,
      logAppendTimeMs: prepared.logAppendTimeMs,
      logStartOffset: this.start,
      duplicate: false,
      sizeBytes: prepared.records.length,
    };
  }

  /**
   * Writes what a leader sent, as it is. An unfinished batch at the end is left out, and so is what is here already.
   * Throws KafkaError: CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR.
   */
  appendAsFollower(records: Buffer): AppendInfo {
    this.requireOpen();
    const firstEnd = this.end;
    let written = 0;
    splitForFollower(this.runtime.digests, records, this.end, this.currentConfig.segmentBytes, (chunk) => {
      this.guard(() => this.write(chunk, chunk.firstOffset, -1));
      written += chunk.records.length;
    });
    return {
      firstOffset: written === 0 ? -1 : firstEnd,
      lastOffset: written === 0 ? -1 : this.end - 1,
      logAppendTimeMs: -1,
      logStartOffset: this.start,
      duplicate: false,
      sizeBytes: written,
    };
  }

  /** `nowMs`: -1 for a follower. */
  private write(prepared: PreparedRecords, firstOffset: number, nowMs: number): void {
    const { records, lastOffset: last } = prepared;
    const info: SegmentAppend = {
      sizeBytes: records.length,
      lastOffset: last,
      maxTimestamp: prepared.maxTimestamp,
      offsetOfMaxTimestamp: prepared.offsetOfMaxTimestamp,
    };
    const segment = this.segmentFor(info, firstOffset);
    segment.append(records, info, this.currentConfig.indexIntervalBytes);
    this.end = last + 1;
    if (nowMs >= 0 && this.keepTail) this.tail.add(records, firstOffset, last);
    else this.tail.clear();
    this.takeIn(records, segment, prepared.hasProducer);
    if (this.end - this.disk.recoveryPoint >= this.currentConfig.flushMessages) this.disk.flushInBackground();
  }

  private takeIn(records: Buffer, segment: LogSegment, hasProducer: boolean): void {
    forEachBatch(records, 0, records.length, (at, size) => {
      const epoch = partitionLeaderEpoch(records, at);
      if (magic(records, at) < 2) this.epochs.clear();
      else if (epoch >= 0 && epoch !== this.epochs.latestEpoch)
        this.epochs.assign(epoch, baseOffset(records, at));
      if (!hasProducer || producerId(records, at) < 0) return;
      const marker = isControl(records, at) ? readMarker(this.runtime.codecs, records, at, size) : null;
      const completed = this.producers.update(records, at, marker);
      if (completed?.aborted === true) segment.txnIndex.append(completed);
    });
    this.producers.mapEndOffset = this.end;
  }

  /** The active segment, or a new one when the append wouldn't fit its size, age, index or offsets. */
  private segmentFor(info: SegmentAppend, firstOffset: number): LogSegment {
    const config = this.currentConfig;
    const active = this.segments.active;
    const now = this.runtime.clock.wallMs();
    if (!mustRoll(active, info, config, now, this.jitterMs)) return active;
    return this.roll(Math.max(firstOffset, this.end, info.lastOffset - LARGEST_INT32 + 1));
  }

  private roll(newBase: number): LogSegment {
    const active = this.segments.active;
    active.becomeInactive();
    if (active.sizeBytes === 0) {
      // Nothing in it: another one takes its place.
      this.segments.remove(active);
      active.removeFiles();
    }
    this.producers.mapEndOffset = this.end;
    this.snapshots.take(this.producers);
    const segment = new LogSegment(this.runtime, this.folder, newBase);
    this.segments.add(segment);
    this.jitterMs = this.newJitter();
    const open = this.segments.all.filter((other) => other !== segment && other.isOpen);
    for (const other of open.slice(0, -OPEN_INACTIVE_SEGMENTS)) other.release();
    this.disk.flushInBackground();
    return segment;
  }

  private newJitter(): number {
    const limit = Math.min(this.currentConfig.segmentJitterMs, this.currentConfig.segmentMs);
    return limit > 0 ? Math.floor(this.runtime.random.float() * limit) : 0;
  }

  /**
   * Batches from the one that holds `fromOffset` on, up to `upTo` (exclusive) and about `maxBytes`.
   * `minOneBatch`: the first batch is given even when it is larger. Throws OFFSET_OUT_OF_RANGE outside [logStartOffset, logEndOffset].
   */
  read(fromOffset: number, maxBytes: number, upTo: number, minOneBatch: boolean): ReadResult {
    this.requireOpen();
    if (fromOffset < this.start || fromOffset > this.end)
      throw new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${fromOffset} isn't in the log, which has ${this.start} to ${this.end}`,
      );
    const limit = Math.min(upTo, this.end);
    if (fromOffset >= limit) return { records: [], sizeBytes: 0, nextOffset: fromOffset, memory: null };
    return (
      this.tail.read(fromOffset, maxBytes, limit, minOneBatch) ??
      this.guard(() => this.reader.read(fromOffset, maxBytes, limit, this.end, minOneBatch))
    );
  }

  /** What is in memory below this offset isn't needed any more. */
  trimTail(offset: number): void {
    this.tail.trim(offset);
  }

  /** The transactions that a read_committed consumer must leave out of [fromOffset, upTo). */
  abortedTransactions(fromOffset: number, upTo: number): AbortedTransaction[] {
    return this.guard(() => findAborted(this.segments, fromOffset, upTo));
  }

  /** The first record with this timestamp or a later one, below `upTo`. Throws UNSUPPORTED_FOR_MESSAGE_FORMAT for format 0. */
  fetchOffsetByTimestamp(timestampMs: number, upTo: number): OffsetAndTimestamp | null {
    this.requireOpen();
    if (this.currentConfig.messageMagic === 0)
      throw new KafkaError(
        ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        'messages of format 0 have no timestamps',
      );
    return this.guard(() => findByTimestamp(this.segments, timestampMs, this.start, upTo));
  }

  /** The record with the largest timestamp (ListOffsets -3). */
  fetchOffsetOfMaxTimestamp(): OffsetAndTimestamp | null {
    this.requireOpen();
    return this.guard(() => findMaxTimestamp(this.segments, this.start));
  }

  /** -1: no epoch is known (old message format). */
  get latestEpoch(): number {
    return this.epochs.latestEpoch;
  }

  get epochEntries(): readonly EpochEntry[] {
    return this.epochs.entries;
  }

  assignEpochStart(epoch: number, offset: number): void {
    if (this.currentConfig.messageMagic === 2) this.epochs.assign(epoch, offset);
  }

  endOffsetForEpoch(epoch: number): EpochEndOffset {
    return this.epochs.endOffsetFor(epoch, this.end);
  }

  /** Cuts the log so that it ends at `offset`, or before it where a batch goes across. @returns whether anything was cut. */
  truncateTo(offset: number): boolean {
    this.requireOpen();
    if (offset >= this.end) return false;
    if (offset < this.segments.first.baseOffset) {
      this.truncateFullyAndStartAt(offset);
      return true;
    }
    this.guard(() => {
      for (const segment of [...this.segments.all].reverse()) {
        if (segment.baseOffset <= offset) break;
        this.segments.remove(segment);
        segment.removeFiles();
      }
      this.end = this.segments.active.truncateTo(offset);
      this.afterCut();
      this.epochs.truncateFromEnd(this.end);
      this.snapshots.removeAbove(this.end);
      loadProducers(this.runtime, this.segments, this.producers, this.snapshots, this.end, false);
    });
    return true;
  }

  /** Drops everything; the log is empty at `offset`. */
  truncateFullyAndStartAt(offset: number): void {
    this.requireOpen();
    this.guard(() => {
      for (const segment of this.segments.all) {
        this.segments.remove(segment);
        segment.removeFiles();
      }
      this.segments.add(new LogSegment(this.runtime, this.folder, offset));
      this.end = offset;
      this.start = offset;
      this.afterCut();
      this.committed = offset;
      this.epochs.clear();
      this.snapshots.removeAbove(-1);
      this.producers.clear();
      this.producers.mapEndOffset = offset;
    });
  }

  private afterCut(): void {
    if (this.disk.recoveryPoint > this.end)
      this.runtime.clock.soon(() => this.options.onRecoveryPointLowered?.());
    this.tail.clear();
    this.reader.forget();
    this.start = Math.min(this.start, this.end);
    this.committed = Math.min(this.committed, this.end);
    this.disk.lowerTo(this.end);
  }

  /** @returns whether it moved. Throws OFFSET_OUT_OF_RANGE above the log end offset. */
  incrementLogStartOffset(offset: number): boolean {
    if (offset > this.end)
      throw new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `the log ends at ${this.end}, it can't start at ${offset}`,
      );
    if (offset <= this.start) return false;
    this.start = offset;
    this.committed = Math.max(this.committed, offset);
    this.epochs.truncateFromStart(offset);
    this.producers.truncateFromStart(offset);
    return true;
  }

  /** Retention by time, size and log start offset. @returns how many segments went. */
  deleteOldSegments(): number {
    if (this.isClosed) return 0;
    return this.guard(() => {
      const doomed = deletableSegments({
        segments: this.segments,
        config: this.currentConfig,
        nowMs: this.runtime.clock.wallMs(),
        logStartOffset: this.start,
        logEndOffset: this.end,
        highWatermark: this.committed,
      });
      if (doomed.length === 0) return 0;
      if (doomed.length === this.segments.all.length) this.roll(this.end);
      this.deleteSegments(doomed);
      this.incrementLogStartOffset(Math.max(this.start, this.segments.first.baseOffset));
      return doomed.length;
    });
  }

  /** Takes segments out of the log; their files are renamed now and removed later, for those who still read them. */
  deleteSegments(doomed: readonly LogSegment[]): void {
    const paths: string[] = [];
    for (const segment of doomed) {
      this.segments.remove(segment);
      paths.push(...segment.markDeleted());
    }
    this.reader.forget();
    this.snapshots.removeBelow(this.segments.first.baseOffset);
    this.removed.removeLater(paths, this.currentConfig.fileDeleteDelayMs);
  }

  /** Puts a cleaned segment, which `makeCleaned` opens once the names are free, in the place of those that it was made from. */
  replaceSegments(originals: readonly LogSegment[], makeCleaned: () => LogSegment): void {
    const paths: string[] = [];
    for (const segment of originals) {
      this.segments.remove(segment);
      paths.push(...segment.markDeleted());
    }
    this.segments.add(makeCleaned());
    this.reader.forget();
    this.tail.clear();
    this.removed.removeLater(paths, this.currentConfig.fileDeleteDelayMs);
  }

  /** Milliseconds since the last flush; for flush.ms. */
  get unflushedMs(): number {
    return this.disk.unflushedMs;
  }

  /** Resolves when all that was appended before the call is on the disk. */
  flush(): Promise<void> {
    return this.disk.flush();
  }

  /** Forgets producers that were silent for so long. */
  expireProducers(expirationMs: number): void {
    this.producers.expire(this.runtime.clock.wallMs() - Math.min(expirationMs, NEVER));
  }

  /** Syncs, writes what the next start wants to find, closes the files. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.guard(() => {
      this.producers.mapEndOffset = this.end;
      this.snapshots.take(this.producers);
      this.segments.active.becomeInactive();
    });
    await this.disk.finish();
    this.release();
  }

  /** Closes the files at once, as they are: the log is to be deleted, or its folder failed. */
  release(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.disk.stop();
    this.tail.clear();
    this.removed.stop();
    for (const segment of this.segments.all) {
      try {
        segment.release();
      } catch (error) {
        this.runtime.log.debug('A file of a log could not be closed', { problem: String(error) });
      }
    }
  }

  private requireOpen(): void {
    if (this.isClosed)
      throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, `the log in ${this.folder} is closed`);
  }

  /** Runs something that touches files; a failure puts the folder out of service. */
  private guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof FileError) throw this.fail(error);
      if (error instanceof RecordsError) throw new KafkaError(ErrorCode.CORRUPT_MESSAGE, error.message);
      throw error;
    }
  }

  /** The cleaner couldn't read or write this log's files. */
  storageFailed(error: Error): void {
    this.fail(error);
  }

  private fail(error: unknown): KafkaError {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (!this.isClosed) this.options.onStorageFailure(cause);
    return new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, cause.message);
  }
}
