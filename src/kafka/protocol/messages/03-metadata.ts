import { api } from '../api.ts';
import { array, bool, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * Metadata (3): what brokers there are, and the leaders and replicas of topics. A missing topic may be created by
 * asking.
 *
 * - v0: no topics named: all topics.
 * - v1: topics may be null; response: rack, controllerId and isInternal; null: all topics, an empty list: none; rack
 *   and controller.
 * - v2: response: clusterId.
 * - v3: response: throttleTimeMs.
 * - v4: allowAutoTopicCreation; asking needn't create (KIP-204).
 * - v5: response: offlineReplicas; replicas that are offline (KIP-112).
 * - v6: throttled answers are sent before the wait (KIP-219).
 * - v7: response: leaderEpoch; leader epochs (KIP-320).
 * - v8: includeClusterAuthorizedOperations and includeTopicAuthorizedOperations; response: topicAuthorizedOperations
 *   and clusterAuthorizedOperations; which operations are allowed (KIP-430).
 * - v9: flexible.
 * - v10: topicId, name may be null; response: topicId; topic ids (KIP-516).
 * - v11: no more includeClusterAuthorizedOperations; response: no more clusterAuthorizedOperations; cluster
 *   operations are asked by DescribeCluster (KIP-700).
 * - v12: response: name may be null; asking by topic id.
 * - v13: response: errorCode; an error for the whole answer, to ask for a new bootstrap (KIP-1102).
 */
export const metadata = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: nullable(
      array(
        struct({
          topicId: uuid({ since: 10, ignorable: true }),
          name: nullable(string(), { since: 10 }),
        }),
      ),
      { since: 1 },
    ),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  },
  response: {
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    brokers: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullable(string({ since: 1, default: null, ignorable: true })),
      }),
    ),
    clusterId: nullable(string({ since: 2, default: null, ignorable: true })),
    controllerId: int32({ since: 1, default: -1, ignorable: true }),
    topics: array(
      struct({
        errorCode: int16(),
        name: nullable(string(), { since: 12 }),
        topicId: uuid({ since: 10, ignorable: true }),
        isInternal: bool({ since: 1, ignorable: true }),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ since: 7, default: -1, ignorable: true }),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            offlineReplicas: array(int32(), { since: 5, ignorable: true }),
          }),
        ),
        topicAuthorizedOperations: int32({ since: 8, default: -0x8000_0000 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -0x8000_0000 }),
    errorCode: int16({ since: 13, ignorable: true }),
  },
});
