import type { Runtime } from '../../runtime/runtime.ts';
import type { LogConfig } from './log-config.ts';
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

export interface PartitionLogOptions {
  readonly topicPartition: TopicPartition;
  /** The log was closed cleanly, so nothing needs to be read again. */
  readonly clean: boolean;
  /** Everything below was synced (from the checkpoint). */
  readonly recoveryPoint: number;
  /** From the checkpoint; 0 when it has none. */
  readonly logStartOffset: number;
  /** Producers that were silent for so long are forgotten. */
  readonly producerIdExpirationMs: number;
  /** A file operation failed: the folder of this log is no longer to be trusted. */
  onStorageFailure(error: Error): void;
}

/**
 * The log of one partition: segments on disk, leader epochs, producer state, and where they begin and end. Offsets are numbers.
 * Failures are KafkaErrors (`KAFKA_STORAGE_ERROR` when a file can't be read or written).
 */
export declare class PartitionLog {
  static open(
    runtime: Runtime,
    folder: string,
    config: LogConfig,
    options: PartitionLogOptions,
  ): PartitionLog;

  readonly topicPartition: TopicPartition;
  readonly folder: string;
  readonly config: LogConfig;
  updateConfig(config: LogConfig): void;

  readonly logStartOffset: number;
  readonly logEndOffset: number;
  /** Set by the partition: never above the log end offset, never below the log start offset. */
  highWatermark: number;
  /** First offset of an undecided transaction, at most the high watermark. */
  readonly lastStableOffset: number;
  readonly recoveryPoint: number;
  readonly sizeBytes: number;

  /**
   * Checks records from a producer, gives them offsets (in place, in the caller's buffer) and writes them.
   * Throws KafkaError: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP, UNSUPPORTED_FOR_MESSAGE_FORMAT,
   * UNSUPPORTED_COMPRESSION_TYPE, OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
   * TRANSACTION_COORDINATOR_FENCED, KAFKA_STORAGE_ERROR.
   */
  appendAsLeader(records: Buffer, options: LeaderAppendOptions): AppendInfo;
  /** Writes what a leader sent, as it is. An unfinished batch at the end is left out. */
  appendAsFollower(records: Buffer): AppendInfo;

  /**
   * Batches from the one that holds `fromOffset` on, up to `upTo` (exclusive) and about `maxBytes`.
   * `minOneBatch`: the first batch is given even when it is larger. Throws OFFSET_OUT_OF_RANGE outside [logStartOffset, logEndOffset].
   */
  read(fromOffset: number, maxBytes: number, upTo: number, minOneBatch: boolean): ReadResult;
  /** The transactions that a read_committed consumer must leave out of [fromOffset, upTo). */
  abortedTransactions(fromOffset: number, upTo: number): AbortedTransaction[];

  /** The first record with this timestamp or a later one, below `upTo`. */
  fetchOffsetByTimestamp(timestampMs: number, upTo: number): OffsetAndTimestamp | null;
  /** The record with the largest timestamp (ListOffsets -3). */
  fetchOffsetOfMaxTimestamp(): OffsetAndTimestamp | null;

  /** -1: no epoch is known (old message format). */
  readonly latestEpoch: number;
  readonly epochEntries: readonly EpochEntry[];
  assignEpochStart(epoch: number, offset: number): void;
  endOffsetForEpoch(epoch: number): EpochEndOffset;

  /** @returns whether anything was cut. */
  truncateTo(offset: number): boolean;
  /** Drops everything; the log is empty at `offset`. */
  truncateFullyAndStartAt(offset: number): void;
  /** @returns whether it moved. Throws OFFSET_OUT_OF_RANGE above the high watermark. */
  incrementLogStartOffset(offset: number): boolean;
  /** Retention by time, size and log start offset. @returns how many segments went. */
  deleteOldSegments(): number;

  /** Resolves when all that was appended before the call is on the disk. */
  flush(): Promise<void>;
  /** Syncs, writes what the next start wants to find, closes the files. */
  close(): Promise<void>;
}
