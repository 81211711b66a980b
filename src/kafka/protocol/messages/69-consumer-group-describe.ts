import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ConsumerGroupDescribe (69): groups of the new consumer protocol (KIP-848).
 *
 * - v1: response: memberType; which protocol a member uses.
 */
export const consumerGroupDescribe = api({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
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
            instanceId: nullable(string({ default: null })),
            rackId: nullable(string({ default: null })),
            memberEpoch: int32(),
            clientId: string(),
            clientHost: string(),
            subscribedTopicNames: array(string()),
            subscribedTopicRegex: nullable(string({ default: null })),
            assignment: struct({
              topicPartitions: array(
                struct({
                  topicId: uuid(),
                  topicName: string(),
                  partitions: array(int32()),
                }),
              ),
            }),
            targetAssignment: struct({
              topicPartitions: array(
                struct({
                  topicId: uuid(),
                  topicName: string(),
                  partitions: array(int32()),
                }),
              ),
            }),
            memberType: int8({ since: 1, default: -1, ignorable: true }),
          }),
        ),
        authorizedOperations: int32({ default: -0x8000_0000 }),
      }),
    ),
  },
});
