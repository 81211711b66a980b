import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../runtime.ts';
import type { Turn } from './turn.ts';

/** The longest delay that Node's timers take; a longer one is waited for in steps. */
const LONGEST_MS = 0x7fff_ffff;

class NodeTimer implements Timer {
  private handle: NodeJS.Timeout;

  constructor(delayMs: number, run: () => void) {
    this.handle = this.set(delayMs, run);
  }

  cancel(): void {
    clearTimeout(this.handle);
  }

  private set(delayMs: number, run: () => void): NodeJS.Timeout {
    if (delayMs <= LONGEST_MS) return setTimeout(run, delayMs);
    return setTimeout(() => {
      this.handle = this.set(delayMs - LONGEST_MS, run);
    }, LONGEST_MS);
  }
}

export function createNodeClock(turn: Turn): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (delayMs, run) => new NodeTimer(delayMs, run),
    soon: (run) => turn.soon(run),
  };
}
