import type { Endpoint, Runtime } from '../../../runtime/runtime.ts';
import { toSafe } from '../../../wire/int64.ts';
import { BrokerClient } from '../../client/broker-client.ts';
import { BrokerUnreachable } from '../../client/broker-unreachable.ts';
import type { ResponseOf } from '../../protocol/api.ts';
import { ErrorCode, KafkaError, errorInfo } from '../../protocol/errors.ts';
import { fetch } from '../../protocol/messages/01-fetch.ts';
import { listOffsets } from '../../protocol/messages/02-list-offsets.ts';
import { offsetForLeaderEpoch } from '../../protocol/messages/23-offset-for-leader-epoch.ts';
import { FetchedReplicas } from './fetched-replicas.ts';
import type { FetchedReplica } from './fetched-replicas.ts';
import type { FollowerVersions } from './inter-broker-versions.ts';
import type { Partition } from '../partition.ts';
import { truncationPoint } from './truncation.ts';

export interface FetcherOptions {
  readonly brokerId: number;
  readonly source: number;
  readonly clientId: string;
  readonly versions: FollowerVersions;
  readonly maxBytes: number;
  readonly maxResponseBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly backoffMs: number;
  readonly socketTimeoutMs: number;
  /** Where the leader listens for brokers; undefined while the controller hasn't told. */
  endpoint(): Endpoint | undefined;
}

const LATEST = -1;
const EARLIEST = -2;

/**
 * Follows one leader: a connection, one request in flight, all partitions that this fetcher is responsible for. New ones find out by
 * epochs where their log parts from the leader's and cut it there; then all are fetched through one incremental session.
 */
export class ReplicaFetcher {
  private readonly runtime: Runtime;
  private readonly options: FetcherOptions;
  private readonly replicas = new FetchedReplicas();
  private client: BrokerClient | null = null;
  private stopped = false;
  private wake: (() => void) | null = null;
  private woken = false;
  /** The leader can't be reached, and the log knows. */
  private unreachable = false;

  constructor(runtime: Runtime, options: FetcherOptions) {
    this.runtime = runtime;
    this.options = options;
    void this.run();
  }

  get size(): number {
    return this.replicas.size;
  }

  add(partition: Partition): void {
    this.replicas.add(partition);
    this.wakeUp();
  }

  remove(partition: Partition): void {
    this.replicas.remove(partition);
  }

