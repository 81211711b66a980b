import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * InitializeShareGroupState (83): a group coordinator sets up a share group's state of partitions (KIP-932).
 */
export const initializeShareGroupState = api({
  key: 83,
  name: 'InitializeShareGroupState',
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
            stateEpoch: int32(),
            startOffset: int64(),
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
