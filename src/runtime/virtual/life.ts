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
  private readonly crashed: ((error: unknown) => void) | null;

  /** crashed: hears of an exception that the process didn't catch. Without it, whoever called the process gets the exception. */
  constructor(crashed: ((error: unknown) => void) | null = null) {
    this.crashed = crashed;
  }

  /** The process threw where it was called from outside, by a timer or by the network: that ends it, and nobody else. */
  threw(error: unknown): void {
    if (this.crashed === null) throw error;
    if (!this.alive) return;
    this.end();
    this.crashed(error);
  }

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

class MortalTimer implements Timer, Mortal {
  private readonly life: Life;
  private readonly timer: Timer;

  constructor(clock: Clock, life: Life, delayMs: number, run: () => void) {
    this.life = life;
    this.timer = clock.after(delayMs, () => {
      life.remove(this);
      if (life.alive) call(life, run);
    });
    life.add(this);
  }

  cancel(): void {
    this.life.remove(this);
    this.timer.cancel();
  }

  die(): void {
    this.timer.cancel();
  }
}

/** A clock whose timers don't outlive the process. */
export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, run) => (life.alive ? new MortalTimer(clock, life, delayMs, run) : NO_TIMER),
    soon: (run) =>
      clock.soon(() => {
        if (life.alive) call(life, run);
      }),
  };
}

/** Calls into the process. */
export function call(life: Life, run: () => void): void {
  try {
    run();
  } catch (error) {
    life.threw(error);
  }
}
