import type { TopicPartition } from '../topic-partition.ts';
import { encodeJson, JsonFields } from './json.ts';

/** Partitions in a znode: ISR change notifications and `/admin/preferred_replica_election`. */
export function encodePartitionList(partitions: readonly TopicPartition[]): Buffer {
  return encodeJson({
    version: 1,
    partitions: partitions.map(({ topic, partition }) => ({ topic, partition })),
  });
}

export function decodePartitionList(path: string, data: Buffer | null): TopicPartition[] {
  return JsonFields.parse(path, data)
    .objects('partitions')
    .map((entry) => ({ topic: entry.text('topic'), partition: entry.integer('partition') }));
}

/** A partition and the brokers that are to hold it. */
export interface WantedReplicas extends TopicPartition {
  readonly replicas: readonly number[];
}

/** `/admin/reassign_partitions` */
export function encodeReassignments(wanted: readonly WantedReplicas[]): Buffer {
  return encodeJson({
    version: 1,
    partitions: wanted.map(({ topic, partition, replicas }) => ({ topic, partition, replicas })),
  });
}

export function decodeReassignments(path: string, data: Buffer | null): WantedReplicas[] {
  return JsonFields.parse(path, data)
    .objects('partitions')
    .map((entry) => ({
      topic: entry.text('topic'),
      partition: entry.integer('partition'),
      replicas: entry.integers('replicas'),
    }));
}

/** A log directory of a broker failed: `/log_dir_event_notification/log_dir_event_<n>`. */
export function encodeLogDirEvent(broker: number): Buffer {
  return encodeJson({ version: 1, broker, event: 1 });
}

/** The broker whose log directory failed. */
export function decodeLogDirEvent(path: string, data: Buffer | null): number {
  return JsonFields.parse(path, data).integer('broker');
}