  stop(): void {
    this.stopped = true;
    this.client?.close();
    this.wakeUp();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const now = this.runtime.clock.monotonicMs();
      if (this.replicas.size === 0 || !this.replicas.anyReady(now)) {
        await this.sleep(this.replicas.size === 0 ? null : this.options.backoffMs);
        continue;
      }
      try {
        await this.truncate(now);
        await this.fetchOnce();
        if (this.unreachable) this.runtime.log.info(`fetches from broker ${this.options.source} again`);
        this.unreachable = false;
      } catch (error) {
        if (this.isStopped()) return;
        this.failed(error);
        await this.sleep(this.options.backoffMs);
      }
    }
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private failed(error: unknown): void {
    this.replicas.resetSession();
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof BrokerUnreachable) {
      const { log } = this.runtime;
      const sentence = `can't fetch from broker ${this.options.source}, and goes on trying: ${reason}`;
      if (this.unreachable) log.debug(sentence, { broker: this.options.source });
      else log.info(sentence, { broker: this.options.source });
      this.unreachable = true;
    } else
      this.runtime.log.error(`fetching from broker ${this.options.source} failed: ${reason}`, {
        broker: this.options.source,
      });
  }

  private connection(): BrokerClient {
    const endpoint = this.options.endpoint();
    if (endpoint === undefined)
      throw new BrokerUnreachable(
        { host: `broker-${this.options.source}`, port: 0 },
        'its address is not known (yet)',
      );
    const current = this.client;
    if (
      current !== null &&
      current.endpoint.host === endpoint.host &&
      current.endpoint.port === endpoint.port
    )
      return current;
    current?.close();
    this.replicas.resetSession();
    this.client = new BrokerClient(this.runtime, {
      endpoint,
      clientId: this.options.clientId,
      requestTimeoutMs: this.options.socketTimeoutMs,
    });
    return this.client;
  }

  private async fetchOnce(): Promise<void> {
    const { replicas, options } = this;
    const request = replicas.nextRequest(this.runtime.clock.monotonicMs(), options.maxBytes);
    if (request === null) return;
    const client = this.connection();
    const response = await client.send(fetch, options.versions.fetch, {
      replicaId: options.brokerId,
      maxWaitMs: options.maxWaitMs,
      minBytes: options.minBytes,
      maxBytes: options.maxResponseBytes,
      isolationLevel: 0,
      ...request,
    });
    if (this.stopped) return;
    if (response.errorCode !== ErrorCode.NONE) {
      replicas.resetSession();
      if (
        response.errorCode !== ErrorCode.FETCH_SESSION_ID_NOT_FOUND &&
        response.errorCode !== ErrorCode.INVALID_FETCH_SESSION_EPOCH
      )
        throw new KafkaError(response.errorCode);
      return;
    }
    for (const topic of response.responses)
      for (const data of topic.partitions) {
        const replica = replicas.get(topic.topic, data.partitionIndex);
        // an answer counts only while the replica still wants what was asked for
        if (
          replica === undefined ||
          replica.sentOffset !== replica.partition.log.logEndOffset ||
          !replica.isCurrent
        )
          continue;
        await this.process(replica, data);
      }
    // not before: without a session it forgets what was asked for
    replicas.answered(response.sessionId);
    // all is in the logs now
    client.releaseLastAnswer();
  }

  private async process(replica: FetchedReplica, data: FetchedData): Promise<void> {
    const { partition } = replica;
    try {
      switch (data.errorCode) {
        case ErrorCode.NONE:
          partition.appendAsFollower(
            data.records,
            toSafe(data.highWatermark, 'high watermark'),
            toSafe(data.logStartOffset, 'log start offset'),
          );
          return;
        case ErrorCode.OFFSET_OUT_OF_RANGE:
          await this.handleOutOfRange(replica);
          return;
        case ErrorCode.FENCED_LEADER_EPOCH:
          replica.fail();
          return;
        default:
          this.delay(replica, `broker ${this.options.source} answered ${errorInfo(data.errorCode).name}`);
      }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      if (error.code === ErrorCode.KAFKA_STORAGE_ERROR) replica.fail();
      this.delay(replica, error.message);
    }
  }

  private delay(replica: FetchedReplica, reason: string): void {
    replica.readyAtMs = this.runtime.clock.monotonicMs() + this.options.backoffMs;
    const { topic, partition } = replica.partition;
    this.runtime.log.debug(`${topic}-${partition} waits before it fetches again: ${reason}`, {
      topic,
      partition,
    });
  }

  /** Replicas that were just added compare epochs with the leader and cut off what it doesn't have. */
  private async truncate(now: number): Promise<void> {
    const asking: FetchedReplica[] = [];
    for (const replica of this.replicas.truncating(now)) {
      const { log } = replica.partition;
      if (log.latestEpoch < 0) this.cut(replica, Math.min(log.highWatermark, log.logEndOffset), true);
      else asking.push(replica);
    }
    if (asking.length === 0) return;
    const epochs = new Map(asking.map((replica) => [replica, replica.partition.log.latestEpoch]));
    const response = await this.connection().send(
      offsetForLeaderEpoch,
      this.options.versions.offsetForLeaderEpoch,
      {
        replicaId: this.options.brokerId,
        topics: byTopic(asking).map(([topic, replicas]) => ({
          topic,
          partitions: replicas.map((replica) => ({
            partition: replica.partition.partition,
            currentLeaderEpoch: replica.partition.leaderEpoch,
            leaderEpoch: epochs.get(replica) ?? -1,
          })),
        })),
      },
    );
    for (const topic of response.topics)
      for (const answer of topic.partitions) {
        const replica = this.replicas.get(topic.topic, answer.partition);
        if (replica === undefined || !replica.isTruncating) continue;
        const { log } = replica.partition;
        if (epochs.get(replica) !== log.latestEpoch) continue;
        if (answer.errorCode === ErrorCode.FENCED_LEADER_EPOCH) replica.fail();
        else if (answer.errorCode !== ErrorCode.NONE)
          this.delay(replica, `broker ${this.options.source} answered ${errorInfo(answer.errorCode).name}`);
        else {
          const point = truncationPoint(log, {
            epoch: answer.leaderEpoch,
            endOffset: toSafe(answer.endOffset, 'end offset'),
          });
          this.cut(replica, point.offset, point.done);
        }
      }
  }

  private cut(replica: FetchedReplica, offset: number, done: boolean): void {
    const { log, topic, partition } = replica.partition;
    if (offset < log.logEndOffset) {
      this.runtime.log.info(
        `${topic}-${partition}: cut from ${log.logEndOffset} to ${offset}, where the leader's log parts`,
        {
          topic,
          partition,
        },
      );
      log.truncateTo(offset);
      if (log.highWatermark > log.logEndOffset) log.highWatermark = log.logEndOffset;
    }
    if (done) replica.truncated();
  }

  /** The leader has nothing at our end: it begins later (retention), or it ends earlier (unclean election). */
  private async handleOutOfRange(replica: FetchedReplica): Promise<void> {
    const { partition } = replica;
    const { log } = partition;
    const leaderEnd = await this.leaderOffset(partition, LATEST);
    if (!replica.isCurrent) return;
    if (leaderEnd < log.logEndOffset) {
      this.cut(replica, leaderEnd, true);
      return;
    }
    const leaderStart = await this.leaderOffset(partition, EARLIEST);
    if (!replica.isCurrent || leaderStart <= log.logEndOffset) return;
    this.runtime.log.info(
      `${partition.topic}-${partition.partition}: begins anew at ${leaderStart}, where the leader's log starts`,
    );
    log.truncateFullyAndStartAt(leaderStart);
    log.highWatermark = leaderStart;
  }

  private async leaderOffset(partition: Partition, timestamp: number): Promise<number> {
    const response = await this.connection().send(listOffsets, this.options.versions.listOffsets, {
      replicaId: this.options.brokerId,
      isolationLevel: 0,
      topics: [
        {
          name: partition.topic,
          partitions: [
            { partitionIndex: partition.partition, currentLeaderEpoch: partition.leaderEpoch, timestamp },
          ],
        },
      ],
    });
    const answer = response.topics[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== ErrorCode.NONE)
      throw new KafkaError(answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR);
    return toSafe(answer.offset, 'offset');
  }

  private wakeUp(): void {
    this.woken = true;
    this.wake?.();
  }

  /** Until somebody wakes us or the time is over; null: for as long as it takes. */
  private sleep(ms: number | null): Promise<void> {
    if (this.woken && ms === null) {
      this.woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer = ms === null ? null : this.runtime.clock.after(ms, () => finish());
      const finish = (): void => {
        this.wake = null;
        this.woken = false;
        timer?.cancel();
        resolve();
      };
      this.wake = finish;
    });
  }
}

type FetchedData = ResponseOf<typeof fetch>['responses'][number]['partitions'][number];

function byTopic(replicas: readonly FetchedReplica[]): [string, FetchedReplica[]][] {
  const topics = new Map<string, FetchedReplica[]>();
  for (const replica of replicas) {
    const list = topics.get(replica.partition.topic);
    if (list === undefined) topics.set(replica.partition.topic, [replica]);
    else list.push(replica);
  }
  return [...topics];
}
