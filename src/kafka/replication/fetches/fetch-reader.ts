import type { AbortedTransaction, ReadResult } from '../../log/log-types.ts';
import type { PartitionLog } from '../../log/partition-log.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import type { FetchPartition } from './fetch-session.ts';
import type { Partition } from '../partition.ts';

/** How a fetch reads, whatever it reads. */
export interface FetchParams {
  /** The follower that asks; −1 a consumer, −2 a debugging consumer that any replica serves. */
  readonly replica: number;
  readonly apiVersion: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
}

export interface FetchResult {
  readonly request: FetchPartition;
  readonly code: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** Null: not asked for. */
  readonly aborted: readonly AbortedTransaction[] | null;
  readonly records: readonly Buffer[];
  readonly sizeBytes: number;
  /** See `ReadResult.memory`. */
  readonly memory: Buffer | null;
  /** Where the fetcher's log and ours part (KIP-595): it must cut its own and gets no records. */
  readonly diverging: { readonly epoch: number; readonly endOffset: number } | null;
}

const NO_RECORDS: readonly Buffer[] = [];
/** From this version on any replica serves consumers (KIP-392). */
const FETCH_FROM_FOLLOWER_VERSION = 11;
/**
 * Before this version a first batch that is larger than the limits is cut instead of sent whole (KIP-74): such a consumer sees by the piece
 * that it can't go on, and says so.
 */
const WHOLE_FIRST_BATCH_VERSION = 3;

export function failedFetch(request: FetchPartition, code: number): FetchResult {
  return {
    request,
    code,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    aborted: null,
    records: NO_RECORDS,
    sizeBytes: 0,
    memory: null,
    diverging: null,
  };
}

/** Up to where (exclusive) this fetcher may read now. */
function readBound(partition: Partition, params: FetchParams): number {
  if (params.replica >= 0) return partition.log.logEndOffset;
  return params.readCommitted ? partition.log.lastStableOffset : partition.log.highWatermark;
}

/** Whether there may be something new for a waiting fetch, or an error: cheap, reads no file. */
export function worthReading(partition: Partition, request: FetchPartition, params: FetchParams): boolean {
  return (
    request.fetchOffset < readBound(partition, params) ||
    request.fetchOffset > partition.log.logEndOffset ||
    request.fetchOffset < partition.log.logStartOffset ||
    (partition.leading === null && params.replica >= 0)
  );
}

/** Reads one partition. `firstTime`: a follower's position is taken from it, and its leadership and epoch are checked. */
export function readPartition(
  partition: Partition,
  request: FetchPartition,
  params: FetchParams,
  maxBytes: number,
  minOneBatch: boolean,
  firstTime: boolean,
): FetchResult {
  try {
    return read(partition, request, params, maxBytes, minOneBatch, firstTime);
  } catch (error) {
    if (error instanceof KafkaError) return failedFetch(request, error.code);
    throw error;
  }
}

function read(
  partition: Partition,
  request: FetchPartition,
  params: FetchParams,
  maxBytes: number,
  minOneBatch: boolean,
  firstTime: boolean,
): FetchResult {
  const { log } = partition;
  const fromFollower = params.replica >= 0;
  if (
    partition.leading === null &&
    (fromFollower || (params.replica === -1 && params.apiVersion < FETCH_FROM_FOLLOWER_VERSION))
  )
    throw new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  partition.checkLeaderEpoch(request.currentLeaderEpoch);
  const { fetchOffset } = request;
  const diverging = request.lastFetchedEpoch >= 0 ? divergence(partition, request) : null;
  if (diverging === null) {
    if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset)
      throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE);
    if (
      fromFollower &&
      firstTime &&
      !partition.followerFetched(params.replica, fetchOffset, request.logStartOffset)
    )
      throw new KafkaError(
        request.currentLeaderEpoch >= 0 ? ErrorCode.UNKNOWN_LEADER_EPOCH : ErrorCode.NOT_LEADER_OR_FOLLOWER,
      );
  }
  const bound = readBound(partition, params);
  const limit = Math.min(maxBytes, request.maxBytes);
  const hasRecords = diverging === null && fetchOffset < bound && (limit > 0 || minOneBatch);
  const found = hasRecords ? readLog(log, fetchOffset, limit, bound, minOneBatch, params.apiVersion) : null;
  return {
    request,
    code: ErrorCode.NONE,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    aborted: params.readCommitted ? abortedIn(partition, fetchOffset, found) : null,
    records: found?.records ?? NO_RECORDS,
    sizeBytes: found?.sizeBytes ?? 0,
    memory: found?.memory ?? null,
    diverging,
  };
}

function readLog(
  log: PartitionLog,
  from: number,
  limit: number,
  bound: number,
  minOneBatch: boolean,
  apiVersion: number,
): ReadResult {
  if (apiVersion >= WHOLE_FIRST_BATCH_VERSION) return log.read(from, limit, bound, minOneBatch);
  const found = log.read(from, limit, bound, false);
  if (found.sizeBytes > 0) return found;
  const { records, memory } = log.read(from, limit, bound, true);
  const cut = records.slice(0, 1).map((first) => first.subarray(0, limit));
  return { records: cut, sizeBytes: cut[0]?.length ?? 0, nextOffset: from, memory };
}

function divergence(partition: Partition, request: FetchPartition): FetchResult['diverging'] {
  const end = partition.log.endOffsetForEpoch(request.lastFetchedEpoch);
  if (end.epoch < 0 || end.endOffset < 0) throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE);
  return end.epoch < request.lastFetchedEpoch || end.endOffset < request.fetchOffset ? end : null;
}

function abortedIn(
  partition: Partition,
  from: number,
  found: ReadResult | null,
): readonly AbortedTransaction[] {
  return found === null || found.sizeBytes === 0
    ? []
    : partition.log.abortedTransactions(from, found.nextOffset);
}
