import type { Int64 } from '../../wire/int64.ts';

/** Which partition a log belongs to. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Who writes: clients are checked most, group and transaction coordinators may write control batches. */
export type AppendOrigin = 'client' | 'coordinator';

export interface LeaderAppendOptions {
  readonly leaderEpoch: number;
  readonly origin: AppendOrigin;
  /** Version of the Produce request; it decides what a request may contain. */
  readonly produceVersion: number;
}

/** What an append did. */
export interface AppendInfo {
  /** Offset of the first record; of a duplicate, the one it got the first time. -1: nothing was there to append. */
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** -1 unless the topic has LogAppendTime. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  /** An idempotent producer sent this before: nothing was written. */
  readonly duplicate: boolean;
  readonly sizeBytes: number;
}

/** Whole batches, as they stand in the log. The first may begin below the offset that was asked for. */
export interface ReadResult {
  /** Parts to send one after the other; never change them. Empty: nothing there (yet). */
  readonly records: readonly Buffer[];
  readonly sizeBytes: number;
  /** The offset after the last batch; `fromOffset` when nothing was read. */
  readonly nextOffset: number;
  /** What they lie in, where it came from the log's `readBuffers`: whoever is done with the records may give it back. */
  readonly memory: Buffer | null;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface OffsetAndTimestamp {
  readonly offset: number;
  readonly timestampMs: Int64;
  /** -1: unknown. */
  readonly leaderEpoch: number;
}

export interface EpochEndOffset {
  /** -1: unknown. */
  readonly epoch: number;
  /** -1: unknown. */
  readonly endOffset: number;
}

export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}
