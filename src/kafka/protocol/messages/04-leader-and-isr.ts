import { api } from '../api.ts';
import { array, bool, int16, int32, int64, int8, string, struct, uuid } from '../schema.ts';

/**
 * LeaderAndIsr (4): the controller tells a broker which partitions it leads or follows. Between brokers with
 * ZooKeeper only.
 *
 * - v1: isNew; new replicas are named.
 * - v2: brokerEpoch and topicStates, no more ungroupedPartitionStates; broker epochs (KIP-380); partitions by topic.
 * - v3: addingReplicas and removingReplicas; reassignments (KIP-455).
 * - v4: flexible.
 * - v5: type and topicId; response: topics, no more partitionErrors; topic ids (KIP-516).
 * - v6: leaderRecoveryState; leaders in recovery (KIP-704).
 * - v7: isKRaftController; a controller of KRaft may speak, during migration (KIP-866).
 */
export const leaderAndIsr = api({
  key: 4,
  name: 'LeaderAndIsr',
  versions: [0, 7],
  flexible: 4,
  request: {
    controllerId: int32(),
    isKRaftController: bool({ since: 7 }),
    controllerEpoch: int32(),
    brokerEpoch: int64({ since: 2, default: -1, ignorable: true }),
    type: int8({ since: 5 }),
    ungroupedPartitionStates: array(
      struct({
        topicName: string(),
        partitionIndex: int32(),
        controllerEpoch: int32(),
        leader: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        partitionEpoch: int32(),
        replicas: array(int32()),
        isNew: bool({ since: 1, ignorable: true }),
      }),
      { until: 1 },
    ),
    topicStates: array(
      struct({
        topicName: string(),
        topicId: uuid({ since: 5, ignorable: true }),
        partitionStates: array(
          struct({
            partitionIndex: int32(),
            controllerEpoch: int32(),
            leader: int32(),
            leaderEpoch: int32(),
            isr: array(int32()),
            partitionEpoch: int32(),
            replicas: array(int32()),
            addingReplicas: array(int32(), { since: 3, ignorable: true }),
            removingReplicas: array(int32(), { since: 3, ignorable: true }),
            isNew: bool({ default: false }),
            leaderRecoveryState: int8({ since: 6 }),
          }),
        ),
      }),
      { since: 2 },
    ),
    liveLeaders: array(
      struct({
        brokerId: int32(),
        hostName: string(),
        port: int32(),
      }),
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
      { until: 4 },
    ),
    topics: array(
      struct({
        topicId: uuid(),
        partitionErrors: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
      { since: 5 },
    ),
  },
});
