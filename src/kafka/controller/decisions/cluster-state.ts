import { partitionKey, type Replica, type TopicPartition } from '../topic-partition.ts';
import type { LiveBroker } from '../znodes/broker-registration.ts';
import type { VersionedPartitionState } from '../znodes/partition-state.ts';

/** Absent: NonExistent. Online ⇄ Offline; New until the first state is written. */
export type PartitionPhase = 'new' | 'online' | 'offline';

/** Absent: NonExistent. */
export type ReplicaPhase =
  'new' | 'online' | 'offline' | 'deletionStarted' | 'deletionSuccessful' | 'deletionIneligible';

/** One partition as the controller knows it. */
export interface Partition extends TopicPartition {
  /** In order of preference; replaced, never changed. */
  replicas: readonly number[];
  /** As last read or written; null before the first state is written. */
  state: VersionedPartitionState | null;
  phase: PartitionPhase | null;
  readonly replicaPhases: Map<number, ReplicaPhase>;
  /** Where the replicas are to go while a reassignment runs. */
  reassignment: readonly number[] | null;
}

/** The cluster as the controller knows it. Plain state: who may change what is the machines' business. */
export class ClusterState {
  readonly brokers = new Map<number, LiveBroker>();
  readonly shuttingDown = new Set<number>();
  readonly topics = new Map<string, Map<number, Partition>>();
  /** Topics that are to be deleted; true when it can't go on until something changes. */
  readonly deletions = new Map<string, { ineligible: boolean; started: boolean }>();
  /** Replicas whose log directory failed, by broker. */
  private readonly failedReplicas = new Map<number, Set<string>>();

  /** Alive and not stopping. */
  isLive(broker: number): boolean {
    return this.brokers.has(broker) && !this.shuttingDown.has(broker);
  }

  /** Whether that replica can serve: its broker lives and its log directory works. */
  isReplicaOnline(broker: number, { topic, partition }: TopicPartition, includeStopping = false): boolean {
    if (!(includeStopping ? this.brokers.has(broker) : this.isLive(broker))) return false;
    return this.failedReplicas.get(broker)?.has(partitionKey(topic, partition)) !== true;
  }

  setReplicaFailed(broker: number, { topic, partition }: TopicPartition, failed: boolean): void {
    const known = this.failedReplicas.get(broker) ?? new Set<string>();
    if (failed) known.add(partitionKey(topic, partition));
    else known.delete(partitionKey(topic, partition));
    this.failedReplicas.set(broker, known);
  }

  isReplicaFailed(broker: number, { topic, partition }: TopicPartition): boolean {
    return this.failedReplicas.get(broker)?.has(partitionKey(topic, partition)) === true;
  }

  hasFailedReplicas(broker: number): boolean {
    return (this.failedReplicas.get(broker)?.size ?? 0) > 0;
  }

  forgetFailedReplicas(broker: number): void {
    this.failedReplicas.delete(broker);
  }

  /** Live brokers and those that are stopping: all that can be told something. */
  reachableBrokers(): number[] {
    return [...this.brokers.keys()];
  }

  partition(topic: string, partition: number): Partition | undefined {
    return this.topics.get(topic)?.get(partition);
  }

  addPartition(topic: string, partition: number, replicas: readonly number[]): Partition {
    const added: Partition = {
      topic,
      partition,
      replicas,
      state: null,
      phase: null,
      replicaPhases: new Map(),
      reassignment: null,
    };
    let partitions = this.topics.get(topic);
    if (partitions === undefined) this.topics.set(topic, (partitions = new Map<number, Partition>()));
    partitions.set(partition, added);
    return added;
  }

  *partitions(): Generator<Partition> {
    for (const partitions of this.topics.values()) yield* partitions.values();
  }

  partitionsOf(topic: string): Partition[] {
    return [...(this.topics.get(topic)?.values() ?? [])];
  }

  /** The replicas that the given brokers hold. */
  replicasOn(brokers: ReadonlySet<number>): Replica[] {
    const found: Replica[] = [];
    for (const { topic, partition, replicas } of this.partitions()) {
      for (const broker of replicas) if (brokers.has(broker)) found.push({ topic, partition, broker });
    }
    return found;
  }

  isBeingDeleted(topic: string): boolean {
    return this.deletions.has(topic);
  }
}

export function replicasOf(partitions: Iterable<Partition>): Replica[] {
  const found: Replica[] = [];
  for (const { topic, partition, replicas } of partitions) {
    for (const broker of replicas) found.push({ topic, partition, broker });
  }
  return found;
}
