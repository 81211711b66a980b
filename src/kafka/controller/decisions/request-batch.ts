import type { ClusterState, Partition } from './cluster-state.ts';
import type {
  ControlMessage,
  ControlRequest,
  LeaderAndIsrPartition,
  UpdateMetadataPartition,
} from '../requests/control-requests.ts';
import { partitionKey, type TopicPartition } from '../topic-partition.ts';
import type { LiveBroker } from '../znodes/broker-registration.ts';
import { LEADER_DURING_DELETION, NO_LEADER } from '../znodes/partition-state.ts';

/**
 * Gathers what brokers have to be told about one decision. Each broker gets at most one LeaderAndIsr, then one UpdateMetadata, then
 * StopReplica: a follower must know its leader's address before it is told to stop anything.
 */
export class RequestBatch {
  private readonly cluster: ClusterState;
  private readonly leaderAndIsr = new Map<number, Map<string, LeaderAndIsrPartition>>();
  private readonly metadataBrokers = new Set<number>();
  private readonly metadataPartitions = new Map<string, TopicPartition>();
  private readonly stops = new Map<number, Map<string, TopicPartition & { remove: boolean }>>();

  constructor(cluster: ClusterState) {
    this.cluster = cluster;
  }

  /** Tells replicas the partition's state, and all brokers its metadata. */
  addLeaderAndIsr(brokers: readonly number[], partition: Partition, isNew: boolean): void {
    const { topic, partition: index, state, replicas } = partition;
    if (state === null) return;
    const key = partitionKey(topic, index);
    for (const broker of brokers) {
      let partitions = this.leaderAndIsr.get(broker);
      if (partitions === undefined) {
        this.leaderAndIsr.set(broker, (partitions = new Map<string, LeaderAndIsrPartition>()));
      }
      const wasNew = partitions.get(key)?.isNew === true;
      partitions.set(key, { topic, partition: index, state, replicas, isNew: isNew || wasNew });
    }
    this.addMetadata(this.cluster.reachableBrokers(), [partition]);
  }

  /** Tells brokers who is alive, and the metadata of these partitions. */
  addMetadata(brokers: Iterable<number>, partitions: Iterable<TopicPartition>): void {
    for (const broker of brokers) this.metadataBrokers.add(broker);
    for (const { topic, partition } of partitions) {
      this.metadataPartitions.set(partitionKey(topic, partition), { topic, partition });
    }
  }

  addStopReplica(broker: number, { topic, partition }: TopicPartition, remove: boolean): void {
    let partitions = this.stops.get(broker);
    if (partitions === undefined) {
      this.stops.set(broker, (partitions = new Map<string, TopicPartition & { remove: boolean }>()));
    }
    partitions.set(partitionKey(topic, partition), { topic, partition, remove });
  }

  /** Moves what was gathered to `out`. Brokers that are gone are left out. */
  flush(out: ControlMessage[]): void {
    const { brokers } = this.cluster;
    for (const [to, partitions] of this.leaderAndIsr) {
      if (brokers.has(to)) out.push({ to, request: this.leaderAndIsrRequest([...partitions.values()]) });
    }
    if ([...this.metadataBrokers].some((broker) => brokers.has(broker))) {
      const request = this.metadataRequest();
      for (const to of this.metadataBrokers) if (brokers.has(to)) out.push({ to, request });
    }
    for (const [to, partitions] of this.stops) {
      if (!brokers.has(to)) continue;
      for (const remove of [true, false]) {
        const chosen = [...partitions.values()].filter((entry) => entry.remove === remove);
        if (chosen.length > 0) out.push({ to, request: this.stopRequest(chosen, remove) });
      }
    }
    this.leaderAndIsr.clear();
    this.metadataBrokers.clear();
    this.metadataPartitions.clear();
    this.stops.clear();
  }

  private leaderAndIsrRequest(partitions: LeaderAndIsrPartition[]): ControlRequest {
    const leaders = new Set(partitions.map(({ state }) => state.leader));
    return { kind: 'leaderAndIsr', partitions, liveLeaders: this.liveBrokers((id) => leaders.has(id)) };
  }

  private metadataRequest(): ControlRequest {
    const partitions: UpdateMetadataPartition[] = [];
    for (const wanted of this.metadataPartitions.values()) {
      const known = this.cluster.partition(wanted.topic, wanted.partition);
      if (known === undefined || known.state === null) continue;
      const { topic, partition, replicas } = known;
      const state = this.cluster.isBeingDeleted(topic)
        ? { ...known.state, leader: LEADER_DURING_DELETION, leaderEpoch: 0, version: 0 }
        : known.state;
      const offlineReplicas = replicas.filter((broker) => !this.cluster.isReplicaOnline(broker, wanted));
      partitions.push({ topic, partition, state, replicas, offlineReplicas });
    }
    return { kind: 'updateMetadata', partitions, liveBrokers: this.liveBrokers(() => true) };
  }

  private stopRequest(partitions: readonly TopicPartition[], remove: boolean): ControlRequest {
    return {
      kind: 'stopReplica',
      deletePartitions: remove,
      partitions: partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        leaderEpoch: this.cluster.isBeingDeleted(topic)
          ? LEADER_DURING_DELETION
          : (this.cluster.partition(topic, partition)?.state?.leaderEpoch ?? NO_LEADER),
      })),
    };
  }

  private liveBrokers(wanted: (id: number) => boolean): LiveBroker[] {
    return [...this.cluster.brokers.values()].filter(({ id }) => wanted(id));
  }
}
