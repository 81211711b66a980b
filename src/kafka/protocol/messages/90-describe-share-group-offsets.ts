import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * DescribeShareGroupOffsets (90): how far share groups are (KIP-932).
 *
 * - v1: response: lag; lag (KIP-1226).
 */
export const describeShareGroupOffsets = api({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 1],
  flexible: 0,
  request: {
    groups: array(
      struct({
        groupId: string(),
        topics: nullable(
          array(
            struct({
              topicName: string(),
              partitions: array(int32()),
            }),
          ),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    groups: array(
      struct({
        groupId: string(),
        topics: array(
          struct({
            topicName: string(),
            topicId: uuid(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                startOffset: int64(),
                leaderEpoch: int32(),
                lag: int64({ since: 1, default: -1, ignorable: true }),
                errorCode: int16(),
                errorMessage: nullable(string({ default: null })),
              }),
            ),
          }),
        ),
        errorCode: int16(),
        errorMessage: nullable(string({ default: null })),
      }),
    ),
  },
});
