import { api } from '../api.ts';
import { array, int16, int32, int64, string, struct } from '../schema.ts';

/**
 * DescribeTransactions (65): state of transactions (KIP-664).
 */
export const describeTransactions = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexible: 0,
  request: {
    transactionalIds: array(string()),
  },
  response: {
    throttleTimeMs: int32(),
    transactionStates: array(
      struct({
        errorCode: int16(),
        transactionalId: string(),
        transactionState: string(),
        transactionTimeoutMs: int32(),
        transactionStartTimeMs: int64(),
        producerId: int64(),
        producerEpoch: int16(),
        topics: array(
          struct({
            topic: string(),
            partitions: array(int32()),
          }),
        ),
      }),
    ),
  },
});
