import type { Clock } from '../../runtime/runtime.ts';

/** A sync costs as much CPU as some twenty appends: for so many turns it waits as long as each brings more. */
const MOST_TURNS = 4;

/** Group commit: all that is appended in a few busy turns, or while the disk works, gets to the disk by one sync. */
export class GroupCommit {
  private readonly sync: () => Promise<void>;
  private readonly clock: Clock;
  private readonly done: (zxid: number) => void;
  private readonly failed: (error: unknown) => void;
  private last = 0;
  private isWanted = false;
  private isScheduled = false;
  private isRunning = false;
  private cameMore = false;
  private turns = 0;

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
    this.cameMore = true;
    if (!this.isRunning && !this.isScheduled) this.schedule();
  }

  private schedule(): void {
    this.isScheduled = true;
    this.turns = 0;
    this.clock.soon(this.endTurn);
  }

  private readonly endTurn = (): void => {
    this.turns += 1;
    if (this.cameMore && this.turns < MOST_TURNS) {
      this.cameMore = false;
      this.clock.soon(this.endTurn);
    } else {
      this.isScheduled = false;
      this.run();
    }
  };

  private run(): void {
    this.isWanted = false;
    this.isRunning = true;
    const upTo = this.last;
    this.sync().then(
      () => {
        this.isRunning = false;
        // First the next one, so that the disk works while the answers are made.
        if (this.isWanted) this.schedule();
        this.done(upTo);
      },
      (error: unknown) => this.failed(error),
    );
  }
}
