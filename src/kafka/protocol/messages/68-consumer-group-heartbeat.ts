import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ConsumerGroupHeartbeat (68): the one request of members of the new consumer protocol: they report, and get their
 * assignment (KIP-848).
 *
 * - v1: subscribedTopicRegex; subscription by regular expression; the client makes the member id (KIP-1082).
 */
export const consumerGroupHeartbeat = api({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: nullable(string({ default: null })),
    rackId: nullable(string({ default: null })),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: nullable(array(string(), { default: null })),
    subscribedTopicRegex: nullable(string({ since: 1, default: null })),
    serverAssignor: nullable(string({ default: null })),
    topicPartitions: nullable(
      array(
        struct({
          topicId: uuid(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
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
