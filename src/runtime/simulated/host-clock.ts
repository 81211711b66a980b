import type { Clock, Timer } from '../runtime.ts';

/** The world's time as one machine has it: its wall clock may be wrong, and while its process stands still nothing of it happens. */
export class HostClock implements Clock {
  wallOffsetMs = 0;
  /** Till then the process stands still. */
  awakeAtMs = 0;
  private readonly world: Clock;

  constructor(world: Clock) {
    this.world = world;
  }

  wallMs(): number {
    return this.world.wallMs() + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.world.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    const fire = (): void => {
      const asleepMs = this.awakeAtMs - this.world.monotonicMs();
      if (asleepMs <= 0) run();
      else timer = this.world.after(asleepMs, fire);
    };
    let timer = this.world.after(delayMs, fire);
    return { cancel: () => timer.cancel() };
  }

  soon(run: () => void): void {
    this.after(0, run);
  }
}
