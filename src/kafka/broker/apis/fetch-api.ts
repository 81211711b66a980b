import { toSafe } from '../../../wire/int64.ts';
import type { RequestOf, ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { fetch } from '../../protocol/messages/01-fetch.ts';
import type { FetchParams, FetchResult } from '../../replication/fetches/fetch-reader.ts';
import type {
  FetchContext,
  FetchPartition,
  FetchSessionCache,
} from '../../replication/fetches/fetch-session.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Clock } from '../../../runtime/runtime.ts';
import { nowOrLater } from '../later.ts';
import type { TopicIds } from '../topic-ids.ts';
import type { RequestContext, ServedApi } from '../served-api.ts';
import { serve } from '../served-api.ts';
import type { FetchConverter } from './fetch-converter.ts';

type FetchRequest = RequestOf<typeof fetch>;
type FetchResponse = ResponseDraft<typeof fetch>;
type TopicAnswer = FetchResponse['responses'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

export interface FetchApiOptions {
  readonly replicas: ReplicaManager;
  readonly sessions: FetchSessionCache;
  readonly topicIds: TopicIds;
  readonly convert: FetchConverter;
  readonly clock: Clock;
}

/** 18 lets followers tell their high watermark, which brokers with ZooKeeper never do. */
const VERSIONS = [0, 17] as const;
/** From here on topics are named by ids. */
const TOPIC_ID_VERSION = 13;
const READ_COMMITTED = 1;

const SESSION_ERRORS = {
  notFound: ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  invalidEpoch: ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  topicIdError: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
};

/** Fetch: what consumers and followers read. Waits for `minBytes`, remembers sessions, answers of a session what changed. */
export function fetchApi(options: FetchApiOptions): ServedApi {
  const { replicas, sessions, topicIds, clock } = options;
  return serve(
    fetch,
    (request, context) => {
      const fetcher = sessions.begin(sessionRequest(request, context, topicIds), clock.monotonicMs());
      if (fetcher.kind === 'error')
        return { errorCode: SESSION_ERRORS[fetcher.code], sessionId: 0, responses: [] };
      const wanted = fetcher.kind === 'full' ? fetcher.partitions : [...fetcher.session.partitions()];
      const params = fetchParams(request, context);
      const unknown =
        context.apiVersion >= TOPIC_ID_VERSION ? wanted.filter((each) => isUnknown(each, topicIds)) : [];
      const known = unknown.length === 0 ? wanted : wanted.filter((each) => each.topic !== '');
      return nowOrLater<FetchResult[], FetchResponse>(
        (done) => {
          // whoever asks for a topic that isn't there is told at once
          const delayed = replicas.fetch(
            known,
            unknown.length === 0 ? params : { ...params, maxWaitMs: 0 },
            done,
          );
          if (delayed !== null) context.onClosed(() => delayed.cancel());
        },
        (results) => respond(fetcher, [...results, ...unknown.map(unknownTopicId)], context, options),
      );
    },
    {
      versions: VERSIONS,
      errorResponse: (_, code) => ({ errorCode: code, sessionId: 0, responses: [] }),
    },
  );
}

function replicaOf(request: FetchRequest): number {
  return request.replicaState.replicaId >= 0 ? request.replicaState.replicaId : request.replicaId;
}

function fetchParams(request: FetchRequest, context: RequestContext): FetchParams {
  const replica = replicaOf(request);
  return {
    replica,
    apiVersion: context.apiVersion,
    maxWaitMs: request.maxWaitMs,
    minBytes: request.minBytes,
    maxBytes: request.maxBytes,
    readCommitted: replica < 0 && request.isolationLevel === READ_COMMITTED,
  };
}

/** Looks the name up that an id stands for; a session may have asked before the topic was known. */
function isUnknown(partition: FetchPartition, topicIds: TopicIds): boolean {
  if (partition.topic === '') partition.topic = topicIds.nameOf(partition.topicId) ?? '';
  return partition.topic === '';
}

function sessionRequest(
  request: FetchRequest,
  context: RequestContext,
  topicIds: TopicIds,
): Parameters<FetchSessionCache['begin']>[0] {
  const partitions: FetchPartition[] = [];
  const usesTopicIds = context.apiVersion >= TOPIC_ID_VERSION;
  for (const { topic, topicId, partitions: wanted } of request.topics)
    for (const each of wanted)
      partitions.push({
        topic: usesTopicIds ? (topicIds.nameOf(topicId) ?? '') : topic,
        topicId,
        partition: each.partition,
        fetchOffset: toSafe(each.fetchOffset, 'fetch offset'),
        maxBytes: each.partitionMaxBytes,
        logStartOffset: toSafe(each.logStartOffset, 'log start offset'),
        currentLeaderEpoch: each.currentLeaderEpoch,
        lastFetchedEpoch: each.lastFetchedEpoch,
        sentHighWatermark: -1,
        sentLogStartOffset: -1,
      });
  return {
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    fromFollower: replicaOf(request) >= 0,
    usesTopicIds,
    partitions,
    forgotten: request.forgottenTopicsData.flatMap(({ topic, topicId, partitions: indexes }) =>
      indexes.map((partition) => ({ topic, topicId, partition })),
    ),
  };
}

function unknownTopicId(request: FetchPartition): FetchResult {
  return {
    request,
    code: ErrorCode.UNKNOWN_TOPIC_ID,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    aborted: [],
    records: [],
    sizeBytes: 0,
    memory: null,
    diverging: null,
  };
}

function respond(
  fetcher: Exclude<FetchContext, { kind: 'error' }>,
  results: readonly FetchResult[],
  context: RequestContext,
  { replicas, convert }: FetchApiOptions,
): FetchResponse {
  context.onSent(() => replicas.release(results));
  const responses: { topic: string; topicId: string; partitions: PartitionAnswer[] }[] = [];
  let last: (typeof responses)[number] | undefined;
  for (const result of results) {
    const { request } = result;
    const converted = convert(
      result,
      context.apiVersion,
      replicas.partition(request.topic, request.partition),
    );
    if (!isNews(fetcher, converted)) continue;
    if (last === undefined || last.topic !== request.topic || last.topicId !== request.topicId) {
      last = { topic: request.topic, topicId: request.topicId, partitions: [] };
      responses.push(last);
    }
    last.partitions.push(partitionAnswer(converted));
  }
  return { errorCode: ErrorCode.NONE, sessionId: fetcher.session?.id ?? 0, responses };
}

/** A session is told what it doesn't know yet; others are told all. */
function isNews(fetcher: Exclude<FetchContext, { kind: 'error' }>, result: FetchResult): boolean {
  const { session } = fetcher;
  if (session === null) return true;
  const { request } = result;
  const changed =
    result.sizeBytes > 0 ||
    result.code !== ErrorCode.NONE ||
    result.diverging !== null ||
    request.sentHighWatermark !== result.highWatermark ||
    request.sentLogStartOffset !== result.logStartOffset;
  // after an error the fetcher is told again when it is over
  request.sentHighWatermark = result.code === ErrorCode.NONE ? result.highWatermark : -1;
  request.sentLogStartOffset = result.logStartOffset;
  if (result.sizeBytes > 0) session.served(request);
  return changed || fetcher.kind === 'full';
}

function partitionAnswer(result: FetchResult): PartitionAnswer {
  const { request, diverging, aborted } = result;
  return {
    partitionIndex: request.partition,
    errorCode: result.code,
    highWatermark: result.highWatermark,
    lastStableOffset: result.lastStableOffset,
    logStartOffset: result.logStartOffset,
    ...(diverging === null ? undefined : { divergingEpoch: diverging }),
    abortedTransactions: aborted,
    preferredReadReplica: -1,
    records: result.records.length === 1 ? result.records[0]! : result.records,
  };
}
