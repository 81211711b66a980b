import type { Runtime, Timer } from '../../runtime/runtime.ts';
import type { MetadataCache } from '../broker/metadata-cache.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { AppendOrigin, TopicPartition } from '../log/log-types.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { partitionsInWords, rolesInWords } from './changes-in-words.ts';
import type { RoleTaken } from './changes-in-words.ts';
import { DelayedAppend } from './delayed-append.ts';
import type { AppendResult } from './delayed-append.ts';
import { DelayedFetch, isEnough } from './delayed-fetch.ts';
import type { FetchSource } from './delayed-fetch.ts';
import { failedFetch, readPartition } from './fetch-reader.ts';
import type { FetchParams, FetchResult } from './fetch-reader.ts';
import type { FetchPartition } from './fetch-session.ts';
import type { Fetchers } from './fetchers.ts';
import type {
  LeaderAppend,
  LeaderAppendOptions,
  LeadershipListener,
  LocalRead,
  LocalReplicas,
} from './local-replicas.ts';
import { Partition } from './partition.ts';
import type { IsrChange, LeaderAndIsrState, PartitionHost } from './partition.ts';

export interface ReplicaManagerOptions {
  readonly brokerId: number;
  readonly replicaLagTimeMaxMs: number;
  readonly logs: LogManager;
  readonly metadata: MetadataCache;
  readonly fetchers: Fetchers;
  /** See `PartitionHost.writeIsr`. */
  writeIsr(change: IsrChange): Promise<number | null>;
}

export interface AppendRequest {
  readonly topic: string;
  readonly partition: number;
  readonly records: Buffer | null;
  /** It was refused already, with this code: it only takes its place among the results. */
  readonly refused?: number;
}

export interface AppendOptions {
  readonly requiredAcks: number;
  readonly timeoutMs: number;
  readonly origin: AppendOrigin;
  readonly produceVersion: number;
}

export type PartitionDecision = LeaderAndIsrState & TopicPartition;

export interface PartitionStop extends TopicPartition {
  /** −1: not told (older than KIP-570); −2: the topic is being deleted. */
  readonly leaderEpoch: number;
  readonly deleteLog: boolean;
}

export interface PartitionCode extends TopicPartition {
  readonly code: number;
}

const LATEST_PRODUCE_VERSION = 9;

/** ISRs that change together, as after a restart, are told of together. */
const ISR_GATHER_MS = 250;

/**
 * The replicas on this broker. It does what the controller decides (LeaderAndIsr, StopReplica), and all reading and writing of
 * partitions goes through it. Answers are given by calling back, as often they come within the call.
 */
export class ReplicaManager implements LocalReplicas, PartitionHost, FetchSource {
  readonly brokerId: number;
  readonly replicaLagTimeMaxMs: number;
  private readonly runtime: Runtime;
  private readonly logs: LogManager;
  private readonly metadata: MetadataCache;
  private readonly fetchers: Fetchers;
  private readonly options: ReplicaManagerOptions;
  private readonly topics = new Map<string, Map<number, Partition>>();
  /** Replicas whose log folder failed. */
  private readonly offline = new Set<string>();
  private readonly listeners: LeadershipListener[] = [];
  private readonly dirty = new Set<Partition>();
  private wakeScheduled = false;
  private controllerEpoch = -1;
  /** What the LeaderAndIsr request that is being applied changed. */
  private taken: RoleTaken[] = [];
  /** ISR changes that the log wasn't told of yet, by their ISR. */
  private readonly untoldIsrs = new Map<string, TopicPartition[]>();
  private isrTimer: Timer | null = null;

  constructor(runtime: Runtime, options: ReplicaManagerOptions) {
    this.runtime = runtime;
    this.options = options;
    this.brokerId = options.brokerId;
    this.replicaLagTimeMaxMs = options.replicaLagTimeMaxMs;
    this.logs = options.logs;
    this.metadata = options.metadata;
    this.fetchers = options.fetchers;
  }

  start(): void {
    this.isrTimer = this.runtime.clock.after(this.replicaLagTimeMaxMs / 2, () => {
      for (const partition of this.partitions()) partition.shrinkIsr();
      this.start();
    });
  }

  stop(): void {
    this.isrTimer?.cancel();
    this.fetchers.stop();
    for (const partition of this.partitions()) partition.stopLeading();
  }

  // what partitions see of their broker

  now(): number {
    return this.runtime.clock.monotonicMs();
  }

  writeIsr(change: IsrChange): Promise<number | null> {
    this.tellIsr(change);
    return this.options.writeIsr(change);
  }

