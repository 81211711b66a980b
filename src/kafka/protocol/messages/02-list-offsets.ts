import { api } from '../api.ts';
import { array, int16, int32, int64, int8, string, struct } from '../schema.ts';

/**
 * ListOffsets (2): the offset of a time, or of the beginning or end of partitions.
 *
 * - v0: several offsets, all older than the time.
 * - v1: no more maxNumOffsets; response: timestamp and offset, no more oldStyleOffsets; one offset and its time
 *   (KIP-79).
 * - v2: isolationLevel; response: throttleTimeMs; isolation levels (KIP-98).
 * - v3: throttled answers are sent before the wait (KIP-219).
 * - v4: currentLeaderEpoch; response: leaderEpoch; leader epochs (KIP-320).
 * - v5: OFFSET_NOT_AVAILABLE may be answered (KIP-207).
 * - v6: flexible.
 * - v7: time -3: the record with the largest timestamp (KIP-734).
 * - v8: time -4: the earliest local offset (KIP-405).
 * - v9: time -5: the last tiered offset (KIP-1005).
 * - v10: timeoutMs; how long remote storage may take (KIP-1075).
 * - v11: time -6: the earliest offset that waits for upload (KIP-1023).
 */
export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  versions: [0, 11],
  flexible: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8({ since: 2 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            currentLeaderEpoch: int32({ since: 4, default: -1, ignorable: true }),
            timestamp: int64(),
            maxNumOffsets: int32({ until: 0, default: 1 }),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ since: 10, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            oldStyleOffsets: array(int64(), { until: 0 }),
            timestamp: int64({ since: 1, default: -1 }),
            offset: int64({ since: 1, default: -1 }),
            leaderEpoch: int32({ since: 4, default: -1 }),
          }),
        ),
      }),
    ),
  },
});
