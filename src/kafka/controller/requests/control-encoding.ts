import type { Int64 } from '../../../wire/int64.ts';
import { compareKafkaVersions } from '../../broker/config/config-key.ts';
import { securityProtocols } from '../../broker/config/listeners.ts';
import type { Api, RequestDraft } from '../../protocol/api.ts';
import { leaderAndIsr } from '../../protocol/messages/04-leader-and-isr.ts';
import { stopReplica } from '../../protocol/messages/05-stop-replica.ts';
import { updateMetadata } from '../../protocol/messages/06-update-metadata.ts';
import type { ControlRequest, LeaderAndIsrPartition, UpdateMetadataPartition } from './control-requests.ts';
import type { TopicPartition } from '../topic-partition.ts';
import type { LiveBroker, RegisteredEndpoint } from '../znodes/broker-registration.ts';

/** Versions of control requests: they follow inter.broker.protocol.version and aren't negotiated. */
export interface ControlVersions {
  readonly leaderAndIsr: number;
  readonly updateMetadata: number;
  readonly stopReplica: number;
}

export function controlVersions(interBrokerProtocolVersion: string): ControlVersions {
  const isAtLeast = (version: string) => compareKafkaVersions(interBrokerProtocolVersion, version) >= 0;
  const withBrokerEpochs = isAtLeast('2.2-IV0');
  const metadataSteps = ['0.9.0', '0.10.0-IV1', '0.10.2-IV0', '1.0-IV0', '2.2-IV0'];
  return {
    leaderAndIsr: withBrokerEpochs ? 2 : isAtLeast('1.0-IV0') ? 1 : 0,
    updateMetadata: metadataSteps.filter(isAtLeast).length,
    stopReplica: withBrokerEpochs ? 1 : 0,
  };
}

/** What is the same in all requests of a controller to one broker. */
export interface Sender {
  readonly controllerId: number;
  readonly controllerEpoch: number;
  /** Of the receiver: it refuses what is meant for an earlier life of it (KIP-380). */
  readonly brokerEpoch: bigint;
  /** The listener by which brokers reach each other. */
  readonly listener: string;
  readonly versions: ControlVersions;
}

export interface EncodedControl<A extends Api = Api> {
  readonly api: A;
  readonly version: number;
  readonly body: RequestDraft<A>;
}

export function leaderAndIsrMessage(
  sender: Sender,
  request: ControlRequest & { kind: 'leaderAndIsr' },
): EncodedControl<typeof leaderAndIsr> {
  const liveLeaders = request.liveLeaders.flatMap((broker) => {
    const endpoint = endpointOf(broker, sender.listener);
    return endpoint === undefined
      ? []
      : [{ brokerId: broker.id, hostName: endpoint.host, port: endpoint.port }];
  });
  const states = request.partitions.map((each) => ({
    ...decided(each),
    partitionEpoch: each.state.version,
    isNew: each.isNew,
  }));
  const version = sender.versions.leaderAndIsr;
  const body = { ...head(sender), liveLeaders };
  return version >= 2
    ? { api: leaderAndIsr, version, body: { ...body, topicStates: byTopic(states) } }
    : { api: leaderAndIsr, version, body: { ...body, ungroupedPartitionStates: states } };
}

export function updateMetadataMessage(
  sender: Sender,
  request: ControlRequest & { kind: 'updateMetadata' },
): EncodedControl<typeof updateMetadata> {
  const liveBrokers = request.liveBrokers.map((broker) => ({
    id: broker.id,
    rack: broker.rack,
    v0Host: broker.endpoints[0]?.host ?? '',
    v0Port: broker.endpoints[0]?.port ?? -1,
    endpoints: broker.endpoints.map(({ listener, securityProtocol, host, port }) => ({
      listener,
      host,
      port,
      securityProtocol: securityProtocols.findIndex((name) => name === securityProtocol),
    })),
  }));
  const states = request.partitions.map((each) => ({
    ...decided(each),
    zkVersion: each.state.version,
    offlineReplicas: [...each.offlineReplicas],
  }));
  const version = sender.versions.updateMetadata;
  const body = { ...head(sender), liveBrokers };
  return version >= 5
    ? { api: updateMetadata, version, body: { ...body, topicStates: byTopic(states) } }
    : { api: updateMetadata, version, body: { ...body, ungroupedPartitionStates: states } };
}

export function stopReplicaMessage(
  sender: Sender,
  request: ControlRequest & { kind: 'stopReplica' },
): EncodedControl<typeof stopReplica> {
  const version = sender.versions.stopReplica;
  const body = { ...head(sender), deletePartitions: request.deletePartitions };
  if (version >= 1) {
    const topics = [...groupByTopic(request.partitions)].map(([name, partitions]) => ({
      name,
      partitionIndexes: partitions.map(({ partition }) => partition),
    }));
    return { api: stopReplica, version, body: { ...body, topics } };
  }
  const ungroupedPartitions = request.partitions.map(({ topic, partition }) => ({
    topicName: topic,
    partitionIndex: partition,
  }));
  return { api: stopReplica, version, body: { ...body, ungroupedPartitions } };
}

/** Where a broker is reached on a listener. */
export function endpointOf(broker: LiveBroker, listener: string): RegisteredEndpoint | undefined {
  return broker.endpoints.find((endpoint) => endpoint.listener === listener);
}

function head(sender: Sender): { controllerId: number; controllerEpoch: number; brokerEpoch: Int64 } {
  const { controllerId, controllerEpoch, brokerEpoch } = sender;
  return { controllerId, controllerEpoch, brokerEpoch };
}

/** What both kinds of request say of a partition. */
function decided({ topic, partition, state, replicas }: LeaderAndIsrPartition | UpdateMetadataPartition) {
  return {
    topic,
    topicName: topic,
    partitionIndex: partition,
    controllerEpoch: state.controllerEpoch,
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    isr: [...state.isr],
    replicas: [...replicas],
  };
}

function byTopic<T extends { topic: string }>(states: readonly T[]) {
  return [...groupByTopic(states)].map(([topicName, partitionStates]) => ({ topicName, partitionStates }));
}

function groupByTopic<T extends Pick<TopicPartition, 'topic'>>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.topic);
    if (group === undefined) groups.set(entry.topic, [entry]);
    else group.push(entry);
  }
  return groups;
}
