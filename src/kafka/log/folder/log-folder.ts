import { FileError, type FileLock, type Runtime } from '../../../runtime/runtime.ts';
import type { SpareBuffers } from '../../../wire/spare-buffers.ts';
import { AtomicFile } from './atomic-file.ts';
import {
  CheckpointError,
  checkpointKey,
  formatOffsetCheckpoint,
  parseOffsetCheckpoint,
  type OffsetCheckpoint,
} from './checkpoint-text.ts';
import {
  classifyLogFolder,
  CLEAN_SHUTDOWN_FILE,
  CLEANER_OFFSET_FILE,
  deletedFolderName,
  HIGH_WATERMARK_FILE,
  LOCK_FILE,
  LOG_START_FILE,
  logFolderName,
  META_PROPERTIES_FILE,
  RECOVERY_POINT_FILE,
} from './file-names.ts';
import type { LogConfig } from '../log-config.ts';
import { LogFolderError } from './log-folder-error.ts';
import type { TailBudget } from '../read/log-tail.ts';
import type { TopicPartition } from '../log-types.ts';
import { formatMetaProperties, parseMetaProperties } from './meta-properties.ts';
import { PartitionLog } from '../partition-log.ts';

export interface LogFolderOptions {
  readonly brokerId: number;
  readonly tailBudget: TailBudget;
  readonly readBuffers: SpareBuffers;
  onFailure(folder: LogFolder, error: Error): void;
}

/** One entry of `log.dirs`: its lock, its checkpoints, and the logs in it. */
export class LogFolder {
  readonly path: string;
  /** The logs that were found, to be opened. */
  readonly found: readonly TopicPartition[];
  readonly logs = new Set<PartitionLog>();
  /** The broker was stopped in order the last time. */
  readonly wasClean: boolean;
  readonly highWatermarks: OffsetCheckpoint;
  /** First offset that wasn't cleaned yet, of compacted logs. */
  readonly cleanerOffsets: OffsetCheckpoint;
  private readonly runtime: Runtime;
  private readonly options: LogFolderOptions;
  private readonly lock: FileLock;
  private readonly recoveryPoints: OffsetCheckpoint;
  private readonly logStarts: OffsetCheckpoint;
  private readonly files: Readonly<
    Record<'recoveryPoints' | 'highWatermarks' | 'logStarts' | 'cleaner' | 'meta', AtomicFile>
  >;
  private ownBrokerId: number;
  private ownClusterId: string | null;

