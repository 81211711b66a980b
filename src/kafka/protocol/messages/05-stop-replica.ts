import { api } from '../api.ts';
import { array, bool, int16, int32, int64, string, struct } from '../schema.ts';

/**
 * StopReplica (5): the controller tells a broker to stop replicas, and whether to delete them. Between brokers with
 * ZooKeeper only.
 *
 * - v1: brokerEpoch and topics, no more ungroupedPartitions; broker epochs (KIP-380); partitions by topic.
 * - v2: flexible.
 * - v3: topicStates, no more deletePartitions and topics; whether to delete, and the leader epoch, for each
 *   partition (KIP-570).
 * - v4: isKRaftController; a controller of KRaft may speak, during migration (KIP-866).
 */
export const stopReplica = api({
  key: 5,
  name: 'StopReplica',
  versions: [0, 4],
  flexible: 2,
  request: {
    controllerId: int32(),
    isKRaftController: bool({ since: 4 }),
    controllerEpoch: int32(),
    brokerEpoch: int64({ since: 1, default: -1, ignorable: true }),
    deletePartitions: bool({ until: 2 }),
    ungroupedPartitions: array(
      struct({
        topicName: string(),
        partitionIndex: int32(),
      }),
      { until: 0 },
    ),
    topics: array(
      struct({
        name: string(),
        partitionIndexes: array(int32()),
      }),
      { since: 1, until: 2 },
    ),
    topicStates: array(
      struct({
        topicName: string(),
        partitionStates: array(
          struct({
            partitionIndex: int32(),
            leaderEpoch: int32({ default: -1 }),
            deletePartition: bool(),
          }),
        ),
      }),
      { since: 3 },
    ),
  },
  response: {
    errorCode: int16(),
    partitionErrors: array(
      struct({
        topicName: string(),
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    ),
  },
});
