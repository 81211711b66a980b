import type { MetadataCache } from '../broker/metadata-cache.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import type { Partition } from './partition.ts';

/** The replicas of a broker, and why one isn't there. */
export class ReplicaTable {
  private readonly metadata: MetadataCache;
  private readonly topics = new Map<string, Map<number, Partition>>();
  /** Replicas whose log folder failed. */
  private readonly offline = new Set<string>();

  constructor(metadata: MetadataCache) {
    this.metadata = metadata;
  }

  get(topic: string, partition: number): Partition | undefined {
    return this.topics.get(topic)?.get(partition);
  }

  *all(): IterableIterator<Partition> {
    for (const partitions of this.topics.values()) yield* partitions.values();
  }

  /** Throws UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER (it is elsewhere) or KAFKA_STORAGE_ERROR. */
  require(topic: string, partition: number): Partition {
    const found = this.get(topic, partition);
    if (found !== undefined) return found;
    throw new KafkaError(this.absenceCode(topic, partition));
  }

  /** The same, and it is led here. */
  requireLeader(topic: string, partition: number): Partition {
    const found = this.require(topic, partition);
    if (found.leading === null) throw new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    return found;
  }

  absenceCode(topic: string, partition: number): number {
    if (this.isOffline(topic, partition)) return ErrorCode.KAFKA_STORAGE_ERROR;
    return this.metadata.partition(topic, partition) === undefined
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.NOT_LEADER_OR_FOLLOWER;
  }

  add(replica: Partition): void {
    const { topic, partition } = replica;
    let partitions = this.topics.get(topic);
    if (partitions === undefined) this.topics.set(topic, (partitions = new Map<number, Partition>()));
    partitions.set(partition, replica);
  }

  /** @returns what was there. */
  remove(topic: string, partition: number): Partition | undefined {
    const partitions = this.topics.get(topic);
    const found = partitions?.get(partition);
    partitions?.delete(partition);
    if (partitions?.size === 0) this.topics.delete(topic);
    return found;
  }

  isOffline(topic: string, partition: number): boolean {
    return this.offline.has(`${topic}:${partition}`);
  }

  markOffline(topic: string, partition: number): void {
    this.offline.add(`${topic}:${partition}`);
  }
}
