import { api } from '../api.ts';
import { array, bool, int16, int32, int64, nullable, string, struct, uint16 } from '../schema.ts';

/**
 * StreamsGroupDescribe (89): streams groups (KIP-1071).
 */
export const streamsGroupDescribe = api({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: [0, 0],
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
        topology: nullable(
          struct(
            {
              epoch: int32(),
              subtopologies: nullable(
                array(
                  struct({
                    subtopologyId: string(),
                    sourceTopics: array(string()),
                    repartitionSinkTopics: array(string()),
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
                  }),
                  { default: null },
                ),
              ),
            },
            { default: null },
          ),
        ),
        members: array(
          struct({
            memberId: string(),
            memberEpoch: int32(),
            instanceId: nullable(string({ default: null })),
            rackId: nullable(string({ default: null })),
            clientId: string(),
            clientHost: string(),
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
            taskOffsets: array(
              struct({
                subtopologyId: string(),
                partition: int32(),
                offset: int64(),
              }),
            ),
            taskEndOffsets: array(
              struct({
                subtopologyId: string(),
                partition: int32(),
                offset: int64(),
              }),
            ),
            assignment: struct({
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
            }),
            targetAssignment: struct({
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
            }),
            isClassic: bool(),
          }),
        ),
        authorizedOperations: int32({ default: -0x8000_0000 }),
      }),
    ),
  },
});
