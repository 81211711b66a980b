import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct } from '../schema.ts';

/**
 * DescribeProducers (61): the active producers of partitions (KIP-664).
 */
export const describeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array(
      struct({
        name: string(),
        partitionIndexes: array(int32()),
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
            errorMessage: nullable(string({ default: null })),
            activeProducers: array(
              struct({
                producerId: int64(),
                producerEpoch: int32(),
                lastSequence: int32({ default: -1 }),
                lastTimestamp: int64({ default: -1 }),
                coordinatorEpoch: int32(),
                currentTxnStartOffset: int64({ default: -1 }),
              }),
            ),
          }),
        ),
      }),
    ),
  },
});
