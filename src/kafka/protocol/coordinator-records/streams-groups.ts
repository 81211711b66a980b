import { recordType } from './record-type.ts';
import { array, int16, int32, int64, int8, nullable, string, struct, uint16 } from '../schema.ts';

/**
 * Records of `__consumer_offsets` for streams groups (KIP-1071).
 */

/** The epoch of a group. */
export const streamsGroupMetadata = recordType({
  type: 17,
  name: 'StreamsGroupMetadata',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      epoch: int32(),
      metadataHash: int64(),
      validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
      lastAssignmentConfigs: nullable(
        array(
          struct({
            key: string(),
            value: string(),
          }),
          { tag: 1 },
        ),
      ),
    },
  },
});

/** A member and where it is reached. */
export const streamsGroupMemberMetadata = recordType({
  type: 19,
  name: 'StreamsGroupMemberMetadata',
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
      rebalanceTimeoutMs: int32({ default: -1 }),
      topologyEpoch: int32(),
      processId: string(),
      userEndpoint: nullable(
        struct(
          {
            host: string(),
            port: uint16(),
          },
          { default: null },
        ),
      ),
      clientTags: array(
        struct({
          key: string(),
          value: string(),
        }),
      ),
    },
  },
});

/** The epoch of the target assignment. */
export const streamsGroupTargetAssignmentMetadata = recordType({
  type: 20,
  name: 'StreamsGroupTargetAssignmentMetadata',
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

/** The tasks that a member shall have. */
export const streamsGroupTargetAssignmentMember = recordType({
  type: 21,
  name: 'StreamsGroupTargetAssignmentMember',
  key: {
    groupId: string(),
    memberId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      activeTasks: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
      ),
      standbyTasks: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
      ),
      warmupTasks: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
      ),
    },
  },
});

/** The tasks that a member has. */
export const streamsGroupCurrentMemberAssignment = recordType({
  type: 22,
  name: 'StreamsGroupCurrentMemberAssignment',
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
      activeTasks: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
          assignmentEpochs: nullable(array(int32(), { tag: 0 })),
        }),
      ),
      standbyTasks: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
          assignmentEpochs: nullable(array(int32(), { tag: 0 })),
        }),
      ),
      warmupTasks: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
          assignmentEpochs: nullable(array(int32(), { tag: 0 })),
        }),
      ),
      activeTasksPendingRevocation: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
          assignmentEpochs: nullable(array(int32(), { tag: 0 })),
        }),
      ),
      standbyTasksPendingRevocation: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
          assignmentEpochs: nullable(array(int32(), { tag: 0 })),
        }),
      ),
      warmupTasksPendingRevocation: array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
          assignmentEpochs: nullable(array(int32(), { tag: 0 })),
        }),
      ),
    },
  },
});

/** The topology that a group runs. */
export const streamsGroupTopology = recordType({
  type: 23,
  name: 'StreamsGroupTopology',
  key: {
    groupId: string(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      epoch: int32(),
      subtopologies: array(
        struct({
          subtopologyId: string(),
          sourceTopics: array(string()),
          sourceTopicRegex: array(string()),
          stateChangelogTopics: array(
            struct({
              name: string(),
              partitions: int32(),
              replicationFactor: int16(),
              topicConfigs: array(
                struct({
                  key: string(),
                  value: string(),
                }),
              ),
            }),
          ),
          repartitionSinkTopics: array(string()),
          repartitionSourceTopics: array(
            struct({
              name: string(),
              partitions: int32(),
              replicationFactor: int16(),
              topicConfigs: array(
                struct({
                  key: string(),
                  value: string(),
                }),
              ),
            }),
          ),
          copartitionGroups: array(
            struct({
              sourceTopics: array(int16()),
              sourceTopicRegex: array(int16()),
              repartitionSourceTopics: array(int16()),
            }),
          ),
        }),
      ),
    },
  },
});
