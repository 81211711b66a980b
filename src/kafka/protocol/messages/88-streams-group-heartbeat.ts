import { api } from '../api.ts';
import { array, bool, int16, int32, int64, int8, nullable, string, struct, uint16 } from '../schema.ts';

/**
 * StreamsGroupHeartbeat (88): the one request of members of streams groups: they report, and get their tasks
 * (KIP-1071).
 */
export const streamsGroupHeartbeat = api({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: nullable(string({ default: null })),
    rackId: nullable(string({ default: null })),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: nullable(
      struct(
        {
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
        { default: null },
      ),
    ),
    activeTasks: nullable(
      array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
    standbyTasks: nullable(
      array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
    warmupTasks: nullable(
      array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
    processId: nullable(string({ default: null })),
    userEndpoint: nullable(
      struct(
        {
          host: string(),
          port: uint16(),
        },
        { default: null },
      ),
    ),
    clientTags: nullable(
      array(
        struct({
          key: string(),
          value: string(),
        }),
        { default: null },
      ),
    ),
    taskOffsets: nullable(
      array(
        struct({
          subtopologyId: string(),
          partition: int32(),
          offset: int64(),
        }),
        { default: null },
      ),
    ),
    taskEndOffsets: nullable(
      array(
        struct({
          subtopologyId: string(),
          partition: int32(),
          offset: int64(),
        }),
        { default: null },
      ),
    ),
    shutdownApplication: bool({ default: false }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string({ default: null })),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: nullable(
      array(
        struct({
          statusCode: int8(),
          statusDetail: string(),
        }),
      ),
    ),
    activeTasks: nullable(
      array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
    standbyTasks: nullable(
      array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
    warmupTasks: nullable(
      array(
        struct({
          subtopologyId: string(),
          partitions: array(int32()),
        }),
        { default: null },
      ),
    ),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: nullable(
      array(
        struct({
          userEndpoint: struct({
            host: string(),
            port: uint16(),
          }),
          activePartitions: array(
            struct({
              topic: string(),
              partitions: array(int32()),
            }),
          ),
          standbyPartitions: array(
            struct({
              topic: string(),
              partitions: array(int32()),
            }),
          ),
        }),
        { default: null },
      ),
    ),
  },
});
