import { FileError, type Runtime, type Timer } from '../../../runtime/runtime.ts';
import { cleanLog, CleaningAbandoned } from './clean-log.ts';
import type { PartitionLog } from '../partition-log.ts';

export interface LogCleanerOptions {
  /** Bound of the map of keys of one pass. */
  readonly dedupeBufferBytes: number;
  /** Pause when there is nothing to clean. */
  readonly backoffMs: number;
  logs(): Iterable<PartitionLog>;
  /** From the checkpoint; 0 when it has none. */
  firstDirtyOffset(log: PartitionLog): number;
  /** To the checkpoint. */
  cleaned(log: PartitionLog, firstDirtyOffset: number): void;
}

/** What could be cleaned in a log. */
export interface CleanableRange {
  readonly firstDirtyOffset: number;
  readonly upTo: number;
  /** Share of bytes that were never cleaned. */
  readonly dirtyRatio: number;
  /** Its oldest dirty record has waited longer than max.compaction.lag.ms. */
  readonly isOverdue: boolean;
}

/** Compacts the logs with cleanup.policy=compact, one at a time, the dirtiest first, in slices between other work. */
export class LogCleaner {
  private readonly runtime: Runtime;
  private readonly options: LogCleanerOptions;
  private timer: Timer | null = null;
  private current: PartitionLog | null = null;
  private isAbandoned = false;
  private isStopped = false;
  /** Logs that can't be cleaned because of what stands in them. */
  private readonly uncleanable = new Set<PartitionLog>();

  constructor(runtime: Runtime, options: LogCleanerOptions) {
    this.runtime = runtime;
    this.options = options;
  }

  start(): void {
    this.timer = this.runtime.clock.after(this.options.backoffMs, () => {
      this.cleanAll().then(
        () => {
          if (!this.isStopped) this.start();
        },
        (error: unknown) => this.runtime.log.error('The log cleaner stopped', { problem: String(error) }),
      );
    });
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /** The log is going away. */
  abandon(log: PartitionLog): void {
    if (this.current === log) this.isAbandoned = true;
    this.uncleanable.delete(log);
  }

  /** Cleans until nothing is dirty enough. */
  async cleanAll(): Promise<void> {
    while (!this.isStopped) {
      const log = this.dirtiest();
      if (log === null) return;
      await this.clean(log);
    }
  }

  private dirtiest(): PartitionLog | null {
    let best: PartitionLog | null = null;
    let bestRatio = -1;
    const now = this.runtime.clock.wallMs();
    for (const log of this.options.logs()) {
      if (!log.config.cleanupPolicy.includes('compact') || this.uncleanable.has(log)) continue;
      const range = cleanableRange(log, this.options.firstDirtyOffset(log), now);
      if (range === null) continue;
      const isDue = range.isOverdue || range.dirtyRatio > log.config.minCleanableDirtyRatio;
      if (isDue && range.dirtyRatio > bestRatio) {
        best = log;
        bestRatio = range.dirtyRatio;
      }
    }
    return best;
  }

  private async clean(log: PartitionLog): Promise<void> {
    const range = cleanableRange(log, this.options.firstDirtyOffset(log), this.runtime.clock.wallMs());
    if (range === null) return;
    this.current = log;
    this.isAbandoned = false;
    try {
      const firstDirtyOffset = await cleanLog(this.runtime, log, {
        ...range,
        keyMapBytes: this.options.dedupeBufferBytes,
        isAbandoned: () => this.isAbandoned || this.isStopped,
      });
      this.options.cleaned(log, firstDirtyOffset);
    } catch (error) {
      if (this.isAbandoned || this.isStopped) return;
      if (error instanceof FileError) log.storageFailed(error);
      // Whatever else it is would come again at once: the log is left alone until the broker starts anew.
      if (!(error instanceof CleaningAbandoned)) this.uncleanable.add(log);
      this.runtime.log.warn('A log could not be cleaned', { folder: log.folder, problem: String(error) });
      if (error instanceof CleaningAbandoned) await pause(this.runtime);
    } finally {
      this.current = null;
    }
  }
}

function pause(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => void runtime.clock.after(100, resolve));
}

/** null: nothing can be cleaned. */
export function cleanableRange(
  log: PartitionLog,
  checkpointed: number,
  nowMs: number,
): CleanableRange | null {
  const { all, active } = log.segmentList;
  const isValid = checkpointed >= log.logStartOffset && checkpointed <= log.logEndOffset;
  const firstDirtyOffset = isValid ? checkpointed : log.logStartOffset;
  const { minCompactionLagMs, maxCompactionLagMs } = log.config;
  let upTo = firstDirtyOffset;
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let isOverdue = false;
  for (const [i, segment] of all.entries()) {
    const end = all[i + 1]?.baseOffset ?? log.logEndOffset;
    if (end <= firstDirtyOffset) {
      cleanBytes += segment.sizeBytes;
      continue;
    }
    const isTooYoung = minCompactionLagMs > 0 && segment.largestTimestampMs > nowMs - minCompactionLagMs;
    if (segment === active || isTooYoung || end > log.lastStableOffset) break;
    upTo = end;
    dirtyBytes += segment.sizeBytes;
    if (segment.sizeBytes > 0 && nowMs - segment.oldestTimestampMs > maxCompactionLagMs) isOverdue = true;
  }
  if (upTo <= firstDirtyOffset || dirtyBytes === 0) return null;
  return { firstDirtyOffset, upTo, dirtyRatio: dirtyBytes / (cleanBytes + dirtyBytes), isOverdue };
}
