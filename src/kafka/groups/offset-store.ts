import type { Runtime, Timer } from '../../runtime/runtime.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { GroupCoordinatorOptions } from './group-coordinator.ts';
import type { Group } from './group/group.ts';
import type { CommittedOffset, OffsetKey } from './group-offsets.ts';
import { encodeGroup, encodeOffset, type KeyValue } from './group-records.ts';
import type { GroupPartitions } from './group-partitions.ts';
import { offsetAppendCode } from './offsets-log.ts';
import type { OwnedPartition } from './owned-partition.ts';
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscribed-topics.ts';

export interface CommitRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** −1: of no member. */
  readonly generation: number;
  readonly offsets: readonly CommitOffset[];
}

export interface CommitOffset extends OffsetKey {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** ms since 1970; null: now. */
  readonly commitTimestampMs: number | null;
  /** How long to keep it; null: as long as the broker does. */
  readonly retentionMs: number | null;
}

/** Commits, reads, deletes and expires offsets of groups. */
export class OffsetStore {
  private readonly runtime: Runtime;
  private readonly partitions: GroupPartitions;
  private readonly options: GroupCoordinatorOptions;
  private expiry: Timer | null = null;

  constructor(runtime: Runtime, partitions: GroupPartitions, options: GroupCoordinatorOptions) {
    this.runtime = runtime;
    this.partitions = partitions;
    this.options = options;
  }

  start(): void {
    this.expiry = this.runtime.clock.after(this.options.config.offsetsRetentionCheckIntervalMs, () => {
      this.expire();
      this.start();
    });
  }

  stop(): void {
    this.expiry?.cancel();
  }

  /** Resolves once the offsets are in the log of all in-sync replicas. @returns a code for each offset. */
  commit(groupId: string, request: CommitRequest): Promise<number[]> {
    const { offsets } = request;
    const refuse = (code: number) => Promise.resolve(offsets.map(() => code));
    const owned = this.partitions.find(groupId);
    if (typeof owned === 'number') return refuse(owned);
    let group = owned.groups.get(groupId);
    if (group === undefined) {
      if (request.generation >= 0) return refuse(ErrorCode.ILLEGAL_GENERATION);
      group = owned.makeGroup(groupId);
    }
    const { memberId, instanceId, generation } = request;
    const allowed = group;
    const code = owned.act(allowed, (now) => allowed.allowCommit(memberId, instanceId, generation, now));
    return code === ErrorCode.NONE ? this.write(owned, group, offsets) : refuse(code);
  }

  private write(owned: OwnedPartition, group: Group, offsets: readonly CommitOffset[]): Promise<number[]> {
    const codes = offsets.map((offset) => this.problem(offset));
    const accepted = offsets.filter((_, i) => codes[i] === ErrorCode.NONE);
    if (accepted.length === 0) return Promise.resolve(codes);
    const wallMs = this.runtime.clock.wallMs();
    const values = accepted.map((offset) => valueOf(offset, wallMs));
    const records = accepted.map((at, i) => encodeOffset(group.id, keyOf(at), values[i]!, owned.versions));
    for (const { topic, partition } of accepted) group.offsets.sent(topic, partition);
    return new Promise((resolve) => {
      owned.log.append(records, (code, firstOffset) => {
        accepted.forEach(({ topic, partition }, i) => {
          group.offsets.settled(topic, partition);
          if (code === ErrorCode.NONE)
            group.offsets.set(topic, partition, { ...values[i]!, recordOffset: firstOffset + i });
        });
        const answer = offsetAppendCode(code);
        resolve(codes.map((own) => (own === ErrorCode.NONE ? answer : own)));
      });
    });
  }

