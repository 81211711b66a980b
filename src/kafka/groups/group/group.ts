import { ErrorCode } from '../../protocol/errors.ts';
import { GroupCore, NEVER } from './group-core.ts';
import type { GroupRecord } from '../group-records.ts';
import type { JoinInput, Now, Output, Purpose, SyncInput } from './group-types.ts';
import { generationProblem, memberProblem, recordOf, syncAnswer, syncProblem } from './group-view.ts';
import { Joining } from './joining.ts';
import { NO_BYTES, refusedSync } from './member.ts';
import { Rebalancing } from './rebalancing.ts';

/**
 * A group of the classic protocol: who is in it, and the rebalances by which its members agree on who reads what. It decides; the
 * coordinator gives it requests, calls `tick` at `wakeAt`, and carries out what it puts into `out`. All methods say what happens at
 * `now` and never wait. Behaves as the coordinator of 3.9 does.
 */
export class Group extends GroupCore {
  private readonly rebalancing = new Rebalancing(this);
  private readonly joining = new Joining(this, this.rebalancing);

  /** Puts a group together as it was written. */
  restore(record: GroupRecord, now: Now, out: Output[]): void {
    this.protocolType = record.protocolType;
    this.generation = record.generation;
    this.protocolName = record.protocol;
    this.stateSinceMs = record.stateSinceMs;
    for (const member of record.members) this.members.add(member);
    this.members.leaderId =
      record.leader !== null && this.members.has(record.leader) ? record.leader : this.members.leaderId;
    this.state = this.members.size === 0 ? 'Empty' : 'Stable';
    for (const member of this.members) this.keepAlive(member, now);
    if (this.members.size > this.limits.maxSize) this.rebalancing.prepare(now, out);
  }

  /** Whether one more may join, or this one may join again. */
  hasRoomFor(memberId: string): boolean {
    return this.joining.hasRoomFor(memberId);
  }

  join(input: JoinInput, now: Now, out: Output[]): void {
    this.joining.join(input, now, out);
  }

  sync(input: SyncInput, now: Now, out: Output[]): void {
    const code = syncProblem(this, input);
    if (code !== ErrorCode.NONE) {
      out.push({ kind: 'sync', to: input.reply, answer: refusedSync(code) });
      return;
    }
    const member = this.members.get(input.memberId)!;
    this.rebalancing.synced(member.id);
    if (this.state === 'Stable') {
      this.keepAlive(member, now);
      out.push({ kind: 'sync', to: input.reply, answer: syncAnswer(this, member) });
      return;
    }
    if (member.syncing !== null) {
      const answer = refusedSync(ErrorCode.REBALANCE_IN_PROGRESS); // sent twice; only the newer one is waited for
      out.push({ kind: 'sync', to: member.syncing, answer });
    }
    member.syncing = input.reply;
    if (member.id !== this.members.leaderId) return;
    const purpose: Purpose = {
      kind: 'assignment',
      generation: this.generation,
      assignments: input.assignments,
    };
    out.push({ kind: 'persist', purpose, record: recordOf(this, input.assignments) });
  }

  /** @returns an error code. */
  heartbeat(memberId: string, instanceId: string | null, generation: number, now: Now): number {
    const code = generationProblem(this, memberId, instanceId, generation);
    if (code !== ErrorCode.NONE) return code;
    this.keepAlive(this.members.get(memberId)!, now);
    return this.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** Takes one member out, at its own or an administrator's wish. @returns an error code. */
  leave(memberId: string, instanceId: string | null, now: Now, out: Output[]): number {
    if (this.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    let id = memberId;
    if (id === '') {
      const found = instanceId === null ? undefined : this.members.idOfInstance(instanceId);
      if (found === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      id = found;
    } else if (this.pendingMembers.has(id) && instanceId === null) {
      this.pendingMembers.delete(id);
      this.rebalancing.maybeComplete(now, out);
      return ErrorCode.NONE;
    } else {
      const code = memberProblem(this.members, id, instanceId);
      if (code !== ErrorCode.NONE) return code;
    }
    this.rebalancing.drop(this.members.get(id)!, now, out);
    return ErrorCode.NONE;
  }

  /** Whether these may commit offsets now; it counts as a heartbeat. @returns an error code. */
  allowCommit(memberId: string, instanceId: string | null, generation: number, now: Now): number {
    if (this.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (generation < 0 && this.state === 'Empty') return ErrorCode.NONE; // one that assigns partitions itself
    if (generation < 0 && memberId === '' && instanceId === null) return ErrorCode.UNKNOWN_MEMBER_ID;
    const code = generationProblem(this, memberId, instanceId, generation);
    if (code !== ErrorCode.NONE) return code;
    this.keepAlive(this.members.get(memberId)!, now);
    return this.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  /** What became of a `persist`. `code`: already in the terms of groups. */
  persisted(purpose: Purpose, code: number, now: Now, out: Output[]): void {
    if (purpose.kind === 'assignment') this.assignmentPersisted(purpose, code, now, out);
    else if (purpose.kind === 'replacement') this.joining.replacementPersisted(purpose, code, out);
  }

  private assignmentPersisted(
    purpose: Purpose & { kind: 'assignment' },
    code: number,
    now: Now,
    out: Output[],
  ): void {
    if (this.state !== 'CompletingRebalance' || this.generation !== purpose.generation) return;
    if (code !== ErrorCode.NONE) {
      this.refuseSyncs(code, now, out);
      this.rebalancing.begin(now, out);
      return;
    }
    this.enter('Stable', now);
    for (const member of this.members) {
      member.assignment = purpose.assignments.get(member.id) ?? NO_BYTES;
      if (member.syncing === null) continue;
      out.push({ kind: 'sync', to: member.syncing, answer: syncAnswer(this, member) });
      member.syncing = null;
      this.keepAlive(member, now);
    }
  }

  /** Everything whose time has come. */
  tick(now: Now, out: Output[]): void {
    const at = now.monotonicMs;
    for (const [id, until] of this.pendingMembers) if (until <= at) this.pendingMembers.delete(id);
    for (const member of this.members)
      if (member.expiresAt <= at && !this.isWaiting(member)) this.rebalancing.drop(member, now, out);
    this.rebalancing.tick(now, out);
    this.wakeAt = this.nextDeadline();
  }

  private nextDeadline(): number {
    let next = this.rebalancing.nextDeadline;
    for (const until of this.pendingMembers.values()) next = Math.min(next, until);
    for (const member of this.members) if (!this.isWaiting(member)) next = Math.min(next, member.expiresAt);
    return next;
  }

  /** The coordinator moves to another broker, or the group is deleted: nobody waits here any more. */
  die(code: number, now: Now, out: Output[]): void {
    this.enter('Dead', now);
    for (const member of this.members) this.answerWaiting(member, code, out);
    this.rebalancing.stop();
    this.wakeAt = NEVER;
  }
}
