import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct } from '../schema.ts';

/**
 * TxnOffsetCommit (28): a group's offsets as part of a transaction (KIP-98).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: committedLeaderEpoch; leader epochs (KIP-320).
 * - v3: generationId, memberId and groupInstanceId; flexible; fencing by group generation (KIP-447).
 * - v4: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * - v5: the group's partition is added to the transaction by itself (KIP-890).
 */
export const txnOffsetCommit = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32({ since: 3, default: -1 }),
    memberId: string({ since: 3 }),
    groupInstanceId: nullable(string({ since: 3, default: null })),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
            committedMetadata: nullable(string()),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    topics: array(
      struct({
        name: string(),
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
