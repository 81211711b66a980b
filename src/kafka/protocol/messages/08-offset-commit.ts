import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * OffsetCommit (8): a member of a group, or a client without one, stores how far it has read.
 *
 * - v0: offsets were kept in ZooKeeper.
 * - v1: generationIdOrMemberEpoch, memberId and commitTimestamp; members and generations.
 * - v2: retentionTimeMs, no more commitTimestamp; no commit timestamps, a retention time instead.
 * - v3: response: throttleTimeMs.
 * - v4: throttled answers are sent before the wait (KIP-219).
 * - v5: no more retentionTimeMs; the broker decides on retention (KIP-211).
 * - v6: committedLeaderEpoch; leader epochs (KIP-320).
 * - v7: groupInstanceId; static members (KIP-345).
 * - v8: flexible.
 * - v9: GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH may be answered (KIP-848).
 * - v10: topicId, no more name; response: topicId, no more name; topic ids (KIP-848).
 */
export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [0, 10],
  flexible: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string({ since: 1, ignorable: true }),
    groupInstanceId: nullable(string({ since: 7, default: null })),
    retentionTimeMs: int64({ since: 2, until: 4, default: -1, ignorable: true }),
    topics: array(
      struct({
        name: string({ until: 9, ignorable: true }),
        topicId: uuid({ since: 10, ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            commitTimestamp: int64({ since: 1, until: 1, default: -1 }),
            committedLeaderEpoch: int32({ since: 6, default: -1, ignorable: true }),
            committedMetadata: nullable(string()),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ since: 3, ignorable: true }),
    topics: array(
      struct({
        name: string({ until: 9, ignorable: true }),
        topicId: uuid({ since: 10, ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
});
