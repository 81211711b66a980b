import type { RequestOf, ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { metadata as metadataApi } from '../../protocol/messages/03-metadata.ts';
import { describeCluster } from '../../protocol/messages/60-describe-cluster.ts';
import { isInternalTopic } from '../../protocol/internal-topics.ts';
import type { MetadataCache, PartitionMetadata } from '../metadata-cache.ts';
import type { RequestContext, ServedApi } from '../served-api.ts';
import { serve } from '../served-api.ts';
import type { TopicIds } from '../topic-ids.ts';
import { topicNameProblem } from '../../admin/topics/topic-name.ts';

export interface MetadataApiOptions {
  readonly metadata: MetadataCache;
  readonly clusterId: string;
  readonly topicIds: TopicIds;
  readonly autoCreateTopicsEnable: boolean;
  /** Makes a topic with the broker's defaults. Resolves with the code to answer: LEADER_NOT_AVAILABLE when it is there now. */
  autoCreate(topic: string): Promise<number>;
}

type Topic = ResponseDraft<typeof metadataApi>['topics'][number];
type TopicPartition = Topic['partitions'][number];

/** Bits of the operations that somebody may do where nothing is forbidden (KIP-430). */
const ALL_TOPIC_OPERATIONS = operations(3, 4, 5, 6, 7, 8, 10, 11);
const ALL_CLUSTER_OPERATIONS = operations(5, 7, 8, 9, 10, 11, 12);
const NOT_ASKED = -0x80000000;

/** From here on a leader without the client's listener has a code of its own. */
const LISTENER_NOT_FOUND_VERSION = 6;
const BROKER_ENDPOINTS = 1;
/** From here on an answer needn't have a topic's name. */
const NULL_NAME_VERSION = 12;

/** Metadata and DescribeCluster, from what the controller told this broker; addresses are those of the listener that was asked. */
export function metadataApis(options: MetadataApiOptions): ServedApi[] {
  const { metadata, clusterId } = options;
  const brokersOf = (listener: string): { id: number; host: string; port: number; rack: string | null }[] =>
    [...metadata.brokers.values()].flatMap(({ id, rack, endpoints }) => {
      const endpoint = endpoints.get(listener);
      return endpoint === undefined ? [] : [{ id, host: endpoint.host, port: endpoint.port, rack }];
    });
  return [
    serve(metadataApi, async (request, context) => {
      const topics = await Promise.all(
        requested(request, context, options).map((topic) => describe(topic, request, context, options)),
      );
      return {
        brokers: brokersOf(context.listener).map(({ id, ...rest }) => ({ nodeId: id, ...rest })),
        clusterId,
        controllerId: metadata.controllerId,
        topics: topics.map((topic) => ({
          ...topic,
          topicAuthorizedOperations:
            request.includeTopicAuthorizedOperations &&
            topic.errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
              ? ALL_TOPIC_OPERATIONS
              : NOT_ASKED,
        })),
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
          ? ALL_CLUSTER_OPERATIONS
          : NOT_ASKED,
      };
    }),
    serve(
      describeCluster,
      (request, context) => {
        const isBrokers = request.endpointType === BROKER_ENDPOINTS;
        return {
          throttleTimeMs: 0,
          errorCode: isBrokers ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
          errorMessage: isBrokers ? null : 'this is a broker; only brokers can be described here',
          clusterId,
          endpointType: request.endpointType,
          controllerId: metadata.controllerId,
          brokers: isBrokers
            ? brokersOf(context.listener).map(({ id, ...rest }) => ({ brokerId: id, ...rest }))
            : [],
          clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
            ? ALL_CLUSTER_OPERATIONS
            : NOT_ASKED,
        };
      },
      { versions: [0, 1] },
    ),
  ];
}

interface Requested {
  /** Null: asked for by an id. */
  readonly name: string | null;
  readonly topicId: string;
}

function requested(
  request: RequestOf<typeof metadataApi>,
  context: RequestContext,
  { metadata, topicIds }: MetadataApiOptions,
): Requested[] {
  const wantsAll = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
  if (wantsAll || request.topics === null)
    return [...metadata.topics()].map((name) => ({ name, topicId: topicIds.idOf(name) }));
  const seen = new Set<string>();
  return request.topics
    .map(({ name, topicId }) => ({ name: name ?? topicIds.nameOf(topicId) ?? null, topicId }))
    .filter(({ name, topicId }) => {
      const key = name ?? topicId;
      return !seen.has(key) && seen.add(key);
    });
}

async function describe(
  { name, topicId }: Requested,
  request: RequestOf<typeof metadataApi>,
  context: RequestContext,
  options: MetadataApiOptions,
): Promise<Topic> {
  const failed = (errorCode: number): Topic => ({
    errorCode,
    name: name ?? (context.apiVersion < NULL_NAME_VERSION ? '' : null),
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
  });
  if (name === null) return failed(ErrorCode.UNKNOWN_TOPIC_ID);
  const partitions = options.metadata.partitions(name);
  if (partitions !== undefined)
    return {
      errorCode: ErrorCode.NONE,
      name,
      topicId: options.topicIds.idOf(name),
      isInternal: isInternalTopic(name),
      partitions: [...partitions]
        .sort(([a], [b]) => a - b)
        .map(([index, state]) => describePartition(index, state, context, options.metadata)),
    };
  if (topicNameProblem(name) !== null) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION);
  const mayCreate = request.allowAutoTopicCreation && options.autoCreateTopicsEnable;
  if (!mayCreate && !isInternalTopic(name)) return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  return failed(await options.autoCreate(name));
}

function describePartition(
  partitionIndex: number,
  state: PartitionMetadata,
  { apiVersion, listener }: RequestContext,
  metadata: MetadataCache,
): TopicPartition {
  const isReachable = (broker: number): boolean => metadata.endpoint(broker, listener) !== undefined;
  const hasLeader = isReachable(state.leader);
  const noLeaderCode =
    apiVersion >= LISTENER_NOT_FOUND_VERSION && metadata.isAlive(state.leader)
      ? ErrorCode.LISTENER_NOT_FOUND
      : ErrorCode.LEADER_NOT_AVAILABLE;
  // the oldest clients can't use brokers that they know no address of
  const replicas = apiVersion === 0 ? state.replicas.filter(isReachable) : state.replicas;
  const isr = apiVersion === 0 ? state.isr.filter(isReachable) : state.isr;
  const isIncomplete = replicas.length < state.replicas.length || isr.length < state.isr.length;
  return {
    errorCode: hasLeader ? (isIncomplete ? ErrorCode.REPLICA_NOT_AVAILABLE : ErrorCode.NONE) : noLeaderCode,
    partitionIndex,
    leaderId: hasLeader ? state.leader : -1,
    leaderEpoch: state.leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: [
      ...new Set([...state.offlineReplicas, ...state.replicas.filter((id) => !metadata.isAlive(id))]),
    ],
  };
}

function operations(...codes: number[]): number {
  return codes.reduce((bits, code) => bits | (1 << code), 0);
}
