import { FileError, type Runtime, type Timer } from '../../runtime/runtime.ts';
import { SpareBuffers } from '../../wire/spare-buffers.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { checkpointKey } from './folder/checkpoint-text.ts';
import { LogCleaner } from './cleaner/cleaner.ts';
import type { LogConfig } from './log-config.ts';
import { LogFolder } from './folder/log-folder.ts';
import { LogFolderError } from './folder/log-folder-error.ts';
import { TailBudget } from './read/log-tail.ts';
import type { TopicPartition } from './log-types.ts';
import type { PartitionLog } from './partition-log.ts';

export interface LogManagerOptions {
  /** `log.dirs` */
  readonly folders: readonly string[];
  /** `broker.id`; -1: to be taken from meta.properties, or generated. */
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

const PRODUCER_EXPIRY_CHECK_MS = 600_000;
const RECENT_APPENDS_BYTES = 8 * 1024 * 1024;
const READ_BUFFERS_BYTES = 8 * 1024 * 1024;
/** Timers beyond this never run: "never" in Kafka's configuration is a huge number. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** All logs of a broker. One for each server; owns the log folders (locks, checkpoints, retention, compaction, deletion). */
export class LogManager {
  private readonly runtime: Runtime;
  private readonly options: LogManagerOptions;
  private folders: readonly LogFolder[] = [];
  private readonly failedFolders: string[] = [];
  private readonly byKey = new Map<string, PartitionLog>();
  private readonly timers = new Set<Timer>();
  private readonly cleaner: LogCleaner;
  /** What `ReadResult.memory` is given back to. */
  readonly readBuffers = new SpareBuffers(READ_BUFFERS_BYTES);
  private isStopping = false;

  /**
   * Locks the folders, checks meta.properties, opens and where necessary recovers every log.
   * Throws LogFolderError when a folder is locked, belongs to another broker, or none is usable.
   */
  static async open(runtime: Runtime, options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(runtime, options);
    try {
      await manager.openFolders();
    } catch (error) {
      for (const folder of manager.folders) folder.unlock();
      throw error;
    }
    return manager;
  }

  private constructor(runtime: Runtime, options: LogManagerOptions) {
    this.runtime = runtime;
    this.options = options;
    this.cleaner = new LogCleaner(runtime, {
      dedupeBufferBytes: options.cleanerDedupeBufferBytes ?? 134_217_728,
      backoffMs: options.cleanerBackoffMs ?? 15_000,
      logs: () => this.byKey.values(),
      firstDirtyOffset: (log) =>
        this.folderOf(log)?.cleanerOffsets.get(checkpointKey(log.topicPartition)) ?? 0,
      cleaned: (log, firstDirtyOffset) => {
        const folder = this.folderOf(log);
        folder?.cleanerOffsets.set(checkpointKey(log.topicPartition), firstDirtyOffset);
        folder?.checkpointCleaner();
      },
    });
  }

  private async openFolders(): Promise<void> {
    const tailBudget = new TailBudget(RECENT_APPENDS_BYTES);
    for (const path of this.options.folders) {
      try {
        const folder = LogFolder.open(this.runtime, path, {
          brokerId: this.options.brokerId,
          tailBudget,
          readBuffers: this.readBuffers,
          onFailure: (failed, error) => this.folderFailed(failed, error),
        });
        this.folders = [...this.folders, folder];
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.runtime.log.error('A log folder can not be used', { path, problem: error.message });
        this.failedFolders.push(path);
      }
    }
    if (this.folders.length === 0)
      throw new LogFolderError(`none of the log folders can be used: ${this.options.folders.join(', ')}`);
    const ids = new Set(this.folders.map((folder) => folder.brokerId).filter((id) => id >= 0));
    if (ids.size > 1)
      throw new LogFolderError(
        `the log folders belong to different brokers (${[...ids].join(', ')}); give each broker its own log.dirs`,
      );
    for (const folder of this.folders) {
      await this.runtime.files.syncFolder(folder.path); // the clean-shutdown marker must not come back
      for (const topicPartition of folder.found) {
        const config = this.options.topicConfig(topicPartition.topic);
        try {
          this.byKey.set(checkpointKey(topicPartition), folder.openLog(topicPartition, config));
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          this.folderFailed(folder, error);
          break;
        }
        if (!folder.wasClean) await nextTurn(this.runtime); // recovery may take long; others go on meanwhile
      }
    }
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.byKey.get(`${topic} ${partition}`);
  }

  /**
   * Opens or makes the log, in `folder` or else in the folder with the fewest logs. `isNew: false`: it was there before, so while a folder is
   * offline it may be in that one and isn't made anew. Throws KAFKA_STORAGE_ERROR.
   */
  getOrCreate(
    topic: string,
    partition: number,
    options?: { folder?: string | undefined; isNew?: boolean | undefined },
  ): PartitionLog {
    const existing = this.get(topic, partition);
    if (existing !== undefined) return existing;
    if (options?.isNew === false && this.failedFolders.length > 0)
      throw new KafkaError(
        ErrorCode.KAFKA_STORAGE_ERROR,
        `${topic}-${partition} may be in a folder that is offline`,
      );
    const topicPartition = { topic, partition };
    const folder = this.chooseFolder(options?.folder);
    if (folder === undefined)
      throw new KafkaError(
        ErrorCode.KAFKA_STORAGE_ERROR,
        `there is no log folder left for ${topic}-${partition}`,
      );
    try {
      const log = folder.openLog(topicPartition, this.options.topicConfig(topic));
      this.byKey.set(checkpointKey(topicPartition), log);
      return log;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.folderFailed(folder, error);
      throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, error.message);
    }
  }

