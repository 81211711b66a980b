import type { Runtime } from '../../runtime/runtime.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { TopicPartition } from '../log/log-types.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { rolesInWords } from './changes-in-words.ts';
import type { RoleTaken } from './changes-in-words.ts';
import type { Fetchers } from './following/fetchers.ts';
import type { LeadershipListener } from './local-replicas.ts';
import { Partition } from './partition.ts';
import type { LeaderAndIsrState, PartitionHost } from './partition.ts';
import type { ReplicaTable } from './replica-table.ts';

export type PartitionDecision = LeaderAndIsrState & TopicPartition;

export interface PartitionStop extends TopicPartition {
  /** −1: not told (older than KIP-570); −2: the topic is being deleted. */
  readonly leaderEpoch: number;
  readonly deleteLog: boolean;
}

export interface PartitionCode extends TopicPartition {
  readonly code: number;
}

/** Does with the replicas of this broker what the controller decides: who leads, who follows, what goes. */
export class ReplicaRoles {
  private readonly runtime: Runtime;
  private readonly replicas: ReplicaTable;
  private readonly logs: LogManager;
  private readonly fetchers: Fetchers;
  private readonly host: PartitionHost;
  private readonly listeners: LeadershipListener[] = [];
  private controllerEpoch = -1;
  /** What the LeaderAndIsr request that is being applied changed. */
  private taken: RoleTaken[] = [];

  constructor(
    runtime: Runtime,
    replicas: ReplicaTable,
    logs: LogManager,
    fetchers: Fetchers,
    host: PartitionHost,
  ) {
    this.runtime = runtime;
    this.replicas = replicas;
    this.logs = logs;
    this.fetchers = fetchers;
    this.host = host;
  }

  onLeadershipChange(listener: LeadershipListener): void {
    this.listeners.push(listener);
    for (const partition of this.replicas.all())
      if (partition.leading !== null)
        listener.becameLeader(partition.topic, partition.partition, partition.leaderEpoch);
  }

  /** Throws STALE_CONTROLLER_EPOCH for a controller that was replaced. */
  checkControllerEpoch(controllerEpoch: number): void {
    if (controllerEpoch < this.controllerEpoch) throw new KafkaError(ErrorCode.STALE_CONTROLLER_EPOCH);
    this.controllerEpoch = controllerEpoch;
  }

  /** LeaderAndIsr. Throws STALE_CONTROLLER_EPOCH. */
  applyLeaderAndIsr(controllerEpoch: number, decisions: readonly PartitionDecision[]): PartitionCode[] {
    this.checkControllerEpoch(controllerEpoch);
    const codes = decisions.map((decision) => ({
      topic: decision.topic,
      partition: decision.partition,
      code: this.applyDecision(decision),
    }));
    this.fetchers.stopIdle();
    const words = rolesInWords(this.taken);
    this.taken = [];
    if (words !== null) this.runtime.log.info(words);
    return codes;
  }

  private applyDecision(decision: PartitionDecision): number {
    const { topic, partition: index } = decision;
    try {
      const known = this.replicas.get(topic, index);
      // after a failover a controller says again what it found: nothing new, and the answer says so
      if (known !== undefined && decision.leaderEpoch <= known.leaderEpoch)
        return ErrorCode.STALE_CONTROLLER_EPOCH;
      if (!decision.replicas.includes(this.host.brokerId)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const partition = known ?? this.attach(decision);
      if (decision.leader === this.host.brokerId) this.lead(partition, decision);
      else this.follow(partition, decision);
      return ErrorCode.NONE;
    } catch (error) {
      if (error instanceof KafkaError) return error.code;
      this.runtime.log.error(`LeaderAndIsr for ${topic}-${index} failed: ${String(error)}`, {
        topic,
        partition: index,
      });
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    }
  }

  private attach({ topic, partition: index, isNew }: PartitionDecision): Partition {
    if (this.replicas.isOffline(topic, index)) throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR);
    const log = this.logs.getOrCreate(topic, index, { isNew });
    const partition = new Partition(this.host, log, this.logs.checkpointedHighWatermark(topic, index));
    this.replicas.add(partition);
    return partition;
  }

  private lead(partition: Partition, decision: PartitionDecision): void {
    this.fetchers.unfollow(partition);
    partition.becomeLeader(decision);
    const { topic, partition: index, leaderEpoch } = partition;
    this.taken.push({ topic, partition: index, leads: true });
    this.runtime.log.debug(
      `leads ${topic}-${index} in epoch ${leaderEpoch} from offset ${partition.log.logEndOffset}`,
      { topic, partition: index },
    );
    for (const listener of this.listeners) listener.becameLeader(topic, index, leaderEpoch);
  }

  private follow(partition: Partition, decision: PartitionDecision): void {
    this.fetchers.unfollow(partition);
    partition.becomeFollower(decision);
    const { topic, partition: index, leaderEpoch, leader } = partition;
    if (leader >= 0) {
      this.fetchers.follow(partition);
      this.taken.push({ topic, partition: index, leads: false });
    }
    this.runtime.log.debug(`follows broker ${leader} for ${topic}-${index} in epoch ${leaderEpoch}`, {
      topic,
      partition: index,
    });
    for (const listener of this.listeners) listener.becameFollower(topic, index, leaderEpoch);
  }

  /** StopReplica. Throws STALE_CONTROLLER_EPOCH. */
  stopReplicas(controllerEpoch: number, stops: readonly PartitionStop[]): PartitionCode[] {
    this.checkControllerEpoch(controllerEpoch);
    const codes = stops.map((stop) => ({
      topic: stop.topic,
      partition: stop.partition,
      code: this.stopReplica(stop),
    }));
    this.fetchers.stopIdle();
    return codes;
  }

  private stopReplica({ topic, partition: index, leaderEpoch, deleteLog }: PartitionStop): number {
    if (this.replicas.isOffline(topic, index)) return ErrorCode.KAFKA_STORAGE_ERROR;
    const partition = this.replicas.get(topic, index);
    if (partition !== undefined) {
      if (leaderEpoch >= 0 && leaderEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH;
      this.fetchers.unfollow(partition);
    }
    if (!deleteLog) return ErrorCode.NONE;
    this.detach(topic, index);
    this.logs.delete(topic, index);
    return ErrorCode.NONE;
  }

  private detach(topic: string, index: number): void {
    const partition = this.replicas.remove(topic, index);
    if (partition === undefined) return;
    this.fetchers.unfollow(partition);
    partition.stopLeading();
    for (const listener of this.listeners) listener.becameFollower(topic, index, undefined);
  }

  /** A log folder failed: its replicas answer KAFKA_STORAGE_ERROR from now on. */
  folderFailed(replicas: readonly TopicPartition[]): void {
    for (const { topic, partition } of replicas) {
      this.replicas.markOffline(topic, partition);
      this.detach(topic, partition);
    }
    this.fetchers.stopIdle();
  }
}
