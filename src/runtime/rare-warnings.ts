import type { Clock, Log, LogFields } from './runtime.ts';

const PAUSE_MS = 10_000;

/**
 * Warnings that strangers can cause as often as they like: of each kind one is logged, then for ten seconds none, and the next says how
 * many were left out. So a flood fills neither the disk nor the screen.
 */
export class RareWarnings {
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly kinds = new Map<string, { saidAtMs: number; leftOut: number }>();

  constructor(log: Log, clock: Clock) {
    this.log = log;
    this.clock = clock;
  }

  /** `kind` is one of the few that the code knows, not a part of what was received. */
  warn(kind: string, message: string, fields?: LogFields): void {
    const now = this.clock.monotonicMs();
    const known = this.kinds.get(kind);
    if (known !== undefined && now - known.saidAtMs < PAUSE_MS) {
      known.leftOut++;
      return;
    }
    const leftOut = known?.leftOut ?? 0;
    this.kinds.set(kind, { saidAtMs: now, leftOut: 0 });
    this.log.warn(
      leftOut === 0 ? message : `${message} (and ${leftOut} times more, since it was last said)`,
      fields,
    );
  }
}