  private tellIsr({ topic, partition, isr }: IsrChange): void {
    if (this.untoldIsrs.size === 0)
      this.runtime.clock.after(ISR_GATHER_MS, () => {
        for (const [replicas, partitions] of this.untoldIsrs)
          this.runtime.log.info(`in-sync replicas of ${partitionsInWords(partitions)}: brokers ${replicas}`);
        this.untoldIsrs.clear();
      });
    const replicas = [...isr].sort((a, b) => a - b).join(', ');
    const partitions = this.untoldIsrs.get(replicas);
    if (partitions === undefined) this.untoldIsrs.set(replicas, [{ topic, partition }]);
    else if (!partitions.some((one) => one.topic === topic && one.partition === partition))
      partitions.push({ topic, partition });
  }

  changed(partition: Partition): void {
    if (partition.fetches.size === 0) return;
    this.dirty.add(partition);
    if (this.wakeScheduled) return;
    this.wakeScheduled = true;
    this.runtime.clock.soon(() => {
      this.wakeScheduled = false;
      const dirty = [...this.dirty];
      this.dirty.clear();
      for (const each of dirty) for (const fetch of each.fetches) fetch.check();
    });
  }

  // finding partitions

  partition(topic: string, partition: number): Partition | undefined {
    return this.topics.get(topic)?.get(partition);
  }

  *partitions(): IterableIterator<Partition> {
    for (const partitions of this.topics.values()) yield* partitions.values();
  }

  /** Throws UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER (it is elsewhere) or KAFKA_STORAGE_ERROR. */
  require(topic: string, partition: number): Partition {
    const found = this.partition(topic, partition);
    if (found !== undefined) return found;
    throw new KafkaError(this.absenceCode(topic, partition));
  }

  /** The same, and it is led here. */
  requireLeader(topic: string, partition: number): Partition {
    const found = this.require(topic, partition);
    if (found.leading === null) throw new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    return found;
  }

  private absenceCode(topic: string, partition: number): number {
    if (this.offline.has(`${topic}:${partition}`)) return ErrorCode.KAFKA_STORAGE_ERROR;
    return this.metadata.partition(topic, partition) === undefined
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.NOT_LEADER_OR_FOLLOWER;
  }

  // writing

  /**
   * Appends to partitions that are led here. `done` gets a result for each request, in order; with acks −1 when all are settled.
   * @returns whether the records' memory stays in use.
   */
  append(
    requests: readonly AppendRequest[],
    options: AppendOptions,
    done: (results: AppendResult[]) => void,
  ): boolean {
    const results: AppendResult[] = [];
    let keeps = false;
    let delayed: DelayedAppend | null = null;
    for (const request of requests) {
      const result = this.appendOne(request, options);
      results.push(result);
      keeps ||= this.partition(request.topic, request.partition)?.log.keepTail === true;
      if (options.requiredAcks !== -1 || result.code !== ErrorCode.NONE || result.lastOffset < 0) continue;
      const partition = this.partition(request.topic, request.partition);
      if (partition === undefined || partition.log.highWatermark > result.lastOffset) continue;
      delayed ??= new DelayedAppend(results, done);
      delayed.add(partition, result);
    }
    if (delayed === null) {
      done(results);
      return keeps;
    }
    const waiting = delayed;
    waiting.wait(this.runtime.clock.after(Math.max(0, options.timeoutMs), () => waiting.expire()));
    return keeps;
  }

  private appendOne(
    { topic, partition, records, refused }: AppendRequest,
    options: AppendOptions,
  ): AppendResult {
    try {
      if (refused !== undefined) throw new KafkaError(refused);
      const leader = this.requireLeader(topic, partition);
      if (records === null)
        throw new KafkaError(ErrorCode.INVALID_RECORD, 'there are no records in the request');
      const info = leader.appendAsLeader(
        records,
        options.requiredAcks,
        options.origin,
        options.produceVersion,
      );
      return {
        code: ErrorCode.NONE,
        message: null,
        firstOffset: info.firstOffset,
        lastOffset: info.lastOffset,
        logAppendTimeMs: info.logAppendTimeMs,
        logStartOffset: info.logStartOffset,
      };
    } catch (error) {
      const known = error instanceof KafkaError;
      if (!known)
        this.runtime.log.error(`appending to ${topic}-${partition} failed: ${String(error)}`, {
          topic,
          partition,
        });
      return {
        code: known ? error.code : ErrorCode.UNKNOWN_SERVER_ERROR,
        message: known ? error.message : null,
        firstOffset: -1,
        lastOffset: -1,
        logAppendTimeMs: -1,
        logStartOffset: this.partition(topic, partition)?.log.logStartOffset ?? -1,
      };
    }
  }

  appendToLeader(
    topic: string,
    partition: number,
    records: Buffer,
    options: LeaderAppendOptions,
  ): Promise<LeaderAppend> {
    return new Promise((resolve, reject) => {
      this.append(
        [{ topic, partition, records }],
        { ...options, produceVersion: LATEST_PRODUCE_VERSION },
        ([result]) => {
          if (result !== undefined && result.code === ErrorCode.NONE) resolve(result);
          else
            reject(
              new KafkaError(result?.code ?? ErrorCode.UNKNOWN_SERVER_ERROR, result?.message ?? undefined),
            );
        },
      );
    });
  }

