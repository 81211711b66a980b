import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ShareGroupHeartbeat (76): members of share groups report, and get their assignment (KIP-932).
 *
 * - v0: unstable, of 3.9 only.
 * - v1: the same layout.
 */
export const shareGroupHeartbeat = api({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: [0, 1],
  stable: [1, 1],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: nullable(string({ default: null })),
    subscribedTopicNames: nullable(array(string(), { default: null })),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string({ default: null })),
    memberId: nullable(string({ default: null })),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: nullable(
      struct(
        {
          topicPartitions: array(
            struct({
              topicId: uuid(),
              partitions: array(int32()),
            }),
          ),
        },
        { default: null },
      ),
    ),
  },
});
