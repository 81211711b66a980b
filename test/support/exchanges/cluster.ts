import { metadata } from '../../../src/kafka/protocol/messages/03-metadata.ts';
import { leaderAndIsr } from '../../../src/kafka/protocol/messages/04-leader-and-isr.ts';
import { stopReplica } from '../../../src/kafka/protocol/messages/05-stop-replica.ts';
import { updateMetadata } from '../../../src/kafka/protocol/messages/06-update-metadata.ts';
import { controlledShutdown } from '../../../src/kafka/protocol/messages/07-controlled-shutdown.ts';
import { apiVersions } from '../../../src/kafka/protocol/messages/18-api-versions.ts';
import { describeLogDirs } from '../../../src/kafka/protocol/messages/35-describe-log-dirs.ts';
import { describeCluster } from '../../../src/kafka/protocol/messages/60-describe-cluster.ts';
import { ZERO_UUID } from '../../../src/kafka/protocol/schema.ts';
import { ErrorCode } from '../../../src/kafka/protocol/errors.ts';
import { exchange, TOPIC, type Asked, type Exchange } from './exchange.ts';

/** What is told of a partition that the asked broker alone has. */
function partitionState({ broker, controllerEpoch }: Asked) {
  return {
    partitionIndex: 0,
    controllerEpoch,
    leader: broker.id,
    leaderEpoch: 0,
    isr: [broker.id],
    partitionEpoch: 0,
    replicas: [broker.id],
    isNew: true,
  };
}

function becomeLeader(asked: Asked, topicName: string) {
  const state = partitionState(asked);
  const { id, host, port } = asked.broker;
  return {
    controllerId: id,
    controllerEpoch: asked.controllerEpoch,
    type: 1,
    ungroupedPartitionStates: [{ topicName, ...state }],
    topicStates: [{ topicName, partitionStates: [state] }],
    liveLeaders: [{ brokerId: id, hostName: host, port }],
  };
}

/** What everybody asks about the cluster, and what controllers tell brokers. */
export const clusterExchanges: readonly Exchange[] = [
  exchange(apiVersions, (send) => send({ clientSoftwareName: 'gregor', clientSoftwareVersion: '1' })),
  exchange(metadata, (send) =>
    send({
      topics: [{ name: TOPIC, topicId: ZERO_UUID }],
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    }),
  ),
  exchange(
    metadata,
    (send) =>
      send({ topics: [{ name: 'no-such-topic', topicId: ZERO_UUID }], allowAutoTopicCreation: false }),
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.LEADER_NOT_AVAILABLE],
  ),
  exchange(describeCluster, (send) => send({ includeClusterAuthorizedOperations: true })),
  exchange(describeLogDirs, (send) => send({ topics: [{ topic: TOPIC, partitions: [0] }] })),
  exchange(leaderAndIsr, (send, asked, version) => send(becomeLeader(asked, `told-in-${version}`))),
  exchange(stopReplica, async (send, asked, version) => {
    const topicName = `stopped-in-${version}`;
    await asked.ask(leaderAndIsr, 2, becomeLeader(asked, topicName));
    return send({
      controllerId: asked.broker.id,
      controllerEpoch: asked.controllerEpoch,
      deletePartitions: true,
      ungroupedPartitions: [{ topicName, partitionIndex: 0 }],
      topics: [{ name: topicName, partitionIndexes: [0] }],
      topicStates: [
        { topicName, partitionStates: [{ partitionIndex: 0, leaderEpoch: 0, deletePartition: true }] },
      ],
    });
  }),
  exchange(updateMetadata, (send, asked) => {
    const { id, host, port } = asked.broker;
    return send({
      controllerId: id,
      controllerEpoch: asked.controllerEpoch,
      ungroupedPartitionStates: [],
      topicStates: [],
      liveBrokers: [
        {
          id,
          v0Host: host,
          v0Port: port,
          endpoints: [{ port, host, listener: 'PLAINTEXT', securityProtocol: 0 }],
          rack: null,
        },
      ],
    });
  }),
  exchange(
    updateMetadata,
    (send, asked) =>
      send({
        controllerId: asked.broker.id,
        controllerEpoch: 0,
        ungroupedPartitionStates: [],
        topicStates: [],
        liveBrokers: [],
      }),
    [ErrorCode.STALE_CONTROLLER_EPOCH],
  ),
  exchange(controlledShutdown, (send) => send({ brokerId: 99 }), [ErrorCode.BROKER_NOT_AVAILABLE]),
];
