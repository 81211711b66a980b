import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct, uint16, uuid } from '../schema.ts';

/**
 * EndQuorumEpoch (54): a leader of the KRaft quorum resigns and says who shall follow (KIP-595).
 *
 * - v1: preferredCandidates and leaderEndpoints, no more preferredSuccessors; response: nodeEndpoints; flexible;
 *   directory ids and end points (KIP-853).
 */
export const endQuorumEpoch = api({
  key: 54,
  name: 'EndQuorumEpoch',
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: nullable(string({ default: null })),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32(),
            preferredSuccessors: array(int32(), { until: 0, ignorable: true }),
            preferredCandidates: array(
              struct({
                candidateId: int32(),
                candidateDirectoryId: uuid(),
              }),
              { since: 1, ignorable: true },
            ),
          }),
        ),
      }),
    ),
    leaderEndpoints: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      { since: 1, ignorable: true },
    ),
  },
  response: {
    errorCode: int16(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            leaderId: int32(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: uint16(),
      }),
      { since: 1, tag: 0 },
    ),
  },
});
