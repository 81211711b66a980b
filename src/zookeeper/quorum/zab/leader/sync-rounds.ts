import type { Learner } from './learner.ts';

interface Round {
  /** What was proposed last when it was asked. */
  readonly zxid: number;
  /** By connection, how many PINGs a learner has answered once it has answered one that was sent later; null: none was sent yet. */
  pings: Map<number, number> | null;
}

/**
 * Syncs at the leader. Each waits until all is committed that was proposed before it, and until a quorum has shown that it still follows:
 * else a leader that others have replaced without its noticing would call old data new, as Apache's does. Whoever answers a PING, or
 * acknowledges a proposal, that was sent after the sync came hadn't left by then; so no other leader had a quorum.
 */
export class SyncRounds {
  private readonly rounds: Round[] = [];

  get isEmpty(): boolean {
    return this.rounds.length === 0;
  }

  /** Whether PINGs must be sent. */
  get wantsPings(): boolean {
    return this.rounds.some(({ pings }) => pings === null);
  }

  add(zxid: number): void {
    this.rounds.push({ zxid, pings: null });
  }

  /** Each of these was sent a PING just now: that counts for those that it wasn't waited for yet. */
  pinged(voters: readonly Learner[]): void {
    for (const round of this.rounds) {
      round.pings ??= new Map();
      for (const { id, pingsSent } of voters) if (!round.pings.has(id)) round.pings.set(id, pingsSent);
    }
  }

  /** Takes the oldest if it is before `zxid`: a quorum has acknowledged `zxid`, which was proposed after it was asked. */
  takeBefore(zxid: number): boolean {
    if (this.rounds.length === 0 || this.rounds[0]!.zxid >= zxid) return false;
    this.rounds.shift();
    return true;
  }

  /** Takes the oldest if nothing more is to be committed before it, and a quorum has shown that it follows. */
  takeConfirmed(
    lastCommitted: number,
    voters: readonly Learner[],
    isQuorum: (followers: readonly number[]) => boolean,
  ): boolean {
    const [round] = this.rounds;
    if (round === undefined || round.pings === null || round.zxid > lastCommitted) return false;
    const { pings, zxid } = round;
    const following = voters.filter(
      ({ id, pingsHeard, ackedZxid }) => pingsHeard >= (pings.get(id) ?? Infinity) || ackedZxid > zxid,
    );
    if (!isQuorum(following.map(({ sid }) => sid))) return false;
    this.rounds.shift();
    return true;
  }
}
