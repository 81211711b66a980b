import { api } from '../api.ts';
import { array, int16, int32, int64, string, struct } from '../schema.ts';

/**
 * OffsetForLeaderEpoch (23): where a leader epoch ends, so that followers and consumers can find out where logs part
 * (KIP-101, KIP-320).
 *
 * - v1: response: leaderEpoch; the epoch in which it is.
 * - v2: currentLeaderEpoch; response: throttleTimeMs; fencing by leader epoch (KIP-320).
 * - v3: replicaId; which follower asks.
 * - v4: flexible.
 */
export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [0, 4],
  flexible: 4,
  request: {
    replicaId: int32({ since: 3, default: -2, ignorable: true }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            errorCode: int16(),
            partition: int32(),
            leaderEpoch: int32({ since: 1, default: -1, ignorable: true }),
            endOffset: int64({ default: -1 }),
          }),
        ),
      }),
    ),
  },
});
