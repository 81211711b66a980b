import { api } from '../api.ts';
import { array, bool, int16, int32, int64, int8, string, struct } from '../schema.ts';

/**
 * WriteTxnMarkers (27): a transaction coordinator has markers written to the partitions of finished transactions
 * (KIP-98).
 *
 * - v1: flexible.
 * - v2: transactionVersion; which transaction protocol (KIP-1228).
 */
export const writeTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [0, 2],
  flexible: 1,
  request: {
    markers: array(
      struct({
        producerId: int64(),
        producerEpoch: int16(),
        transactionResult: bool(),
        topics: array(
          struct({
            name: string(),
            partitionIndexes: array(int32()),
          }),
        ),
        coordinatorEpoch: int32(),
        transactionVersion: int8({ since: 2, ignorable: true }),
      }),
    ),
  },
  response: {
    markers: array(
      struct({
        producerId: int64(),
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
      }),
    ),
  },
});
