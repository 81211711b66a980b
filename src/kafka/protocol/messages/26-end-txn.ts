import { api } from '../api.ts';
import { bool, int16, int32, int64, string } from '../schema.ts';

/**
 * EndTxn (26): a producer commits or aborts its transaction (KIP-98).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: PRODUCER_FENCED may be answered (KIP-588).
 * - v3: flexible.
 * - v4: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * - v5: response: producerId and producerEpoch; the epoch rises with each transaction (KIP-890).
 */
export const endTxn = api({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ since: 5, default: -1, ignorable: true }),
    producerEpoch: int16({ since: 5, default: -1, ignorable: true }),
  },
});
