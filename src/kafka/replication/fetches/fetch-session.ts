/**
 * Incremental fetch sessions (KIP-227): what a fetcher asked for is remembered, so that it names only what changes and is told only
 * what changed. The cache has a bound; a session that it has no room for is simply not made. Knows nothing of logs.
 */
export interface FetchPartition {
  /** Empty while nobody knows a topic of that id. */
  topic: string;
  readonly topicId: string;
  readonly partition: number;
  fetchOffset: number;
  maxBytes: number;
  /** The follower's own log start; −1 from consumers. */
  logStartOffset: number;
  /** −1: the fetcher doesn't know one. */
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  /** What the fetcher was told last; −1: tell it again. */
  sentHighWatermark: number;
  sentLogStartOffset: number;
}

export interface FetchSessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly fromFollower: boolean;
  readonly usesTopicIds: boolean;
  readonly partitions: readonly FetchPartition[];
  readonly forgotten: readonly {
    readonly topic: string;
    readonly topicId: string;
    readonly partition: number;
  }[];
}

export type FetchContext =
  | { readonly kind: 'error'; readonly code: 'notFound' | 'invalidEpoch' | 'topicIdError' }
  | {
      readonly kind: 'full';
      readonly session: FetchSession | null;
      readonly partitions: readonly FetchPartition[];
    }
  | { readonly kind: 'incremental'; readonly session: FetchSession };

const NO_SESSION = 0;
const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const MAX_INT = 0x7fffffff;

export class FetchSession {
  readonly id: number;
  readonly fromFollower: boolean;
  readonly usesTopicIds: boolean;
  readonly createdMs: number;
  lastUsedMs: number;
  /** What the next request must say. */
  nextEpoch = 1;
  private readonly byKey = new Map<string, FetchPartition>();

  constructor(id: number, request: FetchSessionRequest, now: number) {
    this.id = id;
    this.fromFollower = request.fromFollower;
    this.usesTopicIds = request.usesTopicIds;
    this.createdMs = now;
    this.lastUsedMs = now;
    for (const partition of request.partitions) this.byKey.set(this.key(partition), partition);
  }

  get size(): number {
    return this.byKey.size;
  }

  /** In the order in which they are to be served. */
  partitions(): IterableIterator<FetchPartition> {
    return this.byKey.values();
  }

  /** Those that got data go to the end, so that all get their turn under a limit of bytes. */
  served(partition: FetchPartition): void {
    const key = this.key(partition);
    if (this.byKey.delete(key)) this.byKey.set(key, partition);
  }

  apply(request: FetchSessionRequest): void {
    for (const partition of request.partitions) {
      const known = this.byKey.get(this.key(partition));
      if (known === undefined) {
        this.byKey.set(this.key(partition), partition);
        continue;
      }
      known.fetchOffset = partition.fetchOffset;
      known.maxBytes = partition.maxBytes;
      known.logStartOffset = partition.logStartOffset;
      known.currentLeaderEpoch = partition.currentLeaderEpoch;
      known.lastFetchedEpoch = partition.lastFetchedEpoch;
    }
    for (const partition of request.forgotten) this.byKey.delete(this.key(partition));
  }

  private key(partition: { topic: string; topicId: string; partition: number }): string {
    return `${this.usesTopicIds ? partition.topicId : partition.topic}:${partition.partition}`;
  }
}

export interface FetchSessionCacheOptions {
  /** `max.incremental.fetch.session.cache.slots`; 0: no sessions. */
  readonly slots: number;
  /** How long a session is safe from those of its own kind. */
  readonly evictionMs: number;
  /** A whole number below the limit. */
  readonly random: (limit: number) => number;
}

export class FetchSessionCache {
  /** Least recently used first. */
  private readonly sessions = new Map<number, FetchSession>();
  private readonly options: FetchSessionCacheOptions;

  constructor(options: FetchSessionCacheOptions) {
    this.options = options;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** What a Fetch request asks for, with what its session remembers. */
  begin(request: FetchSessionRequest, now: number): FetchContext {
    if (request.sessionEpoch === INITIAL_EPOCH || request.sessionEpoch === FINAL_EPOCH) {
      if (request.sessionId !== NO_SESSION) this.sessions.delete(request.sessionId);
      const session = request.sessionEpoch === INITIAL_EPOCH ? this.create(request, now) : null;
      return { kind: 'full', session, partitions: request.partitions };
    }
    const session = this.sessions.get(request.sessionId);
    if (session === undefined) return { kind: 'error', code: 'notFound' };
    if (session.usesTopicIds !== request.usesTopicIds) return { kind: 'error', code: 'topicIdError' };
    if (session.nextEpoch !== request.sessionEpoch) return { kind: 'error', code: 'invalidEpoch' };
    session.apply(request);
    if (session.size === 0) {
      this.sessions.delete(session.id);
      return { kind: 'full', session: null, partitions: [] };
    }
    session.nextEpoch = session.nextEpoch === MAX_INT ? 1 : session.nextEpoch + 1;
    session.lastUsedMs = now;
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
    return { kind: 'incremental', session };
  }

  private create(request: FetchSessionRequest, now: number): FetchSession | null {
    if (request.partitions.length === 0 || !this.makeRoom(request, now)) return null;
    let id: number;
    do id = 1 + this.options.random(MAX_INT);
    while (this.sessions.has(id));
    const session = new FetchSession(id, request, now);
    this.sessions.set(id, session);
    return session;
  }

  /** When full: first the one that nobody used for long, else one that is worth less, if it has lived long enough or is of a lesser kind. */
  private makeRoom(request: FetchSessionRequest, now: number): boolean {
    if (this.sessions.size < this.options.slots) return true;
    if (this.options.slots === 0) return false;
    const [oldest] = this.sessions.values();
    if (oldest !== undefined && now - oldest.lastUsedMs > this.options.evictionMs)
      return this.sessions.delete(oldest.id);
    let victim: FetchSession | undefined;
    for (const session of this.sessions.values()) {
      const sameKind = session.fromFollower === request.fromFollower;
      if (session.fromFollower && !request.fromFollower) continue;
      if (
        sameKind &&
        (now - session.createdMs <= this.options.evictionMs || session.size >= request.partitions.length)
      )
        continue;
      if (victim === undefined || worth(session) < worth(victim)) victim = session;
    }
    return victim !== undefined && this.sessions.delete(victim.id);
  }
}

/** Followers' sessions before consumers', larger before smaller. */
function worth(session: FetchSession): number {
  return (session.fromFollower ? 2 ** 32 : 0) + session.size;
}