  private chooseFolder(wanted: string | undefined): LogFolder | undefined {
    if (wanted !== undefined) return this.folders.find((folder) => folder.path === wanted);
    let best: LogFolder | undefined;
    for (const folder of this.folders)
      if (best === undefined || folder.logs.size < best.logs.size) best = folder;
    return best;
  }

  private folderOf(log: PartitionLog): LogFolder | undefined {
    return this.folders.find((folder) => folder.logs.has(log));
  }

  /** Takes the log away at once (its folder is renamed); the files go after file.delete.delay.ms. */
  delete(topic: string, partition: number): void {
    const log = this.get(topic, partition);
    if (log === undefined) return;
    const folder = this.folderOf(log);
    this.byKey.delete(checkpointKey(log.topicPartition));
    this.cleaner.abandon(log);
    if (folder === undefined) return;
    try {
      const remove = folder.deleteLog(log);
      this.after(log.config.fileDeleteDelayMs, remove);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.folderFailed(folder, error);
    }
  }

  logs(): readonly PartitionLog[] {
    return [...this.byKey.values()];
  }

  /** The high watermark that the checkpoint has for this log; 0 when it has none. */
  checkpointedHighWatermark(topic: string, partition: number): number {
    const log = this.get(topic, partition);
    const folder = log === undefined ? undefined : this.folderOf(log);
    return folder?.highWatermarks.get(`${topic} ${partition}`) ?? 0;
  }

  /** After a topic's configuration changed. */
  updateTopicConfig(topic: string): void {
    const config = this.options.topicConfig(topic);
    for (const log of this.byKey.values()) if (log.topicPartition.topic === topic) log.updateConfig(config);
  }

  /** The usable folders. */
  get liveFolders(): readonly string[] {
    return this.folders.map((folder) => folder.path);
  }

  get offlineFolders(): readonly string[] {
    return this.failedFolders;
  }

  /** broker.id of meta.properties; -1 when there is none yet. */
  get storedBrokerId(): number {
    return this.folders.find((folder) => folder.brokerId >= 0)?.brokerId ?? -1;
  }

  /** cluster.id of meta.properties, if any. */
  get storedClusterId(): string | null {
    return this.folders.find((folder) => folder.clusterId !== null)?.clusterId ?? null;
  }

  /** Writes meta.properties where it is missing. */
  writeMetaProperties(brokerId: number, clusterId: string | null): void {
    for (const folder of this.folders) folder.writeMetaProperties(brokerId, clusterId);
  }

  /** Starts the timers: checkpoints, retention, compaction, expiry. */
  start(): void {
    const o = this.options;
    this.every(o.retentionCheckIntervalMs ?? 300_000, () => this.deleteOldSegments());
    this.every(o.highWatermarkCheckpointIntervalMs ?? 5_000, () => this.checkpointHighWatermarks());
    this.every(o.flushOffsetCheckpointIntervalMs ?? 60_000, () =>
      this.eachFolder((f) => f.checkpointRecoveryPoints()),
    );
    this.every(o.flushStartOffsetCheckpointIntervalMs ?? 60_000, () =>
      this.eachFolder((f) => f.checkpointLogStarts()),
    );
    this.every(o.flushSchedulerIntervalMs ?? LONGEST_TIMER_MS, () => this.flushOld());
    this.every(PRODUCER_EXPIRY_CHECK_MS, () => {
      for (const log of this.byKey.values()) log.expireProducers(o.producerIdExpirationMs ?? 604_800_000);
    });
    if (o.cleanerEnable !== false) this.cleaner.start();
  }

  private deleteOldSegments(): void {
    for (const log of this.byKey.values()) {
      try {
        log.deleteOldSegments();
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error; // the folder's failure was told by the log
      }
    }
  }

  private flushOld(): void {
    for (const log of this.byKey.values())
      if (log.unflushedMs >= log.config.flushMs) log.flush().catch(() => undefined);
  }

  checkpointHighWatermarks(): void {
    this.eachFolder((folder) => folder.checkpointHighWatermarks());
  }

  private eachFolder(run: (folder: LogFolder) => void): void {
    for (const folder of this.folders) run(folder);
  }

  private every(intervalMs: number, run: () => void): void {
    if (intervalMs >= LONGEST_TIMER_MS) return;
    const again = (): void => {
      run();
      this.after(intervalMs, again);
    };
    this.after(intervalMs, again);
  }

  private after(delayMs: number, run: () => void): void {
    if (this.isStopping) return;
    const timer = this.runtime.clock.after(Math.min(delayMs, LONGEST_TIMER_MS), () => {
      this.timers.delete(timer);
      run();
    });
    this.timers.add(timer);
  }

  private folderFailed(folder: LogFolder, error: Error): void {
    if (!this.folders.includes(folder)) return;
    this.folders = this.folders.filter((other) => other !== folder);
    this.failedFolders.push(folder.path);
    this.runtime.log.error('A log folder failed and is out of service', {
      path: folder.path,
      problem: error.message,
    });
    const lost: TopicPartition[] = [];
    for (const log of folder.logs) {
      lost.push(log.topicPartition);
      this.byKey.delete(checkpointKey(log.topicPartition));
      this.cleaner.abandon(log);
      log.release();
    }
    folder.unlock();
    this.options.onFolderOffline?.(folder.path, lost);
  }

  /** Closes all logs and leaves the clean-shutdown marker. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.cleaner.stop();
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
    for (const folder of this.folders) {
      try {
        await folder.close();
      } catch (error) {
        this.runtime.log.error('A log folder could not be closed cleanly', {
          path: folder.path,
          problem: String(error),
        });
      }
      folder.unlock();
    }
    this.byKey.clear();
  }
}

function nextTurn(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => void runtime.clock.after(0, resolve));
}
