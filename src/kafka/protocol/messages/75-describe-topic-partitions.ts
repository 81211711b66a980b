import { api } from '../api.ts';
import { array, bool, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * DescribeTopicPartitions (75): the partitions of topics, page by page (KIP-966).
 */
export const describeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array(
      struct({
        name: string(),
      }),
    ),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: nullable(
      struct(
        {
          topicName: string(),
          partitionIndex: int32(),
        },
        { default: null },
      ),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    topics: array(
      struct({
        errorCode: int16(),
        name: nullable(string()),
        topicId: uuid(),
        isInternal: bool({ default: false }),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ default: -1 }),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            eligibleLeaderReplicas: nullable(array(int32(), { default: null })),
            lastKnownElr: nullable(array(int32(), { default: null })),
            offlineReplicas: array(int32()),
          }),
        ),
        topicAuthorizedOperations: int32({ default: -0x8000_0000 }),
      }),
    ),
    nextCursor: nullable(
      struct(
        {
          topicName: string(),
          partitionIndex: int32(),
        },
        { default: null },
      ),
    ),
  },
});
