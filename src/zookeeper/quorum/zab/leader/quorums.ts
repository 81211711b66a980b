import type { Ensemble } from '../../configuration/ensemble.ts';
import { designate } from '../../configuration/reconfigure.ts';
import type { LeaderSettings } from './leader-io.ts';
import type { Learner } from './learner.ts';

/** What a server has acknowledged. */
export interface Acknowledged {
  readonly sid: number;
  readonly zxid: number;
}

/**
 * Who has what on its disk, counted by every configuration that has a say in it: the one in force, and as of its proposal the next one,
 * too. The one before has none in what it leaves unfinished: a quorum of it has the next one in its log, so nobody leads any more without a
 * quorum of that; and its voters need not be there to acknowledge anything.
 */
export class Quorums {
  private readonly self: number;
  private readonly learners: ReadonlyMap<number, Learner>;
  private inForce: Ensemble;
  private next: { readonly ensemble: Ensemble; readonly zxid: number } | null;
  private isOpen = false;
  /** The own log has everything up to here on the disk. */
  private syncedZxid = 0;

  constructor(
    { self, ensemble, proposed }: LeaderSettings,
    learners: ReadonlyMap<number, Learner>,
    syncedZxid: number,
  ) {
    this.self = self;
    this.learners = learners;
    this.inForce = ensemble;
    this.next = proposed === null ? null : { ensemble: proposed, zxid: proposed.version };
    this.syncedZxid = syncedZxid;
  }

  get ensemble(): Ensemble {
    return this.inForce;
  }

  /** The one that waits for its quorums. */
  get proposed(): Ensemble | null {
    return this.next?.ensemble ?? null;
  }

  /** Where that was proposed. */
  get proposedAt(): number | null {
    return this.next?.zxid ?? null;
  }

  /**
   * What learners begin with: one that was left unfinished comes into force with the epoch; one that was proposed in it isn't before its
   * commit, whoever joins meanwhile.
   */
  get begins(): Ensemble {
    return this.isOpen ? this.inForce : (this.next?.ensemble ?? this.inForce);
  }

  /** The epoch has begun. */
  open(): void {
    this.isOpen = true;
  }

  propose(ensemble: Ensemble, zxid: number): void {
    this.next = { ensemble, zxid };
    this.recount();
  }

  /** Puts the proposed one in force. */
  activate(): Ensemble {
    const { ensemble } = this.next!;
    this.inForce = ensemble;
    this.next = null;
    this.recount();
    return ensemble;
  }

  /** Of a stand-in: another one is in force. */
  replace(ensemble: Ensemble): void {
    this.inForce = ensemble;
    this.recount();
  }

  /** Who leads once the proposed one is in force. */
  designate(acknowledged: readonly Acknowledged[]): number {
    return designate(this.self, this.inForce, this.next!.ensemble, acknowledged);
  }

  /** Whether one of the configurations has it. */
  hasMember(sid: number): boolean {
    const { inForce, next } = this;
    return inForce.member(sid) !== undefined || next?.ensemble.member(sid) !== undefined;
  }

  /** Whether it is an observer of the configuration in force. */
  observes(sid: number): boolean {
    return this.inForce.member(sid)?.role === 'observer';
  }

  countsAsVoter({ isObserver, sid }: Learner): boolean {
    const { inForce, next } = this;
    return !isObserver && (inForce.isVoter(sid) || next?.ensemble.isVoter(sid) === true);
  }

  /** Whether the server itself and its followers are a quorum, in each configuration. */
  areQuorum(followers: readonly number[]): boolean {
    return this.hasQuorum([this.self, ...followers], Number.POSITIVE_INFINITY);
  }

  /** Of every configuration that has a say in what stands at `zxid`. */
  hasQuorum(present: readonly number[], zxid: number): boolean {
    const { inForce, next } = this;
    return (
      inForce.verifier.hasQuorum(present) &&
      (next === null || zxid < next.zxid || next.ensemble.verifier.hasQuorum(present))
    );
  }

  synced(zxid: number): void {
    this.syncedZxid = zxid;
  }

  /** The latest that a quorum has, of what stands up to `limit`; `known`: it has this. */
  latest(known: number, limit: number): number {
    let best = known;
    const own = Math.min(limit, this.syncedZxid);
    if (own > best && this.have(own)) best = own;
    for (const { stage, isVoter, ackedZxid } of this.learners.values()) {
      const acked = Math.min(limit, ackedZxid);
      if (stage === 'active' && isVoter && acked > best && this.have(acked)) best = acked;
    }
    return best;
  }

  /** Whether a quorum has what stands at `zxid`. */
  have(zxid: number): boolean {
    const having: number[] = [];
    if (this.syncedZxid >= zxid) having.push(this.self);
    for (const { sid, stage, isVoter, ackedZxid } of this.learners.values())
      if (stage === 'active' && isVoter && ackedZxid >= zxid) having.push(sid);
    return this.hasQuorum(having, zxid);
  }

  private recount(): void {
    for (const learner of this.learners.values()) learner.isVoter = this.countsAsVoter(learner);
  }
}
