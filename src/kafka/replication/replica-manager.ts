import type { Runtime, Timer } from '../../runtime/runtime.ts';
import type { MetadataCache } from '../broker/metadata-cache.ts';
import type { LogManager } from '../log/log-manager.ts';
import type { AppendOrigin } from '../log/log-types.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { DelayedAppend } from './acks/delayed-append.ts';
import type { AppendResult } from './acks/delayed-append.ts';
import { DelayedFetch, isEnough } from './fetches/delayed-fetch.ts';
import type { FetchSource } from './fetches/delayed-fetch.ts';
import { failedFetch, readPartition } from './fetches/fetch-reader.ts';
import type { FetchParams, FetchResult } from './fetches/fetch-reader.ts';
import type { FetchPartition } from './fetches/fetch-session.ts';
import type { Fetchers } from './following/fetchers.ts';
import type {
  LeaderAppend,
  LeaderAppendOptions,
  LeadershipListener,
  LocalRead,
  LocalReplicas,
} from './local-replicas.ts';
import { IsrNews } from './isr/isr-news.ts';
import type { IsrChange, Partition, PartitionHost } from './partition.ts';
import { ReplicaRoles } from './replica-roles.ts';
import { ReplicaTable } from './replica-table.ts';

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

const LATEST_PRODUCE_VERSION = 9;

/**
 * The replicas on this broker: all reading and writing of partitions goes through it. Answers are given by calling back, as often they come within the call.
 */
export class ReplicaManager implements LocalReplicas, PartitionHost, FetchSource {
  readonly brokerId: number;
  readonly replicaLagTimeMaxMs: number;
  private readonly runtime: Runtime;
  private readonly logs: LogManager;
  private readonly options: ReplicaManagerOptions;
  readonly table: ReplicaTable;
  /** What the controller decides goes there. */
  readonly roles: ReplicaRoles;
  private readonly isrNews: IsrNews;
  private readonly dirty = new Set<Partition>();
  private wakeScheduled = false;
  private isrTimer: Timer | null = null;

  constructor(runtime: Runtime, options: ReplicaManagerOptions) {
    this.runtime = runtime;
    this.options = options;
    this.brokerId = options.brokerId;
    this.replicaLagTimeMaxMs = options.replicaLagTimeMaxMs;
    this.logs = options.logs;
    this.table = new ReplicaTable(options.metadata);
    this.roles = new ReplicaRoles(runtime, this.table, options.logs, options.fetchers, this);
    this.isrNews = new IsrNews(runtime);
  }

  start(): void {
    this.isrTimer = this.runtime.clock.after(this.replicaLagTimeMaxMs / 2, () => {
      for (const partition of this.table.all()) partition.shrinkIsr();
      this.start();
    });
  }

  stop(): void {
    this.isrTimer?.cancel();
    this.options.fetchers.stop();
    for (const partition of this.table.all()) partition.stopLeading();
  }

  // what partitions see of their broker

  now(): number {
    return this.runtime.clock.monotonicMs();
  }

  writeIsr(change: IsrChange): Promise<number | null> {
    this.isrNews.changes(change);
    return this.options.writeIsr(change);
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

  partition(topic: string, partition: number): Partition | undefined {
    return this.table.get(topic, partition);
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
      const leader = this.table.requireLeader(topic, partition);
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
          ? failedFetch(request, this.table.absenceCode(request.topic, request.partition))
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
    this.roles.onLeadershipChange(listener);
  }
}
