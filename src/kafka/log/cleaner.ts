import type { Runtime, Timer } from '../../runtime/runtime.ts';
import type { PartitionLog } from './partition-log.ts';

export interface LogCleanerOptions {
  readonly dedupeBufferBytes: number;
  readonly backoffMs: number;
  logs(): Iterable<PartitionLog>;
  /** From the checkpoint. */
  firstDirtyOffset(log: PartitionLog): number;
  cleaned(log: PartitionLog, firstDirtyOffset: number): void;
}

/** Compacts logs with cleanup.policy=compact, in slices. */
export class LogCleaner {
  private readonly runtime: Runtime;
  private readonly options: LogCleanerOptions;
  private timer: Timer | null = null;

  constructor(runtime: Runtime, options: LogCleanerOptions) {
    this.runtime = runtime;
    this.options = options;
  }

  start(): void {
    this.timer = this.runtime.clock.after(this.options.backoffMs, () => this.start());
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** The log is going away. */
  abandon(_log: PartitionLog): void {
    this.timer = this.timer ?? null;
  }
}
