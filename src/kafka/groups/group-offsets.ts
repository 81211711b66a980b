/** How far a group has read one partition. */
export interface CommittedOffset {
  readonly offset: number;
  /** −1: not known. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Only where a client gave it a time of its own (OffsetCommit v2 to v4); null: offsets.retention.minutes counts. */
  readonly expireTimestampMs: number | null;
  /** Where it stands in the offsets topic. */
  readonly recordOffset: number;
}

export interface OffsetKey {
  readonly topic: string;
  readonly partition: number;
}

/** The committed offsets of one group, and which commits are on their way into the log. */
export class GroupOffsets {
  private readonly byTopic = new Map<string, Map<number, CommittedOffset>>();
  private readonly onTheirWay = new Map<string, number>();
  private offsets = 0;

  get size(): number {
    return this.offsets;
  }

  get hasPending(): boolean {
    return this.onTheirWay.size > 0;
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.byTopic.get(topic)?.get(partition);
  }

  topics(): IterableIterator<[string, ReadonlyMap<number, CommittedOffset>]> {
    return this.byTopic.entries();
  }

  keys(): OffsetKey[] {
    const keys: OffsetKey[] = [];
    for (const [topic, partitions] of this.byTopic)
      for (const partition of partitions.keys()) keys.push({ topic, partition });
    return keys;
  }

  /** What the log says. A record that is older than what is known changes nothing. */
  set(topic: string, partition: number, committed: CommittedOffset): void {
    let partitions = this.byTopic.get(topic);
    if (partitions === undefined) this.byTopic.set(topic, (partitions = new Map<number, CommittedOffset>()));
    const known = partitions.get(partition);
    if (known === undefined) this.offsets += 1;
    else if (known.recordOffset > committed.recordOffset) return;
    partitions.set(partition, committed);
  }

  delete(topic: string, partition: number): void {
    const partitions = this.byTopic.get(topic);
    if (partitions === undefined || !partitions.delete(partition)) return;
    this.offsets -= 1;
    if (partitions.size === 0) this.byTopic.delete(topic);
  }

  /** A commit was sent to the log: until `settled` the offset doesn't expire. */
  sent(topic: string, partition: number): void {
    const key = keyOf(topic, partition);
    this.onTheirWay.set(key, (this.onTheirWay.get(key) ?? 0) + 1);
  }

  settled(topic: string, partition: number): void {
    const key = keyOf(topic, partition);
    const left = (this.onTheirWay.get(key) ?? 0) - 1;
    if (left > 0) this.onTheirWay.set(key, left);
    else this.onTheirWay.delete(key);
  }

  /** Those for which `isDue` says so, apart from those that are just being committed. */
  filter(isDue: (committed: CommittedOffset, topic: string) => boolean): OffsetKey[] {
    const found: OffsetKey[] = [];
    for (const [topic, partitions] of this.byTopic)
      for (const [partition, committed] of partitions)
        if (!this.onTheirWay.has(keyOf(topic, partition)) && isDue(committed, topic))
          found.push({ topic, partition });
    return found;
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}:${partition}`;
}
