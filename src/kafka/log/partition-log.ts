import type { Runtime } from '../../runtime/runtime.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { LogAppender } from './append/log-appender.ts';
import { NEVER, type LogConfig } from './log-config.ts';
import { truncateFullyAndStartAt, truncateTo } from './log-cut.ts';
import { openLogParts, type LogParts } from './log-parts.ts';
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
import { findAborted, findByTimestamp, findMaxTimestamp } from './read/lookups.ts';
import type { PartitionLogOptions } from './partition-log-options.ts';
import type { ProducerState } from './producers/producer-state.ts';
import { deletableSegments } from './segment/retention.ts';
import type { SegmentList } from './segment/segment-list.ts';
import type { LogSegment } from './segment/segment.ts';

/**
 * The log of one partition: segments on disk, leader epochs, producer state, and where they begin and end. Offsets are numbers.
 * Failures are KafkaErrors (`KAFKA_STORAGE_ERROR` when a file can't be read or written).
 */
export class PartitionLog {
  readonly topicPartition: TopicPartition;
  readonly folder: string;
  private readonly parts: LogParts;
  private readonly appender: LogAppender;

  /** Opens the log in `folder`, which is made when it isn't there, and recovers it where it wasn't closed cleanly. */
  static open(
    runtime: Runtime,
    folder: string,
    config: LogConfig,
    options: PartitionLogOptions,
  ): PartitionLog {
    return new PartitionLog(openLogParts(runtime, folder, config, options));
  }

  private constructor(parts: LogParts) {
    this.folder = parts.folder;
    this.topicPartition = parts.options.topicPartition;
    this.parts = parts;
    this.appender = new LogAppender(parts);
  }

  get config(): LogConfig {
    return this.parts.config;
  }

  updateConfig(config: LogConfig): void {
    this.parts.config = config;
    this.parts.active.updateConfig(config);
    if (config.messageMagic < 2) this.parts.epochs.clear();
  }

  get logStartOffset(): number {
    return this.parts.offsets.start;
  }

  get logEndOffset(): number {
    return this.parts.offsets.end;
  }

  /** Kept within [logStartOffset, logEndOffset]. */
  get highWatermark(): number {
    return this.parts.offsets.highWatermark;
  }

  set highWatermark(offset: number) {
    const { offsets, producers } = this.parts;
    offsets.highWatermark = offset;
    producers.onHighWatermark(offsets.highWatermark);
  }

  /** First offset of an undecided transaction, at most the high watermark. */
  get lastStableOffset(): number {
    return this.parts.offsets.lastStable(this.parts.producers.firstUnstableOffset);
  }

  /** Whether what is appended stays in memory for a while: where somebody follows. Elsewhere it would only burden the collector. */
  get keepTail(): boolean {
    return this.appender.keepTail;
  }

  set keepTail(keep: boolean) {
    this.appender.keepTail = keep;
  }

  /** Everything below is on the disk. */
  get recoveryPoint(): number {
    return this.parts.disk.recoveryPoint;
  }

  get sizeBytes(): number {
    return this.parts.segments.sizeBytes;
  }

  /** Base offset of the first segment: the log start offset is checkpointed only where it is above. */
  get firstSegmentOffset(): number {
    return this.parts.segments.first.baseOffset;
  }

  /** What the producers of this log wrote last. */
  get producerState(): ProducerState {
    return this.parts.producers;
  }

  /** For the cleaner, which replaces them. */
  get segmentList(): SegmentList {
    return this.parts.segments;
  }

  /**
   * Checks records from a producer, gives them offsets (in place, in the caller's buffer, which belongs to the log from then on) and writes
   * them. Throws KafkaError: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP,
   * UNSUPPORTED_FOR_MESSAGE_FORMAT, UNSUPPORTED_COMPRESSION_TYPE, OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID,
   * INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR.
   */
  appendAsLeader(records: Buffer, options: LeaderAppendOptions): AppendInfo {
    return this.appender.appendAsLeader(records, options);
  }

  /**
   * Writes what a leader sent, as it is. An unfinished batch at the end is left out, and so is what is here already.
   * Throws KafkaError: CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR.
   */
  appendAsFollower(records: Buffer): AppendInfo {
    return this.appender.appendAsFollower(records);
  }