  /** Throws a LogFolderError when the folder is locked or another broker's, a FileError when it can't be used. */
  static open(runtime: Runtime, path: string, options: LogFolderOptions): LogFolder {
    runtime.files.makeFolder(path);
    const lock = runtime.files.lock(`${path}/${LOCK_FILE}`);
    if (lock === null)
      throw new LogFolderError(
        `another broker uses the log folder ${path}; give each broker its own log.dirs`,
      );
    try {
      return new LogFolder(runtime, path, options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(runtime: Runtime, path: string, options: LogFolderOptions, lock: FileLock) {
    this.runtime = runtime;
    this.path = path;
    this.options = options;
    this.lock = lock;
    const file = (name: string): AtomicFile => new AtomicFile(runtime.files, path, name);
    this.files = {
      recoveryPoints: file(RECOVERY_POINT_FILE),
      highWatermarks: file(HIGH_WATERMARK_FILE),
      logStarts: file(LOG_START_FILE),
      cleaner: file(CLEANER_OFFSET_FILE),
      meta: file(META_PROPERTIES_FILE),
    };
    const meta = parseMetaProperties(this.files.meta.read() ?? '');
    this.ownBrokerId = meta.brokerId;
    this.ownClusterId = meta.clusterId;
    if (options.brokerId >= 0 && meta.brokerId >= 0 && options.brokerId !== meta.brokerId)
      throw new LogFolderError(
        `${this.files.meta.path} says that this folder belongs to broker ${meta.brokerId}, but broker.id is ${options.brokerId}; ` +
          `set broker.id=${meta.brokerId}, or another log.dirs`,
      );
    const marker = `${path}/${CLEAN_SHUTDOWN_FILE}`;
    this.wasClean = runtime.files.exists(marker);
    this.recoveryPoints = this.readCheckpoint(this.files.recoveryPoints, 'lenient');
    this.logStarts = this.readCheckpoint(this.files.logStarts, 'lenient');
    this.highWatermarks = this.readCheckpoint(this.files.highWatermarks, 'strict');
    this.cleanerOffsets = this.readCheckpoint(this.files.cleaner, 'lenient');
    this.found = this.findLogs();
    runtime.files.remove(marker);
  }

  /** -1: not known yet. */
  get brokerId(): number {
    return this.ownBrokerId;
  }

  get clusterId(): string | null {
    return this.ownClusterId;
  }

  private readCheckpoint(file: AtomicFile, mode: 'strict' | 'lenient'): OffsetCheckpoint {
    try {
      return parseOffsetCheckpoint(file.read() ?? '');
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      if (mode === 'strict') throw new LogFolderError(`${file.path} is damaged: ${error.message}`);
      this.runtime.log.warn('A checkpoint is damaged and counts as empty', {
        path: file.path,
        problem: error.message,
      });
      return new Map();
    }
  }

  private findLogs(): TopicPartition[] {
    const found: TopicPartition[] = [];
    for (const name of this.runtime.files.list(this.path)) {
      const path = `${this.path}/${name}`;
      const kind = classifyLogFolder(name);
      if (kind.kind === 'other' || !this.runtime.files.stat(path).isFolder) continue;
      if (kind.kind === 'log') found.push(kind.topicPartition);
      // Deleted ones have waited long enough; a copy that was to move here begins anew when somebody asks again.
      else this.runtime.files.remove(path);
    }
    return found;
  }

  openLog(topicPartition: TopicPartition, config: LogConfig): PartitionLog {
    const key = checkpointKey(topicPartition);
    const path = `${this.path}/${logFolderName(topicPartition)}`;
    const isNew = !this.runtime.files.exists(path);
    const log = PartitionLog.open(this.runtime, path, config, {
      topicPartition,
      clean: isNew || this.wasClean,
      recoveryPoint: isNew ? 0 : (this.recoveryPoints.get(key) ?? 0),
      logStartOffset: isNew ? 0 : (this.logStarts.get(key) ?? 0),
      tailBudget: this.options.tailBudget,
      readBuffers: this.options.readBuffers,
      onRecoveryPointLowered: () => void this.checkpointRecoveryPoints(),
      onStorageFailure: (error) => this.fail(error),
    });
    if (isNew) this.highWatermarks.delete(key);
    log.highWatermark = this.highWatermarks.get(key) ?? 0;
    this.logs.add(log);
    return log;
  }

  /** Renames the log's folder. @returns what removes it for good. */
  deleteLog(log: PartitionLog): () => void {
    log.release();
    this.logs.delete(log);
    const key = checkpointKey(log.topicPartition);
    for (const checkpoint of [this.recoveryPoints, this.logStarts, this.highWatermarks, this.cleanerOffsets])
      checkpoint.delete(key);
    const path = `${this.path}/${deletedFolderName(log.topicPartition, this.runtime.random.bytes(16))}`;
    this.runtime.files.rename(log.folder, path);
    this.checkpointAll();
    return () => {
      try {
        this.runtime.files.remove(path);
      } catch (error) {
        this.fail(error);
      }
    };
  }

  private fail(error: unknown): void {
    this.options.onFailure(this, error instanceof Error ? error : new Error(String(error)));
  }

  private write(file: AtomicFile, text: string): Promise<void> {
    return file.write(text).catch((error: unknown) => this.fail(error));
  }

  checkpointHighWatermarks(): Promise<void> {
    for (const log of this.logs)
      this.highWatermarks.set(checkpointKey(log.topicPartition), log.highWatermark);
    return this.write(this.files.highWatermarks, formatOffsetCheckpoint(this.highWatermarks));
  }

  checkpointRecoveryPoints(): Promise<void> {
    this.recoveryPoints.clear();
    for (const log of this.logs)
      this.recoveryPoints.set(checkpointKey(log.topicPartition), log.recoveryPoint);
    return this.write(this.files.recoveryPoints, formatOffsetCheckpoint(this.recoveryPoints));
  }

  /** Only where records of the first segment are below it. */
  checkpointLogStarts(): Promise<void> {
    this.logStarts.clear();
    for (const log of this.logs)
      if (log.logStartOffset > log.firstSegmentOffset)
        this.logStarts.set(checkpointKey(log.topicPartition), log.logStartOffset);
    return this.write(this.files.logStarts, formatOffsetCheckpoint(this.logStarts));
  }

  checkpointCleaner(): Promise<void> {
    return this.write(this.files.cleaner, formatOffsetCheckpoint(this.cleanerOffsets));
  }

  private checkpointAll(): Promise<void[]> {
    return Promise.all([
      this.checkpointHighWatermarks(),
      this.checkpointRecoveryPoints(),
      this.checkpointLogStarts(),
      this.checkpointCleaner(),
    ]);
  }

  /** Only when there is none. */
  writeMetaProperties(brokerId: number, clusterId: string | null): void {
    if (this.ownBrokerId >= 0) return;
    this.ownBrokerId = brokerId;
    this.ownClusterId = clusterId;
    void this.write(
      this.files.meta,
      formatMetaProperties({ brokerId, clusterId }, this.runtime.clock.wallMs()),
    );
  }

  /** Closes the logs, writes the checkpoints, leaves the marker. */
  async close(): Promise<void> {
    await Promise.all([...this.logs].map((log) => log.close()));
    await this.checkpointAll();
    await this.files.meta.settled();
    const { files } = this.runtime;
    files.open(`${this.path}/${CLEAN_SHUTDOWN_FILE}`, 'write').close();
    await files.syncFolder(this.path);
    this.logs.clear();
  }

  unlock(): void {
    try {
      this.lock.release();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
  }
}
