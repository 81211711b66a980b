import type { AppendInfo, AppendOrigin } from '../log/log-types.ts';
import type { PartitionLog } from '../log/partition-log.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { AckQueue } from './acks/ack-queue.ts';
import type { DelayedFetch } from './fetches/delayed-fetch.ts';
import { LeaderState } from './isr/leader-state.ts';

/** What the controller decided for a partition (LeaderAndIsr). */
export interface LeaderAndIsrState {
  readonly controllerEpoch: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly zkVersion: number;
  readonly replicas: readonly number[];
  /** The log may be made anew: no earlier one exists anywhere on this broker. */
  readonly isNew: boolean;
}

/** An ISR on its way to the znode of the partition's state. */
export interface IsrChange {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly controllerEpoch: number;
  readonly isr: readonly number[];
  readonly zkVersion: number;
}

/** What partitions share: the broker that they are on. */
export interface PartitionHost {
  readonly brokerId: number;
  readonly replicaLagTimeMaxMs: number;
  now(): number;
  /** Resolves with the new version of the znode, or null when somebody else had changed it. Rejects when nobody knows. */
  writeIsr(change: IsrChange): Promise<number | null>;
  /** Records came, or the high watermark or the log start moved: waiting fetches are to be looked at. */
  changed(partition: Partition): void;
}

const ISR_RETRY_MS = 1000;

/**
 * One replica on this broker: its log, its role, and who waits for it. `LeaderState` decides about ISR and high watermark; this
 * class applies that to the log and to ZooKeeper.
 */
export class Partition {
  readonly topic: string;
  readonly partition: number;
  log: PartitionLog;
  leader = -1;
  leaderEpoch = -1;
  zkVersion = -1;
  replicas: readonly number[] = [];
  /** While this broker leads. */
  leading: LeaderState | null = null;
  /** Produce requests that wait for the high watermark. */
  readonly acks = new AckQueue();
  readonly fetches = new Set<DelayedFetch>();
  /** DeleteRecords requests that wait for the low watermark; each returns whether it is done. */
  readonly startWaiters = new Set<() => void>();
  private controllerEpoch = -1;
  private readonly host: PartitionHost;
  private isrRetryAtMs = 0;

  constructor(host: PartitionHost, log: PartitionLog, highWatermark: number) {
    this.host = host;
    this.log = log;
    this.topic = log.topicPartition.topic;
    this.partition = log.topicPartition.partition;
    log.highWatermark = Math.max(log.logStartOffset, Math.min(highWatermark, log.logEndOffset));
  }

  becomeLeader(state: LeaderAndIsrState): void {
    const now = this.host.now();
    const { log } = this;
    this.take(state);
    // before the first append, even when nothing is ever appended: followers find out by it where epochs end (KIP-101)
    log.assignEpochStart(state.leaderEpoch, log.logEndOffset);
    if (this.leading === null)
      this.leading = new LeaderState(this.host.brokerId, state.replicas, state.isr, log.logEndOffset, now);
    else this.leading.reassign(state.replicas, state.isr, log.logEndOffset, now);
    this.isrRetryAtMs = 0;
    this.advanceHighWatermark();
  }

  becomeFollower(state: LeaderAndIsrState): void {
    this.take(state);
    this.stopLeading();
  }

