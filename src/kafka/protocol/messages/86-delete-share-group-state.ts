import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * DeleteShareGroupState (86): a group coordinator deletes a share group's state of partitions (KIP-932).
 */
export const deleteShareGroupState = api({
  key: 86,
  name: 'DeleteShareGroupState',
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
