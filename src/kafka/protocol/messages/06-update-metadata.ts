import { api } from '../api.ts';
import { array, bool, int16, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * UpdateMetadata (6): the controller tells a broker what to answer to Metadata. Between brokers with ZooKeeper only.
 *
 * - v1: endpoints, no more v0Host and v0Port; several end points for a broker.
 * - v2: rack.
 * - v3: listener; listener names (KIP-103).
 * - v4: offlineReplicas; replicas that are offline (KIP-112).
 * - v5: brokerEpoch and topicStates, no more ungroupedPartitionStates; broker epochs (KIP-380); partitions by topic.
 * - v6: flexible.
 * - v7: topicId; topic ids (KIP-516).
 * - v8: isKRaftController and type; a controller of KRaft may speak, during migration (KIP-866).
 */
export const updateMetadata = api({
  key: 6,
  name: 'UpdateMetadata',
  versions: [0, 8],
  flexible: 6,
  request: {
    controllerId: int32(),
    isKRaftController: bool({ since: 8 }),
    type: int8({ since: 8, tag: 0 }),
    controllerEpoch: int32(),
    brokerEpoch: int64({ since: 5, default: -1, ignorable: true }),
    ungroupedPartitionStates: array(
      struct({
        topicName: string(),
        partitionIndex: int32(),
        controllerEpoch: int32(),
        leader: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        zkVersion: int32(),
        replicas: array(int32()),
        offlineReplicas: array(int32(), { since: 4, ignorable: true }),
      }),
      { until: 4 },
    ),
    topicStates: array(
      struct({
        topicName: string(),
        topicId: uuid({ since: 7, ignorable: true }),
        partitionStates: array(
          struct({
            partitionIndex: int32(),
            controllerEpoch: int32(),
            leader: int32(),
            leaderEpoch: int32(),
            isr: array(int32()),
            zkVersion: int32(),
            replicas: array(int32()),
            offlineReplicas: array(int32()),
          }),
        ),
      }),
      { since: 5 },
    ),
    liveBrokers: array(
      struct({
        id: int32(),
        v0Host: string({ until: 0, ignorable: true }),
        v0Port: int32({ until: 0, ignorable: true }),
        endpoints: array(
          struct({
            port: int32(),
            host: string(),
            listener: string({ since: 3, ignorable: true }),
            securityProtocol: int16(),
          }),
          { since: 1, ignorable: true },
        ),
        rack: nullable(string({ since: 2, ignorable: true })),
      }),
    ),
  },
  response: {
    errorCode: int16(),
  },
});
