import type { Partition } from '../partition.ts';

/** A replica that follows: how far it is, and what its leader was told of it. */
export class FetchedReplica {
  readonly partition: Partition;
  /** In which it was added: a newer one makes a new FetchedReplica. */
  readonly leaderEpoch: number;
  /** Not before that time, of the monotonic clock. */
  readyAtMs = 0;
  /** What the session at the leader says; −1: it isn't in the session. */
  sentOffset = -1;
  sentLogStartOffset = -1;
  private phase: 'truncating' | 'fetching' | 'failed' | 'removed' = 'truncating';

  constructor(partition: Partition) {
    this.partition = partition;
    this.leaderEpoch = partition.leaderEpoch;
  }

  get isTruncating(): boolean {
    return this.phase === 'truncating';
  }

  get isFetching(): boolean {
    return this.phase === 'fetching';
  }

  /** Still followed, in the epoch in which it was added. */
  get isCurrent(): boolean {
    return (
      this.phase !== 'removed' &&
      this.leaderEpoch === this.partition.leaderEpoch &&
      this.partition.leading === null
    );
  }

  truncated(): void {
    if (this.phase === 'truncating') this.phase = 'fetching';
  }

  /** Idle until the controller decides anew. */
  fail(): void {
    this.phase = 'failed';
  }

  removed(): void {
    this.phase = 'removed';
  }
}

/** The changing part of a Fetch request. */
export interface FetchRequestPart {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly topics: {
    topic: string;
    partitions: {
      partition: number;
      currentLeaderEpoch: number;
      fetchOffset: number;
      logStartOffset: number;
      partitionMaxBytes: number;
    }[];
  }[];
  readonly forgottenTopicsData: { topic: string; partitions: number[] }[];
}

const MAX_INT = 0x7fffffff;

/** What one fetcher follows, and its side of the incremental fetch session (KIP-227): only what changed is said again. */
export class FetchedReplicas {
  private readonly replicas = new Map<Partition, FetchedReplica>();
  private readonly byName = new Map<string, Map<number, FetchedReplica>>();
  /** Removed while in the session. */
  private forgotten: FetchedReplica[] = [];
  private sessionId = 0;
  private sessionEpoch = 0;

  get size(): number {
    return this.replicas.size;
  }

  get(topic: string, partition: number): FetchedReplica | undefined {
    return this.byName.get(topic)?.get(partition);
  }

  add(partition: Partition): void {
    this.remove(partition);
    const replica = new FetchedReplica(partition);
    this.replicas.set(partition, replica);
    let partitions = this.byName.get(partition.topic);
    if (partitions === undefined)
      this.byName.set(partition.topic, (partitions = new Map<number, FetchedReplica>()));
    partitions.set(partition.partition, replica);
  }

  remove(partition: Partition): void {
    const replica = this.replicas.get(partition);
    if (replica === undefined) return;
    this.replicas.delete(partition);
    const partitions = this.byName.get(partition.topic);
    partitions?.delete(partition.partition);
    if (partitions?.size === 0) this.byName.delete(partition.topic);
    replica.removed();
    if (replica.sentOffset >= 0) this.forgotten.push(replica);
  }

  anyReady(now: number): boolean {
    for (const replica of this.replicas.values())
      if ((replica.isTruncating || replica.isFetching) && replica.readyAtMs <= now) return true;
    return false;
  }

  truncating(now: number): FetchedReplica[] {
    return [...this.replicas.values()].filter((replica) => replica.isTruncating && replica.readyAtMs <= now);
  }

  /** The leader forgot what it was told. */
  resetSession(): void {
    this.sessionId = 0;
    this.sessionEpoch = 0;
    this.forgotten = [];
    for (const replica of this.replicas.values()) replica.sentOffset = -1;
  }

  answered(sessionId: number): void {
    if (sessionId === 0) this.resetSession();
    else {
      this.sessionId = sessionId;
      this.sessionEpoch = this.sessionEpoch === MAX_INT ? 1 : this.sessionEpoch + 1;
    }
  }

  /** Null: nothing is ready to be fetched. */
  nextRequest(now: number, maxBytes: number): FetchRequestPart | null {
    const topics = new Map<string, FetchRequestPart['topics'][number]>();
    const forgotten = this.forgotten;
    this.forgotten = [];
    let ready = 0;
    for (const replica of this.replicas.values()) {
      if (!replica.isFetching || replica.readyAtMs > now) {
        if (replica.sentOffset >= 0) forgotten.push(replica);
        replica.sentOffset = -1;
        continue;
      }
      ready += 1;
      const { topic, partition, log, leaderEpoch } = replica.partition;
      const fetchOffset = log.logEndOffset;
      const { logStartOffset } = log;
      if (replica.sentOffset === fetchOffset && replica.sentLogStartOffset === logStartOffset) continue;
      replica.sentOffset = fetchOffset;
      replica.sentLogStartOffset = logStartOffset;
      let entry = topics.get(topic);
      if (entry === undefined) topics.set(topic, (entry = { topic, partitions: [] }));
      entry.partitions.push({
        partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset,
        logStartOffset,
        partitionMaxBytes: maxBytes,
      });
    }
    if (ready === 0) {
      this.resetSession();
      return null;
    }
    return {
      sessionId: this.sessionId,
      sessionEpoch: this.sessionEpoch,
      topics: [...topics.values()],
      forgottenTopicsData: this.sessionEpoch === 0 ? [] : forgottenTopics(forgotten, topics),
    };
  }
}

/** A replica that was removed and added again stands among the topics, which says enough. */
function forgottenTopics(
  forgotten: readonly FetchedReplica[],
  topics: ReadonlyMap<string, FetchRequestPart['topics'][number]>,
): FetchRequestPart['forgottenTopicsData'] {
  const byTopic = new Map<string, number[]>();
  for (const { partition: each } of forgotten) {
    if (topics.get(each.topic)?.partitions.some((entry) => entry.partition === each.partition)) continue;
    const list = byTopic.get(each.topic);
    if (list === undefined) byTopic.set(each.topic, [each.partition]);
    else list.push(each.partition);
  }
  return [...byTopic].map(([topic, partitions]) => ({ topic, partitions }));
}
