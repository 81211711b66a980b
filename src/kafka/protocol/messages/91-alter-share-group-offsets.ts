import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * AlterShareGroupOffsets (91): sets how far a share group is (KIP-932).
 */
export const alterShareGroupOffsets = api({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            startOffset: int64(),
          }),
        ),
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
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: nullable(string({ default: null })),
          }),
        ),
      }),
    ),
  },
});
