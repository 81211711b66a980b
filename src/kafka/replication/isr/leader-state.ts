/**
 * What a leader knows of its followers, and what follows from it: the high watermark, and who belongs in the ISR. It decides only;
 * `Partition` owns the log, the clock and the write to ZooKeeper. Times are ms of a monotonic clock.
 */
export interface FollowerState {
  /** Its next fetch offset; −1: not heard of since we lead. */
  logEndOffset: number;
  logStartOffset: number;
  /** When it last had everything that we had. */
  lastCaughtUpMs: number;
  lastFetchMs: number;
  leaderEndOffsetAtLastFetch: number;
}

export interface FollowerFetch {
  readonly replica: number;
  readonly fetchOffset: number;
  readonly logStartOffset: number;
  readonly leaderEndOffset: number;
  readonly now: number;
}

export class LeaderState {
  private readonly followers = new Map<number, FollowerState>();
  private readonly self: number;
  /** Our end offset when we became leader: nobody joins the ISR below it. */
  epochStartOffset: number;
  private members: ReadonlySet<number>;
  /** An ISR that is being written: until it is known to be there, the wider of the two counts. */
  private proposed: ReadonlySet<number> | null = null;

  constructor(
    self: number,
    replicas: readonly number[],
    isr: readonly number[],
    epochStartOffset: number,
    now: number,
  ) {
    this.self = self;
    this.epochStartOffset = epochStartOffset;
    this.members = new Set(isr);
    for (const replica of replicas)
      if (replica !== self) this.followers.set(replica, newFollower(this.members.has(replica) ? now : 0));
  }

  get isr(): readonly number[] {
    return [...this.members];
  }

  get isrSize(): number {
    return this.members.size;
  }

  follower(replica: number): FollowerState | undefined {
    return this.followers.get(replica);
  }

  /**
   * The controller decided anew while we lead. Followers keep their offsets; but who isn't in the ISR doesn't hold back the high
   * watermark any more, as it may be dead.
   */
  reassign(replicas: readonly number[], isr: readonly number[], epochStartOffset: number, now: number): void {
    this.epochStartOffset = epochStartOffset;
    this.members = new Set(isr);
    this.proposed = null;
    for (const replica of this.followers.keys())
      if (!replicas.includes(replica)) this.followers.delete(replica);
    for (const replica of replicas) {
      if (replica === this.self) continue;
      const lastCaughtUpMs = this.members.has(replica) ? now : 0;
      const known = this.followers.get(replica);
      if (known === undefined) this.followers.set(replica, newFollower(lastCaughtUpMs));
      else known.lastCaughtUpMs = lastCaughtUpMs;
    }
  }

  /** A follower asked for records. @returns false when it isn't one of ours. */
  fetched(fetch: FollowerFetch): boolean {
    const follower = this.followers.get(fetch.replica);
    if (follower === undefined) return false;
    if (fetch.fetchOffset >= fetch.leaderEndOffset)
      follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, fetch.now);
    else if (fetch.fetchOffset >= follower.leaderEndOffsetAtLastFetch)
      follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, follower.lastFetchMs);
    follower.logEndOffset = fetch.fetchOffset;
    follower.logStartOffset = fetch.logStartOffset;
    follower.lastFetchMs = fetch.now;
    follower.leaderEndOffsetAtLastFetch = fetch.leaderEndOffset;
    return true;
  }

  /**
   * Up to where everybody who counts has the log: ISR members, those of a wider ISR on its way, and those that are about to catch
   * up, which hold it back so that they can get in.
   */
  highWatermarkCandidate(leaderEndOffset: number, now: number, lagTimeMaxMs: number): number {
    let lowest = leaderEndOffset;
    for (const [replica, follower] of this.followers) {
      if (follower.logEndOffset >= lowest) continue;
      const counts =
        this.members.has(replica) ||
        this.proposed?.has(replica) === true ||
        (follower.lastCaughtUpMs > 0 && now - follower.lastCaughtUpMs <= lagTimeMaxMs);
      if (counts) lowest = follower.logEndOffset;
    }
    return lowest;
  }

  /** @returns the ISR with this follower in it, or null when it doesn't belong there (yet) or a change is under way. */
  isrWith(replica: number, highWatermark: number): readonly number[] | null {
    if (this.proposed !== null || this.members.has(replica)) return null;
    const follower = this.followers.get(replica);
    if (follower === undefined) return null;
    if (follower.logEndOffset < highWatermark || follower.logEndOffset < this.epochStartOffset) return null;
    return [...this.members, replica];
  }

  /** @returns the ISR without those that fell behind for too long, or null when all keep up or a change is under way. */
  isrWithoutLaggards(leaderEndOffset: number, now: number, lagTimeMaxMs: number): readonly number[] | null {
    if (this.proposed !== null || this.members.size <= 1) return null;
    const kept = [...this.members].filter((replica) => {
      if (replica === this.self) return true;
      const follower = this.followers.get(replica);
      return (
        follower !== undefined &&
        (follower.logEndOffset === leaderEndOffset || now - follower.lastCaughtUpMs <= lagTimeMaxMs)
      );
    });
    return kept.length === this.members.size ? null : kept;
  }

  propose(isr: readonly number[]): void {
    this.proposed = new Set(isr);
  }

  /** The proposed ISR is in ZooKeeper, or (false) it isn't and the old one goes on. */
  settle(accepted: boolean): void {
    if (accepted && this.proposed !== null) this.members = this.proposed;
    this.proposed = null;
  }

  /**
   * Nobody knows whether the proposed ISR is in ZooKeeper: the session ended meanwhile. Whoever is in one of the two may be elected, so all
   * of them count, until the controller decides anew.
   */
  settleUnknown(): void {
    if (this.proposed !== null) this.members = new Set([...this.members, ...this.proposed]);
    this.proposed = null;
  }

  /** The lowest log start offset among those replicas for which `alive` holds, ours included. */
  lowWatermark(ownStartOffset: number, alive: (replica: number) => boolean): number {
    let lowest = ownStartOffset;
    for (const [replica, follower] of this.followers)
      if (follower.logStartOffset < lowest && alive(replica)) lowest = follower.logStartOffset;
    return lowest;
  }
}

function newFollower(lastCaughtUpMs: number): FollowerState {
  return {
    logEndOffset: -1,
    logStartOffset: -1,
    lastCaughtUpMs,
    lastFetchMs: 0,
    leaderEndOffsetAtLastFetch: 0,
  };
}
