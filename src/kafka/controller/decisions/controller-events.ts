import type { TopicPartition } from '../topic-partition.ts';

/** What may happen to a controller. It handles one after the other, each to its end. */
export type ControllerEvent =
  /** Elected: everything has to be read. */
  | { readonly kind: 'elected' }
  | { readonly kind: 'brokersChanged' }
  | { readonly kind: 'topicsChanged' }
  | { readonly kind: 'topicChanged'; readonly topic: string }
  | { readonly kind: 'topicDeletionsRequested' }
  | { readonly kind: 'reassignmentsRequested' }
  /** The state of a partition changed that is being reassigned. */
  | { readonly kind: 'stateChanged'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'preferredElectionRequested' }
  | { readonly kind: 'isrsChanged' }
  | { readonly kind: 'logDirsFailed' }
  /** Answers to LeaderAndIsr: which replicas have a log directory that works. */
  | {
      readonly kind: 'replicasAnswered';
      readonly broker: number;
      readonly online: readonly TopicPartition[];
      readonly failed: readonly TopicPartition[];
    }
  /** Answers to StopReplica with deletion. */
  | {
      readonly kind: 'replicasDeleted';
      readonly broker: number;
      readonly deleted: readonly TopicPartition[];
      readonly failed: readonly TopicPartition[];
    }
  /** Unclean elections were allowed for a topic, or for all (null). */
  | { readonly kind: 'uncleanElectionAllowed'; readonly topic: string | null }
  | { readonly kind: 'rebalanceDue' };

/** Why no leader was elected on request. */
export type ElectionRefusal = 'unknownPartition' | 'notNeeded' | 'noEligibleLeader' | 'topicInDeletion';

export interface ElectionResult extends TopicPartition {
  /** Null: elected. */
  readonly refused: ElectionRefusal | null;
}

export type ShutdownAnswer =
  /** The partitions that the broker still leads: it should ask again. */
  | { readonly outcome: 'ok'; readonly remaining: readonly TopicPartition[] }
  | { readonly outcome: 'staleEpoch' | 'unknownBroker' };
