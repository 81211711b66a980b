/** A client's session as this server sees it. */
export interface TrackedSession<C> {
  readonly id: bigint;
  /** As granted to the client's present connection. */
  timeoutMs: number;
  /** Monotonic time of the last sign of life: callers set it, for a session is touched with each of its requests. */
  touchedAtMs: number;
  /** The bucket it is looked at next: it may have been touched since and then moves on. */
  bucketMs: number;
  /** Only this server knows it; it isn't in the tree. */
  isLocal: boolean;
  /** Its closeSession is on its way. */
  closing: boolean;
  /** Who speaks for it at the moment. */
  connection: C | null;
}

/**
 * Which sessions are alive. Expiry rounds up to whole ticks and whole buckets expire together, as in Apache's servers: so a session
 * lives up to a tick longer than its timeout, and the server looks once a tick. Touching costs one assignment.
 */
export class SessionTracker<C> {
  private readonly tickMs: number;
  private readonly sessions = new Map<bigint, TrackedSession<C>>();
  private readonly buckets = new Map<number, Set<TrackedSession<C>>>();
  private lookedAtMs: number;

  constructor(tickMs: number, nowMs: number) {
    this.tickMs = tickMs;
    this.lookedAtMs = this.round(nowMs);
  }

  get size(): number {
    return this.sessions.size;
  }

  get localCount(): number {
    let count = 0;
    for (const session of this.sessions.values()) if (session.isLocal) count += 1;
    return count;
  }

  all(): IterableIterator<TrackedSession<C>> {
    return this.sessions.values();
  }

  get(id: bigint): TrackedSession<C> | undefined {
    return this.sessions.get(id);
  }

  add(
    id: bigint,
    timeoutMs: number,
    nowMs: number,
    connection: C | null,
    isLocal = false,
  ): TrackedSession<C> {
    const session = { id, timeoutMs, touchedAtMs: nowMs, bucketMs: 0, isLocal, closing: false, connection };
    this.sessions.set(id, session);
    this.file(session);
    return session;
  }

  /** Another connection goes on with the session, maybe with another timeout. */
  renew(session: TrackedSession<C>, timeoutMs: number, nowMs: number, connection: C): void {
    session.timeoutMs = timeoutMs;
    session.touchedAtMs = nowMs;
    session.connection = connection;
    this.buckets.get(session.bucketMs)?.delete(session);
    this.file(session);
  }

  remove(id: bigint): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    this.sessions.delete(id);
    this.buckets.get(session.bucketMs)?.delete(session);
  }

  /** When a session ends if nothing more is heard of it. */
  expiresAtMs(session: TrackedSession<C>): number {
    return this.round(session.touchedAtMs + session.timeoutMs);
  }

  /** Sessions whose time is over: the caller closes them. They stay until `remove`, but come only once. */
  expire(nowMs: number): TrackedSession<C>[] {
    const expired: TrackedSession<C>[] = [];
    for (; this.lookedAtMs <= nowMs; this.lookedAtMs += this.tickMs) {
      const bucket = this.buckets.get(this.lookedAtMs);
      if (bucket === undefined) continue;
      this.buckets.delete(this.lookedAtMs);
      for (const session of bucket) {
        if (session.closing) continue;
        if (this.expiresAtMs(session) > this.lookedAtMs) this.file(session);
        else {
          session.closing = true;
          expired.push(session);
        }
      }
    }
    return expired;
  }

  private round(timeMs: number): number {
    return (Math.floor(timeMs / this.tickMs) + 1) * this.tickMs;
  }

  private file(session: TrackedSession<C>): void {
    session.bucketMs = Math.max(this.expiresAtMs(session), this.lookedAtMs);
    const bucket = this.buckets.get(session.bucketMs);
    if (bucket === undefined) this.buckets.set(session.bucketMs, new Set([session]));
    else bucket.add(session);
  }
}
