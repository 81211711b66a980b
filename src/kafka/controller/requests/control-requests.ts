import type { TopicPartition } from '../topic-partition.ts';
import type { LiveBroker } from '../znodes/broker-registration.ts';
import type { PartitionState, VersionedPartitionState } from '../znodes/partition-state.ts';

/** A partition's state as a replica is told it. */
export interface LeaderAndIsrPartition extends TopicPartition {
  readonly state: VersionedPartitionState;
  readonly replicas: readonly number[];
  /** The replica may have no log yet, so the broker may put it wherever it likes. */
  readonly isNew: boolean;
}

/** A partition's state as every broker is told it, for the metadata that clients ask for. */
export interface UpdateMetadataPartition extends TopicPartition {
  readonly state: PartitionState & { readonly version: number };
  readonly replicas: readonly number[];
  readonly offlineReplicas: readonly number[];
}

/** What a controller tells a broker, in no version yet. */
export type ControlRequest =
  | {
      readonly kind: 'leaderAndIsr';
      readonly partitions: readonly LeaderAndIsrPartition[];
      /** The brokers that lead one of these partitions. */
      readonly liveLeaders: readonly LiveBroker[];
    }
  | {
      readonly kind: 'updateMetadata';
      readonly partitions: readonly UpdateMetadataPartition[];
      readonly liveBrokers: readonly LiveBroker[];
    }
  | {
      readonly kind: 'stopReplica';
      readonly partitions: readonly (TopicPartition & { readonly leaderEpoch: number })[];
      readonly deletePartitions: boolean;
    };

/** A request to one broker. Those to the same broker must arrive in the order in which they were decided. */
export interface ControlMessage {
  readonly to: number;
  readonly request: ControlRequest;
}
