import { api } from '../api.ts';
import { int16, int32, int64, string } from '../schema.ts';

/**
 * AddOffsetsToTxn (25): a producer adds a group's offsets to its transaction (KIP-98).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: PRODUCER_FENCED may be answered (KIP-588).
 * - v3: flexible.
 * - v4: TRANSACTION_ABORTABLE may be answered (KIP-890).
 */
export const addOffsetsToTxn = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexible: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
});
