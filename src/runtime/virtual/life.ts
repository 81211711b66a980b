import type { Clock, Timer } from '../runtime.ts';

/** What ends with the process that it belongs to. */
export interface Mortal {
  /** The process was killed: let go of everything, call nobody of that process. */
  die(): void;
}

/** One run of a process on a host, from its start until it is killed. Afterwards nothing of it happens any more. */
export class Life {
  alive = true;
  /** The machine is off: nobody answers for the process, not even with a reset. */
  silent = false;
  private readonly mortals = new Set<Mortal>();

  add(mortal: Mortal): void {
    this.mortals.add(mortal);
  }

  remove(mortal: Mortal): void {
    this.mortals.delete(mortal);
  }

  end(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const mortal of this.mortals) mortal.die();
    this.mortals.clear();
  }
}

const NO_TIMER: Timer = { cancel: () => undefined };

/** A clock whose timers don't outlive the process. */
export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => {
      if (!life.alive) return NO_TIMER;
      const mortal = { die: () => timer.cancel() };
      const timer = clock.after(delayMs, () => {
        life.remove(mortal);
        if (life.alive) run();
      });
      life.add(mortal);
      return {
        cancel: () => {
          life.remove(mortal);
          timer.cancel();
        },
      };
    },
    soon: (run) =>
      clock.soon(() => {
        if (life.alive) run();
      }),
  };
}
