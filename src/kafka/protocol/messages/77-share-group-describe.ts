import { api } from '../api.ts';
import { array, bool, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ShareGroupDescribe (77): share groups (KIP-932).
 *
 * - v0: unstable, of 3.9 only.
 * - v1: the same layout.
 */
export const shareGroupDescribe = api({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [0, 1],
  stable: [1, 1],
  flexible: 0,
  request: {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    groups: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string({ default: null })),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        assignorName: string(),
        members: array(
          struct({
            memberId: string(),
            rackId: nullable(string({ default: null })),
            memberEpoch: int32(),
            clientId: string(),
            clientHost: string(),
            subscribedTopicNames: array(string()),
            assignment: struct({
              topicPartitions: array(
                struct({
                  topicId: uuid(),
                  topicName: string(),
                  partitions: array(int32()),
                }),
              ),
            }),
          }),
        ),
        authorizedOperations: int32({ default: -0x8000_0000 }),
      }),
    ),
  },
});
