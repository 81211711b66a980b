import { recordType } from './record-type.ts';
import { array, bytes, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * Records of `__consumer_offsets` for groups of the new consumer protocol (KIP-848).
 */

/** The epoch of a group. */
export const consumerGroupMetadata = recordType({
  type: 3,
  name: 'ConsumerGroupMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      epoch: int32(),
      metadataHash: int64({ tag: 0 }),
    },
  },
});

/** The partitions of the topics that a group subscribes to. */
export const consumerGroupPartitionMetadata = recordType({
  type: 4,
  name: 'ConsumerGroupPartitionMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      topics: array(
        struct({
          topicId: uuid(),
          topicName: string(),
          numPartitions: int32(),
          partitionMetadata: array(
            struct({
              partition: int32(),
              racks: array(string()),
            }),
          ),
        }),
      ),
    },
  },
});

/** A member and its subscription. */
export const consumerGroupMemberMetadata = recordType({
  type: 5,
  name: 'ConsumerGroupMemberMetadata',
  key: {
    groupId: string(),
    memberId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      instanceId: nullable(string()),
      rackId: nullable(string()),
      clientId: string(),
      clientHost: string(),
      subscribedTopicNames: array(string()),
      subscribedTopicRegex: nullable(string()),
      rebalanceTimeoutMs: int32({ default: -1 }),
      serverAssignor: nullable(string()),
      classicMemberMetadata: nullable(
        struct(
          {
            sessionTimeoutMs: int32(),
            supportedProtocols: array(
              struct({
                name: string(),
                metadata: bytes(),
              }),
            ),
          },
          { tag: 0 },
        ),
      ),
    },
  },
});

/** The epoch of the target assignment. */
export const consumerGroupTargetAssignmentMetadata = recordType({
  type: 6,
  name: 'ConsumerGroupTargetAssignmentMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      assignmentEpoch: int32(),
    },
  },
});

/** What a member shall have. */
export const consumerGroupTargetAssignmentMember = recordType({
  type: 7,
  name: 'ConsumerGroupTargetAssignmentMember',
  key: {
    groupId: string(),
    memberId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      topicPartitions: array(
        struct({
          topicId: uuid(),
          partitions: array(int32()),
        }),
      ),
    },
  },
});

/** What a member has. */
export const consumerGroupCurrentMemberAssignment = recordType({
  type: 8,
  name: 'ConsumerGroupCurrentMemberAssignment',
  key: {
    groupId: string(),
    memberId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      memberEpoch: int32(),
      previousMemberEpoch: int32(),
      state: int8(),
      assignedPartitions: array(
        struct({
          topicId: uuid(),
          partitions: array(int32()),
        }),
      ),
      partitionsPendingRevocation: array(
        struct({
          topicId: uuid(),
          partitions: array(int32()),
        }),
      ),
    },
  },
});

/** The topics that a regular expression stands for. */
export const consumerGroupRegularExpression = recordType({
  type: 16,
  name: 'ConsumerGroupRegularExpression',
  key: {
    groupId: string(),
    regularExpression: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      topics: array(string()),
      version: int64(),
      timestamp: int64(),
    },
  },
});