  // reading

  /**
   * Reads partitions, and waits until there is enough or the fetch's time is over. `done` gets a result for each request, in order.
   * @returns the wait, for a connection that closes meanwhile; null when it is answered.
   */
  fetch(
    requests: readonly FetchPartition[],
    params: FetchParams,
    done: (results: FetchResult[]) => void,
  ): DelayedFetch | null {
    const partitions: Partition[] = [];
    for (const { topic, partition } of requests) {
      const found = this.partition(topic, partition);
      if (found !== undefined) partitions.push(found);
    }
    const results = this.readAll(requests, params, true);
    if (params.maxWaitMs <= 0 || requests.length === 0 || isEnough(results, params)) {
      done(results);
      return null;
    }
    this.release(results);
    const delayed = new DelayedFetch(requests, partitions, params, this, done);
    delayed.wait(this.runtime.clock.after(params.maxWaitMs, () => delayed.complete()));
    return delayed;
  }

  /** Reads again what a fetch waits for. */
  read(requests: readonly FetchPartition[], params: FetchParams): FetchResult[] {
    return this.readAll(requests, params, false);
  }

  /** Nobody uses the records of these results any more: their memory may become another's. */
  release(results: readonly FetchResult[]): void {
    for (const { memory } of results) if (memory !== null) this.logs.readBuffers.give(memory);
  }

  private readAll(
    requests: readonly FetchPartition[],
    params: FetchParams,
    firstTime: boolean,
  ): FetchResult[] {
    const results: FetchResult[] = [];
    let remaining = params.maxBytes;
    let isFirst = true;
    for (const request of requests) {
      const partition = this.partition(request.topic, request.partition);
      const result =
        partition === undefined
          ? failedFetch(request, this.absenceCode(request.topic, request.partition))
          : readPartition(partition, request, params, remaining, isFirst, firstTime);
      if (result.sizeBytes > 0) {
        isFirst = false;
        remaining = Math.max(0, remaining - result.sizeBytes);
      }
      results.push(result);
    }
    return results;
  }

  readLocal(topic: string, partition: number, fromOffset: number, maxBytes: number): LocalRead | undefined {
    const found = this.partition(topic, partition);
    if (found === undefined || found.leading === null) return undefined;
    const { log } = found;
    const read = log.read(Math.max(fromOffset, log.logStartOffset), maxBytes, log.logEndOffset, true);
    return {
      records: read.records.length === 1 ? read.records[0]! : Buffer.concat(read.records),
      logStartOffset: log.logStartOffset,
      highWatermark: log.highWatermark,
      logEndOffset: log.logEndOffset,
    };
  }

  leaderEpoch(topic: string, partition: number): number | undefined {
    const found = this.partition(topic, partition);
    return found === undefined || found.leading === null ? undefined : found.leaderEpoch;
  }

  onLeadershipChange(listener: LeadershipListener): void {
    this.listeners.push(listener);
    for (const partition of this.partitions())
      if (partition.leading !== null)
        listener.becameLeader(partition.topic, partition.partition, partition.leaderEpoch);
  }

  // what the controller decides

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
      const known = this.partition(topic, index);
      // after a failover a controller says again what it found: nothing new, and the answer says so
      if (known !== undefined && decision.leaderEpoch <= known.leaderEpoch)
        return ErrorCode.STALE_CONTROLLER_EPOCH;
      if (!decision.replicas.includes(this.brokerId)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const partition = known ?? this.attach(decision);
      if (decision.leader === this.brokerId) this.lead(partition, decision);
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
    if (this.offline.has(`${topic}:${index}`)) throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR);
    const log = this.logs.getOrCreate(topic, index, { isNew });
    const partition = new Partition(this, log, this.logs.checkpointedHighWatermark(topic, index));
    let partitions = this.topics.get(topic);
    if (partitions === undefined) this.topics.set(topic, (partitions = new Map<number, Partition>()));
    partitions.set(index, partition);
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
    if (this.offline.has(`${topic}:${index}`)) return ErrorCode.KAFKA_STORAGE_ERROR;
    const partition = this.partition(topic, index);
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
    const partition = this.partition(topic, index);
    if (partition === undefined) return;
    const partitions = this.topics.get(topic);
    partitions?.delete(index);
    if (partitions?.size === 0) this.topics.delete(topic);
    this.fetchers.unfollow(partition);
    partition.stopLeading();
    for (const listener of this.listeners) listener.becameFollower(topic, index, undefined);
  }

  /** A log folder failed: its replicas answer KAFKA_STORAGE_ERROR from now on. */
  folderFailed(replicas: readonly TopicPartition[]): void {
    for (const { topic, partition } of replicas) {
      this.offline.add(`${topic}:${partition}`);
      this.detach(topic, partition);
    }
    this.fetchers.stopIdle();
  }
}
