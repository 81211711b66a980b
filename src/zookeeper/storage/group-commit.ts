import type { Clock } from '../../runtime/runtime.ts';

/** Group commit: all that is appended in a turn, or while the disk works, gets to the disk by one sync. */
export class GroupCommit {
  private readonly sync: () => Promise<void>;
  private readonly clock: Clock;
  private readonly done: (zxid: number) => void;
  private readonly failed: (error: unknown) => void;
  private last = 0;
  private isWanted = false;
  private isScheduled = false;
  private isRunning = false;

  /** `sync` takes all that was appended before it is called; `done` is told up to where. */
  constructor(
    sync: () => Promise<void>,
    clock: Clock,
    done: (zxid: number) => void,
    failed: (error: unknown) => void,
  ) {
    this.sync = sync;
    this.clock = clock;
    this.done = done;
    this.failed = failed;
  }

  /** Something was appended that ends with `zxid`. */
  want(zxid: number): void {
    this.last = zxid;
    this.isWanted = true;
    if (this.isRunning || this.isScheduled) return;
    this.isScheduled = true;
    this.clock.soon(() => {
      this.isScheduled = false;
      this.run();
    });
  }

  private run(): void {
    if (!this.isWanted || this.isRunning) return;
    this.isWanted = false;
    this.isRunning = true;
    const upTo = this.last;
    this.sync().then(
      () => {
        this.isRunning = false;
        // First the next one, so that the disk works while the answers are made.
        this.run();
        this.done(upTo);
      },
      (error: unknown) => this.failed(error),
    );
  }
}
