import { recordType } from './record-type.ts';
import { array, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * Records of `__consumer_offsets` for share groups (KIP-932).
 */

/** Of 3.9 only, unstable. */
export const shareGroupPartitionMetadata = recordType({
  type: 9,
  name: 'ShareGroupPartitionMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      initializedTopics: array(
        struct({
          topicId: uuid(),
          topicName: string(),
          partitions: array(int32()),
        }),
      ),
      deletingTopics: array(
        struct({
          topicId: uuid(),
          topicName: string(),
        }),
      ),
    },
  },
});

/** A member and its subscription. */
export const shareGroupMemberMetadata = recordType({
  type: 10,
  name: 'ShareGroupMemberMetadata',
  key: {
    groupId: string(),
    memberId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      rackId: nullable(string()),
      clientId: string(),
      clientHost: string(),
      subscribedTopicNames: array(string()),
    },
  },
});

/** The epoch of a group. */
export const shareGroupMetadata = recordType({
  type: 11,
  name: 'ShareGroupMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      epoch: int32(),
      metadataHash: int64(),
    },
  },
});

/** The epoch of the target assignment. */
export const shareGroupTargetAssignmentMetadata = recordType({
  type: 12,
  name: 'ShareGroupTargetAssignmentMetadata',
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
export const shareGroupTargetAssignmentMember = recordType({
  type: 13,
  name: 'ShareGroupTargetAssignmentMember',
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
export const shareGroupCurrentMemberAssignment = recordType({
  type: 14,
  name: 'ShareGroupCurrentMemberAssignment',
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
    },
  },
});

/** The partitions whose state is set up, or being deleted. */
export const shareGroupStatePartitionMetadata = recordType({
  type: 15,
  name: 'ShareGroupStatePartitionMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      initializingTopics: array(
        struct({
          topicId: uuid(),
          topicName: string(),
          partitions: array(int32()),
        }),
      ),
      initializedTopics: array(
        struct({
          topicId: uuid(),
          topicName: string(),
          partitions: array(int32()),
        }),
      ),
      deletingTopics: array(
        struct({
          topicId: uuid(),
          topicName: string(),
        }),
      ),
    },
  },
});
