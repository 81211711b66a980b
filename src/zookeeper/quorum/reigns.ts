import type { Clock, Log } from '../../runtime/runtime.ts';
import type { MemberStats } from '../server/metrics/member-stats.ts';
import type { Vote } from './election/vote.ts';

const hex = (zxid: number): string => `0x${Math.max(0, zxid).toString(16)}`;

/** Who was elected, led, and was lost, as this server saw it: in the log's words, and in the metrics' times. */
export class Reigns {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly stats: MemberStats;
  private readonly self: number;
  /** The epoch that the vote was of. Who led before this server came has votes of its own epoch; a new leader begins another. */
  private electedEpoch = -1;
  /** The leader in place, as far as this server knows. */
  private current: { readonly epoch: number; readonly sinceMs: number } | null = null;
  private leaderlessSinceMs: number;

  constructor(clock: Clock, log: Log, stats: MemberStats, self: number) {
    this.clock = clock;
    this.log = log;
    this.stats = stats;
    this.self = self;
    this.leaderlessSinceMs = clock.monotonicMs();
  }

  elected({ leader, zxid, epoch }: Vote): void {
    this.electedEpoch = epoch;
    this.log.info(
      `server ${leader}${this.marked(leader)} was elected, with zxid ${hex(zxid)} of epoch ${Math.max(0, epoch)}`,
      { leader },
    );
  }

  /** It is in place; this server's tree ends with `zxid`. */
  established(leader: number, epoch: number, zxid: number): void {
    const now = this.clock.monotonicMs();
    this.current = { epoch, sinceMs: now };
    const waitedMs = Math.round(now - this.leaderlessSinceMs);
    this.stats.unavailableTime.add(waitedMs);
    if (leader === this.self) this.stats.leaderUnavailableTime.add(waitedMs);
    this.log.info(
      this.electedEpoch === epoch
        ? `server ${leader} leads epoch ${epoch} already; this one is with it from zxid ${hex(zxid)} on, after ${waitedMs} ms`
        : `server ${leader}${this.marked(leader)} leads epoch ${epoch} from zxid ${hex(zxid)} on; nobody led for ${waitedMs} ms`,
      { leader, epoch, waitedMs },
    );
  }

  /** From here on this server has no leader. */
  left(): void {
    if (this.current !== null) this.leaderlessSinceMs = this.clock.monotonicMs();
  }

  /** reason: null when it isn't to be told. */
  ended(leader: number, reason: string | null): void {
    const end = this.endOf(leader);
    this.current = null;
    if (reason !== null) this.log.warn(`${end}: ${reason}`, { leader });
  }

  private endOf(leader: number): string {
    const { current } = this;
    const isSelf = leader === this.self;
    if (current === null)
      return isSelf ? 'this server could not become the leader' : `server ${leader} could not be followed`;
    const seconds = (this.leaderlessSinceMs - current.sinceMs) / 1000;
    const what = `epoch ${current.epoch} for ${seconds.toFixed(1)} s`;
    return isSelf
      ? `this server leads no more, after it led ${what}`
      : `server ${leader}, which led ${what}, is lost to this one`;
  }

  private marked(leader: number): string {
    return leader === this.self ? ' (this one)' : '';
  }
}
