import { api } from '../api.ts';
import { array, int16, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ReadShareGroupState (84): a share partition leader reads its state (KIP-932).
 */
export const readShareGroupState = api({
  key: 84,
  name: 'ReadShareGroupState',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            leaderEpoch: int32(),
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
            stateEpoch: int32(),
            startOffset: int64(),
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
});
