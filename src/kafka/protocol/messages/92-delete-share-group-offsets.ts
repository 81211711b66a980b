import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * DeleteShareGroupOffsets (92): deletes a share group's offsets of topics (KIP-932).
 */
export const deleteShareGroupOffsets = api({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array(
      struct({
        topicName: string(),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string({ default: null })),
    responses: array(
      struct({
        topicName: string(),
        topicId: uuid(),
        errorCode: int16(),
        errorMessage: nullable(string({ default: null })),
      }),
    ),
  },
});
