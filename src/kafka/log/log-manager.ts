import type { Runtime } from '../../runtime/runtime.ts';
import type { LogConfig } from './log-config.ts';
import type { TopicPartition } from './log-types.ts';
import type { PartitionLog } from './partition-log.ts';

export interface LogManagerOptions {
  /** `log.dirs` */
  readonly folders: readonly string[];
  /** -1: the id is to be generated or taken from meta.properties. */
  readonly brokerId: number;
  /** Configuration of a topic's logs: the broker's defaults under the topic's own settings. */
  topicConfig(topic: string): LogConfig;
  /** log.retention.check.interval.ms, default 300 000 */
  readonly retentionCheckIntervalMs?: number;
  /** log.flush.offset.checkpoint.interval.ms, default 60 000 */
  readonly flushOffsetCheckpointIntervalMs?: number;
  /** log.flush.start.offset.checkpoint.interval.ms, default 60 000 */
  readonly flushStartOffsetCheckpointIntervalMs?: number;
  /** replica.high.watermark.checkpoint.interval.ms, default 5 000 */
  readonly highWatermarkCheckpointIntervalMs?: number;
  /** log.flush.scheduler.interval.ms, default: never */
  readonly flushSchedulerIntervalMs?: number;
  /** transactional.id.expiration.ms in 2.3, default 7 days */
  readonly producerIdExpirationMs?: number;
  /** log.cleaner.enable, default true */
  readonly cleanerEnable?: boolean;
  /** log.cleaner.backoff.ms, default 15 000 */
  readonly cleanerBackoffMs?: number;
  /** log.cleaner.dedupe.buffer.size, default 128 MiB; bounds how many keys one pass can hold */
  readonly cleanerDedupeBufferBytes?: number;
  /** A log folder failed: its logs are gone from `get`; the broker tells the controller. */
  onFolderOffline?(folder: string, logs: readonly TopicPartition[]): void;
}

/** All logs of a broker. One for each server; owns the log folders (locks, checkpoints, retention, compaction, deletion). */
export declare class LogManager {
  /**
   * Locks the folders, checks meta.properties, opens and where necessary recovers every log.
   * Throws LogFolderError when a folder is locked, belongs to another broker, or none is usable.
   */
  static open(runtime: Runtime, options: LogManagerOptions): Promise<LogManager>;

  get(topic: string, partition: number): PartitionLog | undefined;
  /** Opens or makes the log, in `folder` or else in the folder with the fewest logs. Throws KAFKA_STORAGE_ERROR. */
  getOrCreate(topic: string, partition: number, options?: { folder?: string; isNew?: boolean }): PartitionLog;
  /** Takes the log away at once (its folder is renamed); the files go after file.delete.delay.ms. */
  delete(topic: string, partition: number): void;
  logs(): readonly PartitionLog[];
  /** The high watermark that the checkpoint had when the log was opened; 0 when it had none. */
  checkpointedHighWatermark(topic: string, partition: number): number;
  /** After a topic's configuration changed. */
  updateTopicConfig(topic: string): void;
  /** The usable folders. */
  readonly liveFolders: readonly string[];
  readonly offlineFolders: readonly string[];
  /** broker.id of meta.properties; -1 when there is none yet. */
  readonly storedBrokerId: number;
  /** cluster.id of meta.properties, if any. */
  readonly storedClusterId: string | null;
  /** Writes meta.properties where it is missing. */
  writeMetaProperties(brokerId: number, clusterId: string | null): void;

  /** Starts the timers: checkpoints, retention, compaction, expiry. */
  start(): void;
  checkpointHighWatermarks(): void;
  /** Closes all logs and leaves the clean-shutdown marker. */
  stop(): Promise<void>;
}
