import { recordType } from './record-type.ts';
import { array, int16, int32, int64, int8, nullable, string, struct } from '../schema.ts';

/**
 * Records of `__transaction_state` (KIP-98).
 */

/** A transactional id: its producer, its state and the partitions of the transaction. v1: flexible; the transaction protocol of KIP-890. */
export const transactionLog = recordType({
  type: 0,
  name: 'TransactionLog',
  key: {
    transactionalId: string(),
  },
  value: {
    versions: [0, 1],
    flexible: 1,
    fields: {
      producerId: int64(),
      previousProducerId: int64({ since: 1, tag: 0, default: -1 }),
      nextProducerId: int64({ since: 1, tag: 1, default: -1 }),
      producerEpoch: int16(),
      nextProducerEpoch: int16({ since: 1, tag: 3, default: -1 }),
      transactionTimeoutMs: int32(),
      transactionStatus: int8(),
      transactionPartitions: nullable(
        array(
          struct({
            topic: string(),
            partitionIds: array(int32()),
          }),
        ),
      ),
      transactionLastUpdateTimestampMs: int64(),
      transactionStartTimestampMs: int64(),
      clientTransactionVersion: int16({ since: 1, tag: 2 }),
    },
  },
});
