/** What a topic may set about its logs, with the broker's defaults filled in. Names are those of Apache's topic keys. */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly indexIntervalBytes: number;
  /** How large an index file may grow before the segment is rolled. */
  readonly segmentIndexBytes: number;
  /** -1: never. */
  readonly retentionMs: number;
  /** -1: no limit. */
  readonly retentionBytes: number;
  readonly maxMessageBytes: number;
  readonly cleanupPolicy: readonly CleanupPolicy[];
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly messageTimestampDifferenceMaxMs: number;
  readonly minInsyncReplicas: number;
  readonly uncleanLeaderElectionEnable: boolean;
  /** The format that records are stored in (from `message.format.version`). */
  readonly messageMagic: 0 | 1 | 2;
  readonly messageFormatVersion: string;
  readonly messageDownconversionEnable: boolean;
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly fileDeleteDelayMs: number;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly preallocate: boolean;
}

export type CleanupPolicy = 'delete' | 'compact';

/** "Never", as Apache's Long.MAX_VALUE; the largest number that adds and compares exactly. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** The defaults of Kafka 2.3.0. */
export const defaultLogConfig: LogConfig = {
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  indexIntervalBytes: 4096,
  segmentIndexBytes: 10_485_760,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  maxMessageBytes: 1_000_012,
  cleanupPolicy: ['delete'],
  compressionType: 'producer',
  messageTimestampType: 'CreateTime',
  messageTimestampDifferenceMaxMs: NEVER,
  minInsyncReplicas: 1,
  uncleanLeaderElectionEnable: false,
  messageMagic: 2,
  messageFormatVersion: '2.3-IV1',
  messageDownconversionEnable: true,
  flushMessages: NEVER,
  flushMs: NEVER,
  fileDeleteDelayMs: 60_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: NEVER,
  minCleanableDirtyRatio: 0.5,
  preallocate: false,
};