  /** Nobody leads here any more: all who wait are told so. */
  stopLeading(): void {
    this.leading = null;
    this.acks.failAll(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    for (const fetch of this.fetches) fetch.complete();
    for (const check of this.startWaiters) check();
  }

  /** Throws FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH (KIP-320). −1: the asker doesn't know one. */
  checkLeaderEpoch(epoch: number): void {
    if (epoch < 0 || epoch === this.leaderEpoch) return;
    throw new KafkaError(
      epoch < this.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH,
    );
  }

  get minInsyncReplicas(): number {
    return this.log.config.minInsyncReplicas;
  }

  /** Throws a KafkaError. Whoever wants acks −1 waits in `acks` then. */
  appendAsLeader(
    records: Buffer,
    requiredAcks: number,
    origin: AppendOrigin,
    produceVersion: number,
  ): AppendInfo {
    const { leading } = this;
    if (leading === null) throw new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    if (requiredAcks === -1 && leading.isrSize < this.minInsyncReplicas)
      throw new KafkaError(
        ErrorCode.NOT_ENOUGH_REPLICAS,
        `${leading.isrSize} replicas of ${this.topic}-${this.partition} are in sync, ${this.minInsyncReplicas} are needed`,
      );
    this.log.keepTail = this.replicas.length > 1 || this.fetches.size > 0;
    const info = this.log.appendAsLeader(records, { leaderEpoch: this.leaderEpoch, origin, produceVersion });
    if (!info.duplicate) {
      if (leading.isrSize === 1) this.advanceHighWatermark();
      this.host.changed(this);
    }
    return info;
  }

  /** A follower asked from here on, with an offset that is in our log. @returns false when it isn't one of ours. */
  followerFetched(replica: number, fetchOffset: number, logStartOffset: number): boolean {
    const { leading, log } = this;
    if (leading === null) return false;
    const follower = leading.follower(replica);
    if (follower === undefined) return false;
    const moved = follower.logEndOffset !== fetchOffset;
    const startMoved = follower.logStartOffset !== logStartOffset;
    leading.fetched({
      replica,
      fetchOffset,
      logStartOffset,
      leaderEndOffset: log.logEndOffset,
      now: this.host.now(),
    });
    const wider = leading.isrWith(replica, log.highWatermark);
    if (wider !== null) this.changeIsr(leading, wider);
    if (moved) this.advanceHighWatermark();
    if (startMoved) for (const check of this.startWaiters) check();
    return true;
  }

  shrinkIsr(): void {
    const { leading } = this;
    if (leading === null) return;
    const kept = leading.isrWithoutLaggards(
      this.log.logEndOffset,
      this.host.now(),
      this.host.replicaLagTimeMaxMs,
    );
    if (kept !== null) this.changeIsr(leading, kept);
  }

  /** Never backwards while we lead. */
  advanceHighWatermark(): void {
    const { leading, log } = this;
    if (leading === null) return;
    const candidate = leading.highWatermarkCandidate(
      log.logEndOffset,
      this.host.now(),
      this.host.replicaLagTimeMaxMs,
    );
    if (candidate <= log.highWatermark) return;
    // consumers that wait are about to read from the old high watermark on; nobody who keeps up needs what is below
    log.trimTail(log.highWatermark);
    log.highWatermark = candidate;
    this.acks.reached(
      candidate,
      leading.isrSize < this.minInsyncReplicas ? ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND : ErrorCode.NONE,
    );
    this.host.changed(this);
  }

  /** What a leader answered to our fetch at our log end. @returns the next offset to fetch. Throws what the log throws. */
  appendAsFollower(
    records: Buffer | null,
    leaderHighWatermark: number,
    leaderLogStartOffset: number,
  ): number {
    const { log } = this;
    if (records !== null && records.length > 0) log.appendAsFollower(records);
    const highWatermark = Math.min(leaderHighWatermark, log.logEndOffset);
    if (highWatermark >= log.logStartOffset && highWatermark !== log.highWatermark) {
      log.highWatermark = highWatermark;
      this.host.changed(this);
    }
    if (leaderLogStartOffset > log.logStartOffset && leaderLogStartOffset <= log.highWatermark)
      log.incrementLogStartOffset(leaderLogStartOffset);
    return log.logEndOffset;
  }

  private take(state: LeaderAndIsrState): void {
    this.leader = state.leader;
    this.leaderEpoch = state.leaderEpoch;
    this.controllerEpoch = state.controllerEpoch;
    this.zkVersion = state.zkVersion;
    this.replicas = state.replicas;
  }

  private changeIsr(leading: LeaderState, isr: readonly number[]): void {
    const now = this.host.now();
    if (now < this.isrRetryAtMs) return;
    leading.propose(isr);
    const { topic, partition, leader, leaderEpoch, controllerEpoch, zkVersion } = this;
    // a LeaderAndIsr that comes in between overrules the answer
    const isCurrent = (): boolean =>
      this.leading === leading && this.leaderEpoch === leaderEpoch && this.zkVersion === zkVersion;
    this.host.writeIsr({ topic, partition, leader, leaderEpoch, controllerEpoch, isr, zkVersion }).then(
      (version) => {
        if (!isCurrent()) return;
        if (version === null) this.isrRetryAtMs = this.host.now() + ISR_RETRY_MS;
        else this.zkVersion = version;
        leading.settle(version !== null);
        this.advanceHighWatermark();
      },
      () => {
        if (!isCurrent()) return;
        this.isrRetryAtMs = this.host.now() + ISR_RETRY_MS;
        leading.settleUnknown();
      },
    );
  }
}
