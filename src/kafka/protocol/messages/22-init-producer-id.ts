import { api } from '../api.ts';
import { bool, int16, int32, int64, nullable, string } from '../schema.ts';

/**
 * InitProducerId (22): a producer gets its id and epoch, and with a transactional id fences its predecessors
 * (KIP-98).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 * - v3: producerId and producerEpoch; a producer can go on after an error (KIP-360).
 * - v4: PRODUCER_FENCED may be answered (KIP-588).
 * - v5: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * - v6: enable2Pc and keepPreparedTxn; response: ongoingTxnProducerId and ongoingTxnProducerEpoch; two-phase commit
 *   (KIP-939), unstable.
 */
export const initProducerId = api({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 6],
  stable: [0, 5],
  flexible: 2,
  request: {
    transactionalId: nullable(string()),
    transactionTimeoutMs: int32(),
    producerId: int64({ since: 3, default: -1 }),
    producerEpoch: int16({ since: 3, default: -1 }),
    enable2Pc: bool({ since: 6 }),
    keepPreparedTxn: bool({ since: 6 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64({ since: 6, default: -1 }),
    ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
  },
});
