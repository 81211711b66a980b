import { api } from '../api.ts';
import { array, bool, int16, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * OffsetFetch (9): how far groups have read.
 *
 * - v0: offsets were kept in ZooKeeper.
 * - v1: from the offsets topic.
 * - v2: topics may be null; response: errorCode; null: all partitions.
 * - v3: response: throttleTimeMs.
 * - v4: throttled answers are sent before the wait (KIP-219).
 * - v5: response: committedLeaderEpoch; leader epochs (KIP-320).
 * - v6: flexible.
 * - v7: requireStable; only offsets of finished transactions (KIP-447).
 * - v8: groups, no more groupId and topics; response: groups, no more topics and errorCode; several groups at once
 *   (KIP-709).
 * - v9: memberId and memberEpoch; members of the consumer protocol (KIP-848).
 * - v10: topicId, no more name; response: topicId, no more name; topic ids (KIP-848).
 */
export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [0, 10],
  flexible: 6,
  request: {
    groupId: string({ until: 7 }),
    topics: nullable(
      array(
        struct({
          name: string(),
          partitionIndexes: array(int32()),
        }),
        { until: 7 },
      ),
      { since: 2 },
    ),
    groups: array(
      struct({
        groupId: string(),
        memberId: nullable(string({ since: 9, default: null, ignorable: true })),
        memberEpoch: int32({ since: 9, default: -1, ignorable: true }),
        topics: nullable(
          array(
            struct({
              name: string({ until: 9, ignorable: true }),
              topicId: uuid({ since: 10, ignorable: true }),
              partitionIndexes: array(int32()),
            }),
          ),
        ),
      }),
      { since: 8 },
    ),
    requireStable: bool({ since: 7 }),
  },
  response: {
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ since: 5, default: -1, ignorable: true }),
            metadata: nullable(string()),
            errorCode: int16(),
          }),
        ),
      }),
      { until: 7 },
    ),
    errorCode: int16({ since: 2, until: 7, ignorable: true }),
    groups: array(
      struct({
        groupId: string(),
        topics: array(
          struct({
            name: string({ until: 9, ignorable: true }),
            topicId: uuid({ since: 10, ignorable: true }),
            partitions: array(
              struct({
                partitionIndex: int32(),
                committedOffset: int64(),
                committedLeaderEpoch: int32({ default: -1 }),
                metadata: nullable(string()),
                errorCode: int16(),
              }),
            ),
          }),
        ),
        errorCode: int16({ default: 0 }),
      }),
      { since: 8 },
    ),
  },
});
