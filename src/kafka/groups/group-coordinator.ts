import type { Runtime } from '../../runtime/runtime.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { GroupPartitions, type GroupConfig, type GroupPartitionsOptions } from './group-partitions.ts';
import type { JoinInput, SyncInput } from './group/group-types.ts';
import { refusedJoin, refusedSync, type JoinAnswer, type SyncAnswer } from './group/member.ts';
import { OffsetStore } from './offset-store.ts';
import type { OwnedPartition } from './owned-partition.ts';

export interface GroupCoordinatorOptions extends GroupPartitionsOptions {
  /** Whether the cluster has such a partition: offsets of others are refused. */
  readonly partitionExists: (topic: string, partition: number) => boolean;
}

export type JoinRequest = Omit<JoinInput, 'newMemberId' | 'reply'>;
export type SyncRequest = Omit<SyncInput, 'reply'>;

export interface Leaving {
  readonly memberId: string;
  readonly instanceId: string | null;
}

/**
 * Coordinates the groups of the partitions of `__consumer_offsets` that this broker leads: finds the group, lets it decide, and waits.
 * Errors are codes in the answers. What a group decides is in `group.ts`, offsets are in `offset-store.ts`, what administrators do
 * in `group-admin.ts`.
 */
export class GroupCoordinator {
  readonly partitions: GroupPartitions;
  readonly offsets: OffsetStore;
  private readonly runtime: Runtime;
  private readonly config: GroupConfig;

  constructor(runtime: Runtime, options: GroupCoordinatorOptions) {
    this.runtime = runtime;
    this.config = options.config;
    this.partitions = new GroupPartitions(runtime, options);
    this.offsets = new OffsetStore(runtime, this.partitions, options);
  }

  start(): void {
    this.partitions.start();
    this.offsets.start();
  }

  stop(): void {
    this.offsets.stop();
    this.partitions.stop();
  }

  /** Resolves when the group has agreed on its members: that may take as long as its largest rebalance timeout. */
  join(groupId: string, request: JoinRequest): Promise<JoinAnswer> {
    const { memberId } = request;
    const refuse = (code: number) => Promise.resolve(refusedJoin(code, memberId));
    const owned = this.find(groupId);
    if (typeof owned === 'number') return refuse(owned);
    const { groupMinSessionTimeoutMs, groupMaxSessionTimeoutMs } = this.config;
    const { sessionTimeoutMs } = request;
    if (sessionTimeoutMs < groupMinSessionTimeoutMs || sessionTimeoutMs > groupMaxSessionTimeoutMs)
      return refuse(ErrorCode.INVALID_SESSION_TIMEOUT);
    const known = owned.groups.get(groupId);
    if (known === undefined && memberId !== '') return refuse(ErrorCode.UNKNOWN_MEMBER_ID);
    const group = known ?? owned.makeGroup(groupId);
    const newMemberId = `${request.instanceId ?? request.clientId}-${this.randomUuid()}`;
    return new Promise((reply) => {
      owned.act(group, (now, out) => group.join({ ...request, newMemberId, reply }, now, out));
    });
  }

  /** Resolves when the leader has handed in the assignments. */
  sync(groupId: string, request: SyncRequest): Promise<SyncAnswer> {
    const owned = this.find(groupId);
    if (typeof owned === 'number')
      return Promise.resolve(
        // The one who syncs is joining again in any case.
        refusedSync(
          owned === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.REBALANCE_IN_PROGRESS : owned,
        ),
      );
    const group = owned.groups.get(groupId);
    if (group === undefined) return Promise.resolve(refusedSync(ErrorCode.UNKNOWN_MEMBER_ID));
    return new Promise((reply) => {
      owned.act(group, (now, out) => group.sync({ ...request, reply }, now, out));
    });
  }

  /** @returns an error code. */
  heartbeat(groupId: string, memberId: string, instanceId: string | null, generation: number): number {
    const owned = this.find(groupId);
    // While groups are read nobody can be told that he's unknown.
    if (typeof owned === 'number')
      return owned === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : owned;
    const group = owned.groups.get(groupId);
    if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    return owned.act(group, (now) => group.heartbeat(memberId, instanceId, generation, now));
  }

  /** @returns one error code for all, or one for each member. */
  leave(groupId: string, leaving: readonly Leaving[]): number | number[] {
    const owned = this.find(groupId);
    if (typeof owned === 'number') return owned;
    const group = owned.groups.get(groupId);
    if (group === undefined) return leaving.map(() => ErrorCode.UNKNOWN_MEMBER_ID);
    return owned.act(group, (now, out) =>
      leaving.map(({ memberId, instanceId }) => group.leave(memberId, instanceId, now, out)),
    );
  }

  /** Partitions that were deleted take the offsets with them. */
  partitionsDeleted(topic: string, partitions: readonly number[]): void {
    this.offsets.partitionsDeleted(topic, partitions);
  }

  /** For calls in which a group must have a name. */
  private find(groupId: string): OwnedPartition | number {
    return groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.partitions.find(groupId);
  }

  /** Version 4. */
  private randomUuid(): string {
    const bytes = this.runtime.random.bytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
