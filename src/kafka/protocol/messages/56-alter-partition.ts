import { api } from '../api.ts';
import { array, int16, int32, int64, int8, string, struct, uuid } from '../schema.ts';

/**
 * AlterPartition (56): a leader asks the controller to change the ISR of partitions (KIP-497).
 *
 * - v1: leaderRecoveryState; response: leaderRecoveryState; leaders in recovery (KIP-704).
 * - v2: topicId, no more topicName; response: topicId, no more topicName; topic ids (KIP-516).
 * - v3: newIsrWithEpochs, no more newIsr; the epochs of replicas (KIP-903).
 */
export const alterPartition = api({
  key: 56,
  name: 'AlterPartition',
  versions: [0, 3],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    topics: array(
      struct({
        topicName: string({ until: 1, ignorable: true }),
        topicId: uuid({ since: 2, ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            leaderEpoch: int32(),
            newIsr: array(int32(), { until: 2 }),
            newIsrWithEpochs: array(
              struct({
                brokerId: int32(),
                brokerEpoch: int64({ default: -1 }),
              }),
              { since: 3 },
            ),
            leaderRecoveryState: int8({ since: 1 }),
            partitionEpoch: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: array(
      struct({
        topicName: string({ until: 1, ignorable: true }),
        topicId: uuid({ since: 2, ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            leaderId: int32(),
            leaderEpoch: int32(),
            isr: array(int32()),
            leaderRecoveryState: int8({ since: 1, ignorable: true }),
            partitionEpoch: int32(),
          }),
        ),
      }),
    ),
  },
});
