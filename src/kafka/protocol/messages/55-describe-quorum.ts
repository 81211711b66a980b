import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct, uint16, uuid } from '../schema.ts';

/**
 * DescribeQuorum (55): voters and observers of the KRaft quorum (KIP-595).
 *
 * - v1: response: lastFetchTimestamp and lastCaughtUpTimestamp; when they last fetched (KIP-836).
 * - v2: response: errorMessage, replicaDirectoryId and nodes; directory ids and end points (KIP-853).
 */
export const describeQuorum = api({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexible: 0,
  request: {
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    errorCode: int16(),
    errorMessage: nullable(string({ since: 2, ignorable: true })),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: nullable(string({ since: 2, ignorable: true })),
            leaderId: int32(),
            leaderEpoch: int32(),
            highWatermark: int64(),
            currentVoters: array(
              struct({
                replicaId: int32(),
                replicaDirectoryId: uuid({ since: 2 }),
                logEndOffset: int64(),
                lastFetchTimestamp: int64({ since: 1, default: -1, ignorable: true }),
                lastCaughtUpTimestamp: int64({ since: 1, default: -1, ignorable: true }),
              }),
            ),
            observers: array(
              struct({
                replicaId: int32(),
                replicaDirectoryId: uuid({ since: 2 }),
                logEndOffset: int64(),
                lastFetchTimestamp: int64({ since: 1, default: -1, ignorable: true }),
                lastCaughtUpTimestamp: int64({ since: 1, default: -1, ignorable: true }),
              }),
            ),
          }),
        ),
      }),
    ),
    nodes: array(
      struct({
        nodeId: int32(),
        listeners: array(
          struct({
            name: string(),
            host: string(),
            port: uint16(),
          }),
        ),
      }),
      { since: 2 },
    ),
  },
});