  /**
   * Batches from the one that holds `fromOffset` on, up to `upTo` (exclusive) and about `maxBytes`.
   * `minOneBatch`: the first batch is given even when it is larger. Throws OFFSET_OUT_OF_RANGE outside [logStartOffset, logEndOffset].
   */
  read(fromOffset: number, maxBytes: number, upTo: number, minOneBatch: boolean): ReadResult {
    this.parts.guard.requireOpen();
    if (fromOffset < this.logStartOffset || fromOffset > this.logEndOffset)
      throw new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${fromOffset} isn't in the log, which has ${this.logStartOffset} to ${this.logEndOffset}`,
      );
    const limit = Math.min(upTo, this.logEndOffset);
    if (fromOffset >= limit) return { records: [], sizeBytes: 0, nextOffset: fromOffset, memory: null };
    return (
      this.parts.tail.read(fromOffset, maxBytes, limit, minOneBatch) ??
      this.parts.guard.run(() =>
        this.parts.reader.read(fromOffset, maxBytes, limit, this.logEndOffset, minOneBatch),
      )
    );
  }

  /** What is in memory below this offset isn't needed any more. */
  trimTail(offset: number): void {
    this.parts.tail.trim(offset);
  }

  /** The transactions that a read_committed consumer must leave out of [fromOffset, upTo). */
  abortedTransactions(fromOffset: number, upTo: number): AbortedTransaction[] {
    return this.parts.guard.run(() => findAborted(this.parts.segments, fromOffset, upTo));
  }

  /** The first record with this timestamp or a later one, below `upTo`. Throws UNSUPPORTED_FOR_MESSAGE_FORMAT for format 0. */
  fetchOffsetByTimestamp(timestampMs: number, upTo: number): OffsetAndTimestamp | null {
    this.parts.guard.requireOpen();
    if (this.config.messageMagic === 0)
      throw new KafkaError(
        ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        'messages of format 0 have no timestamps',
      );
    return this.parts.guard.run(() =>
      findByTimestamp(this.parts.segments, timestampMs, this.logStartOffset, upTo),
    );
  }

  /** The record with the largest timestamp (ListOffsets -3). */
  fetchOffsetOfMaxTimestamp(): OffsetAndTimestamp | null {
    this.parts.guard.requireOpen();
    return this.parts.guard.run(() => findMaxTimestamp(this.parts.segments, this.logStartOffset));
  }

  /** -1: no epoch is known (old message format). */
  get latestEpoch(): number {
    return this.parts.epochs.latestEpoch;
  }

  get epochEntries(): readonly EpochEntry[] {
    return this.parts.epochs.entries;
  }

  assignEpochStart(epoch: number, offset: number): void {
    if (this.config.messageMagic === 2) this.parts.epochs.assign(epoch, offset);
  }

  endOffsetForEpoch(epoch: number): EpochEndOffset {
    return this.parts.epochs.endOffsetFor(epoch, this.logEndOffset);
  }

  /** Cuts the log so that it ends at `offset`, or before it where a batch goes across. @returns whether anything was cut. */
  truncateTo(offset: number): boolean {
    return truncateTo(this.parts, offset);
  }

  /** Drops everything; the log is empty at `offset`. */
  truncateFullyAndStartAt(offset: number): void {
    truncateFullyAndStartAt(this.parts, offset);
  }

  /** @returns whether it moved. Throws OFFSET_OUT_OF_RANGE above the log end offset. */
  incrementLogStartOffset(offset: number): boolean {
    if (offset > this.logEndOffset)
      throw new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `the log ends at ${this.logEndOffset}, it can't start at ${offset}`,
      );
    if (offset <= this.logStartOffset) return false;
    this.parts.offsets.raiseStart(offset);
    this.parts.epochs.truncateFromStart(offset);
    this.parts.producers.truncateFromStart(offset);
    return true;
  }

  /** Retention by time, size and log start offset. @returns how many segments went. */
  deleteOldSegments(): number {
    if (this.parts.guard.isClosed) return 0;
    return this.parts.guard.run(() => {
      const doomed = deletableSegments({
        segments: this.parts.segments,
        config: this.config,
        nowMs: this.parts.runtime.clock.wallMs(),
        logStartOffset: this.logStartOffset,
        logEndOffset: this.logEndOffset,
        highWatermark: this.highWatermark,
      });
      if (doomed.length === 0) return 0;
      if (doomed.length === this.parts.segments.all.length) this.parts.active.roll(this.logEndOffset);
      this.deleteSegments(doomed);
      this.incrementLogStartOffset(Math.max(this.logStartOffset, this.parts.segments.first.baseOffset));
      return doomed.length;
    });
  }

  /** Takes segments out of the log; their files are renamed now and removed later, for those who still read them. */
  deleteSegments(doomed: readonly LogSegment[]): void {
    const paths: string[] = [];
    for (const segment of doomed) {
      this.parts.segments.remove(segment);
      paths.push(...segment.markDeleted());
    }
    this.parts.reader.forget();
    this.parts.snapshots.removeBelow(this.parts.segments.first.baseOffset);
    this.parts.removed.removeLater(paths, this.config.fileDeleteDelayMs);
  }

  /** Puts a cleaned segment, which `makeCleaned` opens once the names are free, in the place of those that it was made from. */
  replaceSegments(originals: readonly LogSegment[], makeCleaned: () => LogSegment): void {
    const paths: string[] = [];
    for (const segment of originals) {
      this.parts.segments.remove(segment);
      paths.push(...segment.markDeleted());
    }
    this.parts.segments.add(makeCleaned());
    this.parts.reader.forget();
    this.parts.tail.clear();
    this.parts.removed.removeLater(paths, this.config.fileDeleteDelayMs);
  }

  /** Milliseconds since the last flush; for flush.ms. */
  get unflushedMs(): number {
    return this.parts.disk.unflushedMs;
  }

  /** Resolves when all that was appended before the call is on the disk. */
  flush(): Promise<void> {
    return this.parts.disk.flush();
  }

  /** Forgets producers that were silent for so long. */
  expireProducers(expirationMs: number): void {
    this.parts.producers.expire(this.parts.runtime.clock.wallMs() - Math.min(expirationMs, NEVER));
  }

  /** Syncs, writes what the next start wants to find, closes the files. */
  async close(): Promise<void> {
    if (this.parts.guard.isClosed) return;
    this.parts.guard.run(() => {
      this.parts.producers.mapEndOffset = this.logEndOffset;
      this.parts.snapshots.take(this.parts.producers);
      this.parts.segments.active.becomeInactive();
    });
    await this.parts.disk.finish();
    this.release();
  }

  /** Closes the files at once, as they are: the log is to be deleted, or its folder failed. */
  release(): void {
    if (this.parts.guard.isClosed) return;
    this.parts.guard.isClosed = true;
    this.parts.disk.stop();
    this.parts.tail.clear();
    this.parts.removed.stop();
    for (const segment of this.parts.segments.all) {
      try {
        segment.release();
      } catch (error) {
        this.parts.runtime.log.debug('A file of a log could not be closed', { problem: String(error) });
      }
    }
  }

  /** The cleaner couldn't read or write this log's files. */
  storageFailed(error: Error): void {
    this.parts.guard.failed(error);
  }
}
