import { api } from '../api.ts';
import { array, bool, int16, int32, int64, nullable, string, struct, uint16, uuid } from '../schema.ts';

/**
 * Vote (52): a candidate of the KRaft quorum asks for votes (KIP-595).
 *
 * - v1: voterId, replicaDirectoryId and voterDirectoryId; response: nodeEndpoints; directory ids (KIP-853).
 * - v2: preVote; votes before an election (KIP-996).
 */
export const vote = api({
  key: 52,
  name: 'Vote',
  versions: [0, 2],
  flexible: 0,
  request: {
    clusterId: nullable(string({ default: null })),
    voterId: int32({ since: 1, default: -1, ignorable: true }),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicaEpoch: int32(),
            replicaId: int32(),
            replicaDirectoryId: uuid({ since: 1, ignorable: true }),
            voterDirectoryId: uuid({ since: 1, ignorable: true }),
            lastOffsetEpoch: int32(),
            lastOffset: int64(),
            preVote: bool({ since: 2 }),
          }),
        ),
      }),
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
            voteGranted: bool(),
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
