/** What coordinators (groups, transactions) need of the partitions on this broker. `ReplicaManager` is it. */
export interface LocalReplicas {
  /**
   * Appends batches to a partition that this broker leads. Offsets and epochs are written into `records`.
   * Rejects with a KafkaError: NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, NOT_ENOUGH_REPLICAS,
   * NOT_ENOUGH_REPLICAS_AFTER_APPEND, REQUEST_TIMED_OUT, MESSAGE_TOO_LARGE, …
   * With requiredAcks −1 it resolves when the high watermark has passed the records, with 1 at once.
   */
  appendToLeader(
    topic: string,
    partition: number,
    records: Buffer,
    options: LeaderAppendOptions,
  ): Promise<LeaderAppend>;
  /** What is in the log of a partition led here from `fromOffset` (or the log's start) on, also above the high watermark; undefined: not leader. */
  readLocal(topic: string, partition: number, fromOffset: number, maxBytes: number): LocalRead | undefined;
  /** The epoch in which this broker leads the partition; undefined: it doesn't. */
  leaderEpoch(topic: string, partition: number): number | undefined;
  /** Calls the listener after each change, and at once for every partition that is led here already. */
  onLeadershipChange(listener: LeadershipListener): void;
}

export interface LeaderAppendOptions {
  readonly requiredAcks: -1 | 0 | 1;
  readonly timeoutMs: number;
  readonly origin: 'client' | 'coordinator';
}

export interface LeaderAppend {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
}

export interface LocalRead {
  readonly records: Buffer;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly logEndOffset: number;
}

export interface LeadershipListener {
  becameLeader(topic: string, partition: number, leaderEpoch: number): void;
  /** leaderEpoch: of the new leader; undefined when the replica was taken from this broker. */
  becameFollower(topic: string, partition: number, leaderEpoch: number | undefined): void;
}
