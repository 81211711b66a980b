import type { RareWarnings } from '../../runtime/rare-warnings.ts';
import type { Clock } from '../../runtime/runtime.ts';

/** What a clock is off by between two looks where nobody sets it is far less. */
const JUMP_MS = 3000;

/** Says when the wall clock was set to another time, by which others would wonder at the times of znodes and at znodes that are gone. */
export class WallClockWatch {
  private readonly clock: Clock;
  private readonly warnings: RareWarnings;
  private aheadMs: number;

  constructor(clock: Clock, warnings: RareWarnings) {
    this.clock = clock;
    this.warnings = warnings;
    this.aheadMs = this.now;
  }

  /** Of the clock that nobody sets. */
  private get now(): number {
    return this.clock.wallMs() - this.clock.monotonicMs();
  }

  /** Call it from time to time. */
  look(): void {
    const { now } = this;
    const jumpedMs = now - this.aheadMs;
    this.aheadMs = now;
    if (Math.abs(jumpedMs) < JUMP_MS) return;
    const by = `${Math.round(Math.abs(jumpedMs) / 1000)} s`;
    this.warnings.warn(
      'clock',
      `the clock of this machine jumped ${by} ${jumpedMs > 0 ? 'ahead' : 'back'}. Znodes get their times from it, and znodes with a TTL and unused ` +
        `containers are removed by it, ${jumpedMs > 0 ? 'maybe too early' : 'up to so much later'}, where this server leads; sessions go by another clock, so none ends. ` +
        `Let NTP keep the clocks of all servers right, in small steps`,
    );
  }
}
