import type { Endpoint } from '../../runtime/runtime.ts';

export interface BrokerEndpoint extends Endpoint {
  readonly listener: string;
  /** As on the wire: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

export interface AliveBroker {
  readonly id: number;
  readonly rack: string | null;
  /** By listener name. */
  readonly endpoints: ReadonlyMap<string, BrokerEndpoint>;
}

export interface PartitionMetadata {
  readonly controllerEpoch: number;
  /** −1: none; −2: the topic is being deleted. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly zkVersion: number;
  readonly replicas: readonly number[];
  readonly offlineReplicas: readonly number[];
}

/** What the controller told this broker with UpdateMetadata. */
export interface MetadataUpdate {
  readonly controllerId: number;
  readonly brokers: readonly AliveBroker[];
  readonly partitions: readonly { topic: string; partition: number; state: PartitionMetadata }[];
}

const LEADER_DURING_DELETE = -2;

/** Brokers, topics and leaders as the controller last told them; every broker answers Metadata from its own. */
export class MetadataCache {
  private aliveBrokers: ReadonlyMap<number, AliveBroker> = new Map();
  private readonly topicPartitions = new Map<string, Map<number, PartitionMetadata>>();
  private readonly listeners: ((update: MetadataUpdate) => void)[] = [];
  /** −1: not told yet. */
  controllerId = -1;

  get brokers(): ReadonlyMap<number, AliveBroker> {
    return this.aliveBrokers;
  }

  topics(): IterableIterator<string> {
    return this.topicPartitions.keys();
  }

  hasTopic(topic: string): boolean {
    return this.topicPartitions.has(topic);
  }

  /** The partitions of a topic; undefined: no such topic. */
  partitions(topic: string): ReadonlyMap<number, PartitionMetadata> | undefined {
    return this.topicPartitions.get(topic);
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.topicPartitions.get(topic)?.get(partition);
  }

  isAlive(broker: number): boolean {
    return this.aliveBrokers.has(broker);
  }

  endpoint(broker: number, listener: string): BrokerEndpoint | undefined {
    return this.aliveBrokers.get(broker)?.endpoints.get(listener);
  }

  /** Where the leader of a partition is reached through this listener; undefined: no leader, or it has no such listener. */
  leaderEndpoint(topic: string, partition: number, listener: string): BrokerEndpoint | undefined {
    const state = this.partition(topic, partition);
    return state === undefined ? undefined : this.endpoint(state.leader, listener);
  }

  /** Runs when partitions are deleted with their topic. */
  onDeletion(listener: (topic: string, partitions: readonly number[]) => void): void {
    this.onChange(({ partitions }) => {
      const deleted = new Map<string, number[]>();
      for (const { topic, partition, state } of partitions)
        if (state.leader === LEADER_DURING_DELETE)
          deleted.set(topic, [...(deleted.get(topic) ?? []), partition]);
      for (const [topic, indexes] of deleted) listener(topic, indexes);
    });
  }

  /** Runs after each update. */
  onChange(listener: (update: MetadataUpdate) => void): void {
    this.listeners.push(listener);
  }

  update(update: MetadataUpdate): void {
    this.controllerId = update.controllerId;
    this.aliveBrokers = new Map(update.brokers.map((broker) => [broker.id, broker]));
    for (const { topic, partition, state } of update.partitions) {
      if (state.leader === LEADER_DURING_DELETE) {
        const partitions = this.topicPartitions.get(topic);
        partitions?.delete(partition);
        if (partitions?.size === 0) this.topicPartitions.delete(topic);
        continue;
      }
      let partitions = this.topicPartitions.get(topic);
      if (partitions === undefined)
        this.topicPartitions.set(topic, (partitions = new Map<number, PartitionMetadata>()));
      partitions.set(partition, state);
    }
    for (const listener of this.listeners) listener(update);
  }
}