  private problem({ topic, partition, metadata }: CommitOffset): number {
    if (!this.options.partitionExists(topic, partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (metadata.length > this.options.config.offsetMetadataMaxBytes)
      return ErrorCode.OFFSET_METADATA_TOO_LARGE;
    return ErrorCode.NONE;
  }

  /** The group whose offsets are asked for; null: it has none, which is no error. A number is an error code. */
  groupToRead(groupId: string): Group | null | number {
    const owned = this.partitions.find(groupId);
    return typeof owned === 'number' ? owned : (owned.groups.get(groupId) ?? null);
  }

  /** @returns a code for the whole, or one for each. */
  delete(groupId: string, keys: readonly OffsetKey[]): number | number[] {
    const owned = this.partitions.find(groupId);
    if (typeof owned === 'number') return owned;
    const group = owned.groups.get(groupId);
    if (group === undefined || group.state === 'Dead') return ErrorCode.GROUP_ID_NOT_FOUND;
    const isActive = group.state !== 'Empty';
    if (isActive && group.protocolType !== CONSUMER_PROTOCOL_TYPE) return ErrorCode.NON_EMPTY_GROUP;
    const topics = isActive ? subscribedTopics(group) : new Set<string>();
    const codes = keys.map(({ topic, partition }) => {
      if (!this.options.partitionExists(topic, partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      return topics === null || topics.has(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE;
    });
    this.forget(
      owned,
      group,
      keys.filter((_, i) => codes[i] === ErrorCode.NONE),
    );
    return codes;
  }

  partitionsDeleted(topic: string, partitions: readonly number[]): void {
    for (const owned of this.partitions.ready())
      for (const group of owned.groups.values())
        this.forget(
          owned,
          group,
          partitions.map((partition) => ({ topic, partition })),
        );
  }

  /** KIP-211: offsets of a group without members go some time after it lost the last one, others some time after their commit. */
  expire(): void {
    for (const owned of this.partitions.ready())
      for (const group of owned.groups.values()) this.forget(owned, group, this.expired(group));
  }

  private expired(group: Group): OffsetKey[] {
    const now = this.runtime.clock.wallMs();
    const retentionMs = this.options.config.offsetsRetentionMinutes * 60_000;
    const isOver = (committed: CommittedOffset, sinceMs: number) =>
      committed.expireTimestampMs === null
        ? now - sinceMs >= retentionMs
        : now >= committed.expireTimestampMs;
    const { stateSinceMs } = group;
    if (group.protocolType === null) return group.offsets.filter((c) => isOver(c, c.commitTimestampMs));
    if (group.state === 'Empty')
      return group.offsets.filter((c) => isOver(c, stateSinceMs ?? c.commitTimestampMs));
    if (group.state !== 'Stable' || group.protocolType !== CONSUMER_PROTOCOL_TYPE) return [];
    const topics = subscribedTopics(group);
    if (topics === null) return [];
    return group.offsets.filter((c, topic) => !topics.has(topic) && isOver(c, c.commitTimestampMs));
  }

  /** Drops offsets, and the group when nothing is left of it. */
  private forget(owned: OwnedPartition, group: Group, keys: readonly OffsetKey[]): void {
    const records: KeyValue[] = [];
    for (const key of keys) {
      if (group.offsets.get(key.topic, key.partition) === undefined) continue;
      group.offsets.delete(key.topic, key.partition);
      records.push(encodeOffset(group.id, key, null, owned.versions));
    }
    const { offsets, state, expectsMembers } = group;
    if (state === 'Empty' && offsets.size === 0 && !offsets.hasPending && !expectsMembers) {
      if (group.generation > 0) records.push(encodeGroup(group.id, null, owned.versions));
      owned.removeGroup(group);
    }
    if (records.length > 0) owned.log.appendUnacknowledged(records);
  }

  /** Everything of a group that has no members. @returns an error code. */
  deleteGroup(groupId: string): number {
    const owned = this.partitions.find(groupId);
    if (typeof owned === 'number') return owned;
    const group = owned.groups.get(groupId);
    if (group === undefined || group.state === 'Dead') return ErrorCode.GROUP_ID_NOT_FOUND;
    if (group.state !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
    this.forget(owned, group, group.offsets.keys());
    return ErrorCode.NONE;
  }
}

function keyOf({ topic, partition }: OffsetKey): OffsetKey {
  return { topic, partition };
}

function valueOf(offset: CommitOffset, wallMs: number): Omit<CommittedOffset, 'recordOffset'> {
  return {
    offset: offset.offset,
    leaderEpoch: offset.leaderEpoch,
    metadata: offset.metadata,
    commitTimestampMs: offset.commitTimestampMs ?? wallMs,
    expireTimestampMs:
      offset.retentionMs === null ? null : Math.min(wallMs + offset.retentionMs, Number.MAX_SAFE_INTEGER),
  };
}
