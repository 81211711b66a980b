import { api } from '../api.ts';
import { array, bool, int16, int32, int64, string, struct } from '../schema.ts';

/**
 * AddPartitionsToTxn (24): a producer adds partitions to its transaction (KIP-98).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: PRODUCER_FENCED may be answered (KIP-588).
 * - v3: flexible.
 * - v4: transactions, no more v3AndBelowTransactionalId, v3AndBelowProducerId, v3AndBelowProducerEpoch and
 *   v3AndBelowTopics; response: errorCode and resultsByTransaction, no more resultsByTopicV3AndBelow; brokers ask
 *   for several transactions at once, or only whether they go on (KIP-890).
 * - v5: TRANSACTION_ABORTABLE may be answered (KIP-890).
 */
export const addPartitionsToTxn = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactions: array(
      struct({
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        verifyOnly: bool({ default: false }),
        topics: array(
          struct({
            name: string(),
            partitions: array(int32()),
          }),
        ),
      }),
      { since: 4 },
    ),
    v3AndBelowTransactionalId: string({ until: 3 }),
    v3AndBelowProducerId: int64({ until: 3 }),
    v3AndBelowProducerEpoch: int16({ until: 3 }),
    v3AndBelowTopics: array(
      struct({
        name: string(),
        partitions: array(int32()),
      }),
      { until: 3 },
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 4, ignorable: true }),
    resultsByTransaction: array(
      struct({
        transactionalId: string(),
        topicResults: array(
          struct({
            name: string(),
            resultsByPartition: array(
              struct({
                partitionIndex: int32(),
                partitionErrorCode: int16(),
              }),
            ),
          }),
        ),
      }),
      { since: 4 },
    ),
    resultsByTopicV3AndBelow: array(
      struct({
        name: string(),
        resultsByPartition: array(
          struct({
            partitionIndex: int32(),
            partitionErrorCode: int16(),
          }),
        ),
      }),
      { until: 3 },
    ),
  },
});
