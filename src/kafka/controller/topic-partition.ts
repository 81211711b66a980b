/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The name of a partition as logs and folders spell it; unique, since a partition number has no dash. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** One copy of a partition. */
export interface Replica extends TopicPartition {
  readonly broker: number;
}
