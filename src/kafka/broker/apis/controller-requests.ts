import type { Clock } from '../../../runtime/runtime.ts';
import type { Int64 } from '../../../wire/int64.ts';
import type { RequestOf } from '../../protocol/api.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { leaderAndIsr } from '../../protocol/messages/04-leader-and-isr.ts';
import { stopReplica } from '../../protocol/messages/05-stop-replica.ts';
import { updateMetadata } from '../../protocol/messages/06-update-metadata.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { PartitionCode, PartitionDecision, PartitionStop } from '../../replication/replica-roles.ts';
import { securityProtocols } from '../config/listeners.ts';
import type { AliveBroker, MetadataCache, MetadataUpdate } from '../metadata-cache.ts';
import type { ServedApi } from '../served-api.ts';
import { serve } from '../served-api.ts';

export interface ControllerRequestsOptions {
  readonly clock: Clock;
  readonly replicas: ReplicaManager;
  readonly metadata: MetadataCache;
  /** Of this broker's present registration; −1: not registered. */
  brokerEpoch(): bigint;
  /** Before logs of a topic are made their configuration is needed. */
  readTopicConfig(topic: string): Promise<void>;
}

/** From here on LeaderAndIsr is answered by topic ids. */
const TOPIC_ID_VERSION = 5;
/**
 * Decisions of a LeaderAndIsr that are carried out in one turn: each may make a log, with its files. Between them others have their turn,
 * or sessions and leaders' fetches would expire under a topic with a thousand partitions.
 */
const DECISIONS_A_TURN = 16;

/** What the controller sends: LeaderAndIsr, StopReplica, UpdateMetadata. Old controllers and old decisions are refused. */
export function controllerRequestApis(options: ControllerRequestsOptions): ServedApi[] {
  const { clock, replicas, metadata, brokerEpoch } = options;
  /** Requests made for an earlier registration of this broker would undo what a later one was told (KIP-380). */
  const checkBrokerEpoch = (epoch: Int64): void => {
    if (BigInt(epoch) !== -1n && BigInt(epoch) < brokerEpoch())
      throw new KafkaError(ErrorCode.STALE_BROKER_EPOCH);
  };
  return [
    serve(
      leaderAndIsr,
      async (request, { apiVersion }) => {
        checkBrokerEpoch(request.brokerEpoch);
        const decisions = decisionsOf(request);
        const unknown = decisions.filter(
          ({ topic, partition }) => replicas.partition(topic, partition) === undefined,
        );
        await Promise.all(
          [...new Set(unknown.map(({ topic }) => topic))].map((topic) => options.readTopicConfig(topic)),
        );
        replicas.roles.checkControllerEpoch(request.controllerEpoch);
        const codes: PartitionCode[] = [];
        for (let at = 0; at < decisions.length; at += DECISIONS_A_TURN) {
          if (at > 0) await new Promise<void>((resolve) => clock.soon(resolve));
          codes.push(
            ...replicas.roles.applyLeaderAndIsr(
              request.controllerEpoch,
              decisions.slice(at, at + DECISIONS_A_TURN),
            ),
          );
        }
        const partitionErrors = codes.map(({ topic, partition, code }) => ({
          topicName: topic,
          partitionIndex: partition,
          errorCode: code,
        }));
        if (apiVersion < TOPIC_ID_VERSION) return { errorCode: ErrorCode.NONE, partitionErrors };
        const topics = request.topicStates.map(({ topicName, topicId }) => ({
          topicId,
          partitionErrors: partitionErrors.filter((each) => each.topicName === topicName),
        }));
        return { errorCode: ErrorCode.NONE, topics };
      },
      { errorResponse: (_, errorCode) => ({ errorCode }) },
    ),
    serve(
      stopReplica,
      (request) => {
        checkBrokerEpoch(request.brokerEpoch);
        const codes = replicas.roles.stopReplicas(request.controllerEpoch, stopsOf(request));
        return {
          errorCode: ErrorCode.NONE,
          partitionErrors: codes.map(({ topic, partition, code }) => ({
            topicName: topic,
            partitionIndex: partition,
            errorCode: code,
          })),
        };
      },
      { errorResponse: (_, errorCode) => ({ errorCode, partitionErrors: [] }) },
    ),
    serve(
      updateMetadata,
      (request) => {
        checkBrokerEpoch(request.brokerEpoch);
        replicas.roles.checkControllerEpoch(request.controllerEpoch);
        metadata.update(updateOf(request));
        return { errorCode: ErrorCode.NONE };
      },
      { errorResponse: (_, errorCode) => ({ errorCode }) },
    ),
  ];
}

