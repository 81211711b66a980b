import { api } from '../api.ts';
import { array, int16, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * WriteShareGroupState (85): a share partition leader stores its state (KIP-932).
 *
 * - v1: deliveryCompleteCount; how many deliveries are complete (KIP-1226).
 */
export const writeShareGroupState = api({
  key: 85,
  name: 'WriteShareGroupState',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            stateEpoch: int32(),
            leaderEpoch: int32(),
            startOffset: int64(),
            deliveryCompleteCount: int32({ since: 1, default: -1, ignorable: true }),
            stateBatches: array(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                deliveryState: int8(),
                deliveryCount: int16(),
              }),
            ),
          }),
        ),
      }),
    ),
  },
  response: {
    results: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            errorCode: int16(),
            errorMessage: nullable(string({ default: null })),
          }),
        ),
      }),
    ),
  },
});
