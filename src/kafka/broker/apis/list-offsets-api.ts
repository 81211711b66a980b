import type { Int64 } from '../../../wire/int64.ts';
import type { ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { listOffsets } from '../../protocol/messages/02-list-offsets.ts';
import type { Partition } from '../../replication/partition.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { ServedApi } from '../served-api.ts';
import { serve } from '../served-api.ts';
import { segmentOffsets } from './segment-offsets.ts';

/** 11 asks about uploads to remote storage, which isn't here. */
const VERSIONS = [0, 10] as const;

/** Times with a meaning, and since which version they have it. */
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const SINCE: Record<number, number> = { [MAX_TIMESTAMP]: 7, [EARLIEST_LOCAL]: 8, [LATEST_TIERED]: 9 };

/** Asks as a consumer; −2 asks any replica, others are followers. */
const CONSUMER = -1;
const DEBUGGING_CONSUMER = -2;
const READ_COMMITTED = 1;
const OFFSET_NOT_AVAILABLE_VERSION = 5;

interface Found {
  readonly timestamp: Int64;
  readonly offset: number;
  readonly leaderEpoch: number;
}

interface Asked {
  readonly version: number;
  readonly replica: number;
  readonly readCommitted: boolean;
  readonly timestamp: number;
  readonly currentLeaderEpoch: number;
}

const NOTHING: Found = { timestamp: -1, offset: -1, leaderEpoch: -1 };

/** ListOffsets: where a log begins and ends for who asks, and the first record of a time. */
export function listOffsetsApi(replicas: ReplicaManager): ServedApi {
  return serve(
    listOffsets,
    (request, context) => {
      const seen = new Set<string>();
      const answer = (
        topic: string,
        asked: (typeof request.topics)[number]['partitions'][number],
      ): ResponseDraft<typeof listOffsets>['topics'][number]['partitions'][number] => {
        const { partitionIndex } = asked;
        try {
          const key = `${topic}:${partitionIndex}`;
          if (context.apiVersion > 0 && seen.has(key)) throw new KafkaError(ErrorCode.INVALID_REQUEST);
          seen.add(key);
          const question = {
            version: context.apiVersion,
            replica: request.replicaId,
            readCommitted: request.isolationLevel === READ_COMMITTED,
            timestamp: Number(asked.timestamp),
            currentLeaderEpoch: asked.currentLeaderEpoch,
          };
          return {
            partitionIndex,
            errorCode: ErrorCode.NONE,
            ...answered(replicas.table.require(topic, partitionIndex), question, asked.maxNumOffsets),
          };
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error;
          return { partitionIndex, errorCode: error.code };
        }
      };
      return {
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map((asked) => answer(name, asked)),
        })),
      };
    },
    {
      versions: VERSIONS,
      errorResponse: (request, errorCode) => ({
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
        })),
      }),
    },
  );
}

/** Version 0 has a list of offsets, later ones the offset with its time, and from 4 on its epoch. */
function answered(partition: Partition, asked: Asked, maxNumOffsets: number) {
  if (asked.version > 0) {
    const found = lookUp(partition, asked);
    return asked.version < 4 ? { timestamp: found.timestamp, offset: found.offset } : found;
  }
  requireReadable(partition, asked.replica);
  const { timestamp } = asked;
  const before = timestamp === LATEST ? 'latest' : timestamp === EARLIEST ? 'earliest' : timestamp;
  return {
    oldStyleOffsets: segmentOffsets(partition.log, before, boundFor(partition, asked), maxNumOffsets),
  };
}

/** Up to where who asks may know of records. */
function boundFor({ log }: Partition, { replica, readCommitted }: Asked): number {
  if (replica >= 0) return log.logEndOffset;
  return readCommitted ? log.lastStableOffset : log.highWatermark;
}

function requireReadable({ leading }: Partition, replica: number): void {
  if (leading === null && replica !== DEBUGGING_CONSUMER)
    throw new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
}

function lookUp(partition: Partition, asked: Asked): Found {
  const { log, leading } = partition;
  requireReadable(partition, asked.replica);
  partition.checkLeaderEpoch(asked.currentLeaderEpoch);
  if (asked.version < (SINCE[asked.timestamp] ?? 0)) throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION);
  const bound = boundFor(partition, asked);
  // a leader that was just elected may not know yet how far its predecessor's consumers have read (KIP-207)
  const isBehind =
    asked.replica === CONSUMER && leading !== null && log.highWatermark < leading.epochStartOffset;
  switch (asked.timestamp) {
    case LATEST:
      if (isBehind) throw notAvailable(asked.version);
      return { timestamp: -1, offset: bound, leaderEpoch: partition.leaderEpoch };
    case EARLIEST:
    case EARLIEST_LOCAL:
      return {
        timestamp: -1,
        offset: log.logStartOffset,
        leaderEpoch: epochAt(partition, log.logStartOffset),
      };
    case LATEST_TIERED:
      return NOTHING;
    case MAX_TIMESTAMP: {
      const found = log.fetchOffsetOfMaxTimestamp();
      return found === null || found.offset >= bound ? NOTHING : fromLog(found);
    }
    default: {
      if (asked.timestamp < 0) throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION);
      const found = log.fetchOffsetByTimestamp(asked.timestamp, bound);
      if (found !== null) return fromLog(found);
      if (isBehind) throw notAvailable(asked.version);
      return NOTHING;
    }
  }
}

function fromLog(found: { timestampMs: Int64; offset: number; leaderEpoch: number }): Found {
  return { timestamp: found.timestampMs, offset: found.offset, leaderEpoch: found.leaderEpoch };
}

function notAvailable(version: number): KafkaError {
  return new KafkaError(
    version >= OFFSET_NOT_AVAILABLE_VERSION ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.LEADER_NOT_AVAILABLE,
  );
}

/** The epoch of the record at an offset; −1: unknown. */
function epochAt(partition: Partition, offset: number): number {
  let epoch = -1;
  for (const entry of partition.log.epochEntries) {
    if (entry.startOffset > offset) break;
    epoch = entry.epoch;
  }
  return epoch;
}