function decisionsOf(request: RequestOf<typeof leaderAndIsr>): PartitionDecision[] {
  const decision = (
    topic: string,
    state: RequestOf<typeof leaderAndIsr>['topicStates'][number]['partitionStates'][number],
  ): PartitionDecision => ({
    topic,
    partition: state.partitionIndex,
    controllerEpoch: state.controllerEpoch,
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    isr: state.isr,
    zkVersion: state.partitionEpoch,
    replicas: state.replicas,
    isNew: state.isNew,
  });
  return [
    ...request.ungroupedPartitionStates.map((state) =>
      decision(state.topicName, {
        ...state,
        addingReplicas: [],
        removingReplicas: [],
        leaderRecoveryState: 0,
      }),
    ),
    ...request.topicStates.flatMap(({ topicName, partitionStates }) =>
      partitionStates.map((state) => decision(topicName, state)),
    ),
  ];
}

const NO_EPOCH = -1;

function stopsOf(request: RequestOf<typeof stopReplica>): PartitionStop[] {
  const deleteLog = request.deletePartitions;
  return [
    ...request.ungroupedPartitions.map(({ topicName, partitionIndex }) => ({
      topic: topicName,
      partition: partitionIndex,
      leaderEpoch: NO_EPOCH,
      deleteLog,
    })),
    ...request.topics.flatMap(({ name, partitionIndexes }) =>
      partitionIndexes.map((partition) => ({ topic: name, partition, leaderEpoch: NO_EPOCH, deleteLog })),
    ),
    ...request.topicStates.flatMap(({ topicName, partitionStates }) =>
      partitionStates.map((state) => ({
        topic: topicName,
        partition: state.partitionIndex,
        leaderEpoch: state.leaderEpoch,
        deleteLog: state.deletePartition,
      })),
    ),
  ];
}

function updateOf(request: RequestOf<typeof updateMetadata>): MetadataUpdate {
  const partitions: MetadataUpdate['partitions'][number][] = request.ungroupedPartitionStates.map(
    ({ topicName, partitionIndex, ...state }) => ({ topic: topicName, partition: partitionIndex, state }),
  );
  for (const { topicName, partitionStates } of request.topicStates)
    for (const { partitionIndex, ...state } of partitionStates)
      partitions.push({ topic: topicName, partition: partitionIndex, state });
  return { controllerId: request.controllerId, brokers: request.liveBrokers.map(aliveBroker), partitions };
}

function aliveBroker(broker: RequestOf<typeof updateMetadata>['liveBrokers'][number]): AliveBroker {
  const endpoints = broker.endpoints.map(({ host, port, listener, securityProtocol }) => ({
    host,
    port,
    securityProtocol,
    // before listeners had names (KIP-103) a protocol was one
    listener: listener === '' ? (securityProtocols[securityProtocol] ?? 'PLAINTEXT') : listener,
  }));
  if (endpoints.length === 0)
    endpoints.push({ host: broker.v0Host, port: broker.v0Port, securityProtocol: 0, listener: 'PLAINTEXT' });
  return {
    id: broker.id,
    rack: broker.rack,
    endpoints: new Map(endpoints.map((each) => [each.listener, each])),
  };
}
