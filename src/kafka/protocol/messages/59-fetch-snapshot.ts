import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, records, string, struct, uint16, uuid } from '../schema.ts';

/**
 * FetchSnapshot (59): a follower of the KRaft quorum that is far behind reads a snapshot (KIP-630).
 *
 * - v1: replicaDirectoryId; response: nodeEndpoints; directory ids and end points (KIP-853).
 */
export const fetchSnapshot = api({
  key: 59,
  name: 'FetchSnapshot',
  versions: [0, 1],
  flexible: 0,
  request: {
    clusterId: nullable(string({ tag: 0, default: null })),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 0x7fff_ffff }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32(),
            snapshotId: struct({
              endOffset: int64(),
              epoch: int32(),
            }),
            position: int64(),
            replicaDirectoryId: uuid({ since: 1, tag: 0, ignorable: true }),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            index: int32(),
            errorCode: int16(),
            snapshotId: struct({
              endOffset: int64(),
              epoch: int32(),
            }),
            currentLeader: struct(
              {
                leaderId: int32(),
                leaderEpoch: int32(),
              },
              { tag: 0 },
            ),
            size: int64(),
            position: int64(),
            unalignedRecords: records(),
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
