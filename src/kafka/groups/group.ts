import { ErrorCode } from '../protocol/errors.ts';
import type { GroupOffsets } from './group-offsets.ts';
import type { GroupRecord } from './group-records.ts';
import type { GroupLimits, GroupState, JoinInput, Now, Output, Purpose, SyncInput } from './group-types.ts';
import {
  fits,
  generationProblem,
  joinAnswer,
  memberProblem,
  recordOf,
  syncAnswer,
  syncProblem,
  type GroupView,
} from './group-view.ts';
import { NO_BYTES, refusedJoin, refusedSync, sameProtocols, type JoinReply, type Member } from './member.ts';
import { MemberList } from './member-list.ts';

interface Rebalance {
  /** When it goes on without those that haven't come. */
  until: number;
  /** The first rebalance of an empty group waits for more members, at most this much longer (KIP-134); null: not that one. */
  extensionMs: number | null;
  newMemberCame: boolean;
}

const NEW_MEMBER_TIMEOUT_MS = 300_000;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * A group of the classic protocol: who is in it, and the rebalances by which its members agree on who reads what. It decides; the
 * coordinator gives it requests, calls `tick` at `wakeAt`, and carries out what it puts into `out`. All methods say what happens at
 * `now` and never wait. Behaves as the coordinator of 3.9 does.
 */
export class Group implements GroupView {
  readonly id: string;
  readonly members = new MemberList();
  readonly offsets: GroupOffsets;
  state: GroupState = 'Empty';
  /** Since when it is in this state, ms since 1970; null: not known, for records of old brokers didn't say. */
  stateSinceMs: number | null;
  generation = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  /** `tick` must be called no later than this. It may be early, never late. */
  wakeAt = NEVER;
  private readonly limits: GroupLimits;
  /** Ids that were handed out and not used yet, and when they are void. */
  private readonly pendingMembers = new Map<string, number>();
  private readonly pendingSyncs = new Set<string>();
  private pendingSyncsUntil = NEVER;
  private rebalance: Rebalance | null = null;
  private waitingJoins = 0;

  constructor(id: string, limits: GroupLimits, offsets: GroupOffsets, stateSinceMs: number | null) {
    this.id = id;
    this.limits = limits;
    this.offsets = offsets;
    this.stateSinceMs = stateSinceMs;
  }

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
    if (this.members.size > this.limits.maxSize) this.prepareRebalance(now, out);
  }

  /** Ids were handed out with which members will join at once. */
  get expectsMembers(): boolean {
    return this.pendingMembers.size > 0;
  }

  /** Whether one more may join, or this one may join again. */
  hasRoomFor(memberId: string): boolean {
    if (this.state === 'Empty' || this.state === 'Dead') return true;
    const member = this.members.get(memberId);
    if (this.state === 'PreparingRebalance')
      return (member !== undefined && member.joining !== null) || this.waitingJoins < this.limits.maxSize;
    return member !== undefined || this.members.size < this.limits.maxSize;
  }

  join(input: JoinInput, now: Now, out: Output[]): void {
    const { memberId, protocolType, protocols, reply } = input;
    const refuse = (code: number) =>
      void out.push({ kind: 'join', to: reply, answer: refusedJoin(code, memberId) });
    if (!this.hasRoomFor(memberId)) {
      const member = this.members.get(memberId);
      if (member !== undefined) this.drop(member, now, out);
      return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED);
    }
    if (this.state === 'Dead') return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    if (!fits(this, protocolType, protocols)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    if (memberId === '') return this.joinNew(input, now, out);
    if (this.pendingMembers.has(memberId) && input.instanceId === null) {
      this.pendingMembers.delete(memberId);
      return this.admit(memberId, input, now, out);
    }
    const code = memberProblem(this.members, memberId, input.instanceId);
    if (code !== ErrorCode.NONE) return refuse(code);
    this.joinAgain(this.members.get(memberId)!, input, now, out);
  }

  private joinNew(input: JoinInput, now: Now, out: Output[]): void {
    const { newMemberId, instanceId, reply } = input;
    const formerId = instanceId === null ? undefined : this.members.idOfInstance(instanceId);
    if (formerId !== undefined) return this.replaceStatic(this.members.get(formerId)!, input, now, out);
    if (!input.needsKnownId || instanceId !== null) return this.admit(newMemberId, input, now, out);
    this.pendingMembers.set(newMemberId, this.due(now.monotonicMs + input.sessionTimeoutMs));
    out.push({ kind: 'join', to: reply, answer: refusedJoin(ErrorCode.MEMBER_ID_REQUIRED, newMemberId) });
  }

  private admit(id: string, input: JoinInput, now: Now, out: Output[]): void {
    if (this.members.size === 0) this.protocolType = input.protocolType;
    const member: Member = {
      id,
      instanceId: input.instanceId,
      clientId: input.clientId,
      clientHost: input.clientHost,
      rebalanceTimeoutMs: input.rebalanceTimeoutMs,
      sessionTimeoutMs: input.sessionTimeoutMs,
      protocols: input.protocols,
      assignment: NO_BYTES,
      isNew: true,
      joining: null,
      syncing: null,
      expiresAt: this.due(now.monotonicMs + NEW_MEMBER_TIMEOUT_MS),
    };
    this.members.add(member);
    if (this.rebalance !== null && this.generation === 0) this.rebalance.newMemberCame = true;
    this.waitForOthers(member, input.reply);
    this.maybeRebalance(now, out);
  }

  private joinAgain(member: Member, input: JoinInput, now: Now, out: Output[]): void {
    const unchanged = sameProtocols(member.protocols, input.protocols);
    const isLeader = this.members.leaderId === member.id;
    if (this.state === 'Empty') {
      const answer = refusedJoin(ErrorCode.UNKNOWN_MEMBER_ID, member.id);
      out.push({ kind: 'join', to: input.reply, answer });
    } else if (this.state === 'CompletingRebalance' && unchanged) {
      this.answerJoin(member, input.reply, out); // its answer was lost
    } else if (this.state === 'Stable' && unchanged && !isLeader) {
      const answer = { ...joinAnswer(this, member), members: [] };
      out.push({ kind: 'join', to: input.reply, answer });
    } else {
      this.updateMember(member, input, out);
      this.maybeRebalance(now, out);
    }
  }

  /** A static member that restarted takes the place of its former self, which is fenced. */
  private replaceStatic(member: Member, input: JoinInput, now: Now, out: Output[]): void {
    const formerId = member.id;
    const formerLeaderId = this.members.leaderId ?? '';
    const formerProtocols = member.protocols;
    this.answerWaiting(member, ErrorCode.FENCED_INSTANCE_ID, out);
    if (this.pendingSyncs.delete(formerId)) this.pendingSyncs.add(input.newMemberId);
    this.members.rename(member, input.newMemberId);
    this.keepAlive(member, now);
    this.updateMember(member, input, out);
    if (this.state !== 'Stable') {
      if (this.state === 'CompletingRebalance') this.prepareRebalance(now, out);
      else this.maybeCompleteJoin(now, out);
      return;
    }
    if (this.members.electProtocol() !== this.protocolName) return this.maybeRebalance(now, out);
    const purpose: Purpose = {
      kind: 'replacement',
      memberId: member.id,
      formerId,
      formerLeaderId,
      formerProtocols,
      maySkipAssignment: input.maySkipAssignment,
    };
    out.push({ kind: 'persist', purpose, record: recordOf(this) });
  }

  sync(input: SyncInput, now: Now, out: Output[]): void {
    const code = syncProblem(this, input);
    if (code !== ErrorCode.NONE) {
      out.push({ kind: 'sync', to: input.reply, answer: refusedSync(code) });
      return;
    }
    const member = this.members.get(input.memberId)!;
    this.pendingSyncs.delete(member.id);
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
      this.maybeCompleteJoin(now, out);
      return ErrorCode.NONE;
    } else {
      const code = memberProblem(this.members, id, instanceId);
      if (code !== ErrorCode.NONE) return code;
    }
    this.drop(this.members.get(id)!, now, out);
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
    else if (purpose.kind === 'replacement') this.replacementPersisted(purpose, code, out);
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
      this.maybeRebalance(now, out);
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

  private replacementPersisted(
    purpose: Purpose & { kind: 'replacement' },
    code: number,
    out: Output[],
  ): void {
    const member = this.members.get(purpose.memberId);
    if (member === undefined || member.joining === null || this.state !== 'Stable') return;
    const to = member.joining;
    this.stopWaiting(member);
    member.isNew = false;
    if (code !== ErrorCode.NONE) {
      this.members.setProtocols(member, purpose.formerProtocols);
      this.members.rename(member, purpose.formerId);
      out.push({ kind: 'join', to, answer: refusedJoin(code, purpose.formerId) });
      return;
    }
    const isLeader = this.members.leaderId === member.id;
    // Clients before v9 would assign anew if they were told that they lead; so they are told the former id.
    const answer = purpose.maySkipAssignment
      ? { ...joinAnswer(this, member), skipAssignment: isLeader }
      : { ...joinAnswer(this, member), leaderId: purpose.formerLeaderId, members: [] };
    out.push({ kind: 'join', to, answer });
  }

  /** Everything whose time has come. */
  tick(now: Now, out: Output[]): void {
    const at = now.monotonicMs;
    for (const [id, until] of this.pendingMembers) if (until <= at) this.pendingMembers.delete(id);
    for (const member of this.members)
      if (member.expiresAt <= at && !this.isWaiting(member)) this.drop(member, now, out);
    if (this.pendingSyncsUntil <= at) this.dropUnsynced(now, out);
    if (this.rebalance !== null && this.rebalance.until <= at)
      this.rebalanceTimedOut(this.rebalance, now, out);
    else this.maybeCompleteJoin(now, out);
    this.wakeAt = this.nextDeadline();
  }

  private nextDeadline(): number {
    let next = Math.min(this.pendingSyncsUntil, this.rebalance?.until ?? NEVER);
    for (const until of this.pendingMembers.values()) next = Math.min(next, until);
    for (const member of this.members) if (!this.isWaiting(member)) next = Math.min(next, member.expiresAt);
    return next;
  }

  /** One whose request we hold back isn't dead; new members only for a while, since their clients may have given up. */
  private isWaiting(member: Member): boolean {
    return !member.isNew && (member.joining !== null || member.syncing !== null);
  }

  private rebalanceTimedOut(rebalance: Rebalance, now: Now, out: Output[]): void {
    if (rebalance.extensionMs !== null && rebalance.extensionMs > 0 && rebalance.newMemberCame) {
      const longer = Math.min(this.limits.initialRebalanceDelayMs, rebalance.extensionMs);
      rebalance.extensionMs -= longer;
      rebalance.newMemberCame = false;
      rebalance.until = this.due(now.monotonicMs + longer);
      return;
    }
    this.completeJoin(now, out);
  }

  /** Members that joined but never fetched their assignment. */
  private dropUnsynced(now: Now, out: Output[]): void {
    this.pendingSyncsUntil = NEVER;
    if (this.pendingSyncs.size === 0) return;
    for (const id of this.pendingSyncs) {
      const member = this.members.get(id);
      if (member !== undefined) this.remove(member, out);
    }
    this.pendingSyncs.clear();
    this.maybeRebalance(now, out);
  }

  private maybeRebalance(now: Now, out: Output[]): void {
    if (this.state === 'PreparingRebalance') this.maybeCompleteJoin(now, out);
    else if (this.state !== 'Dead') this.prepareRebalance(now, out);
  }

  private prepareRebalance(now: Now, out: Output[]): void {
    if (this.state === 'CompletingRebalance') this.refuseSyncs(ErrorCode.REBALANCE_IN_PROGRESS, now, out);
    this.pendingSyncsUntil = NEVER;
    this.pendingSyncs.clear();
    const timeoutMs = this.members.largestRebalanceTimeoutMs();
    const isFirst = this.state === 'Empty';
    const delayMs = this.limits.initialRebalanceDelayMs;
    this.rebalance = {
      until: this.due(now.monotonicMs + (isFirst ? delayMs : timeoutMs)),
      extensionMs: isFirst ? Math.max(timeoutMs - delayMs, 0) : null,
      newMemberCame: false,
    };
    this.enter('PreparingRebalance', now);
    if (isFirst && delayMs === 0) this.completeJoin(now, out);
    else this.maybeCompleteJoin(now, out);
  }

  private maybeCompleteJoin(now: Now, out: Output[]): void {
    if (this.rebalance === null || this.rebalance.extensionMs !== null) return;
    if (this.waitingJoins === this.members.size && this.pendingMembers.size === 0)
      this.completeJoin(now, out);
  }

  private completeJoin(now: Now, out: Output[]): void {
    for (const member of this.members)
      if (member.joining === null && member.instanceId === null) this.remove(member, out);
    if (this.members.size > 0 && !this.electLeader()) {
      // Only static members that are away: they have another chance, and their sessions end by themselves.
      const until = this.due(now.monotonicMs + this.members.largestRebalanceTimeoutMs());
      this.rebalance = { until, extensionMs: null, newMemberCame: false };
      return;
    }
    this.rebalance = null;
    this.generation += 1;
    this.pendingSyncs.clear();
    if (this.members.size === 0) {
      this.protocolName = null;
      this.enter('Empty', now);
      out.push({ kind: 'persist', purpose: { kind: 'empty' }, record: recordOf(this) });
      return;
    }
    this.protocolName = this.members.electProtocol();
    this.enter('CompletingRebalance', now);
    for (const member of this.members) {
      this.pendingSyncs.add(member.id);
      const to = member.joining;
      if (to === null) continue;
      this.stopWaiting(member);
      member.isNew = false;
      this.keepAlive(member, now);
      this.answerJoin(member, to, out);
    }
    this.pendingSyncsUntil = this.due(now.monotonicMs + this.members.largestRebalanceTimeoutMs());
  }

  /** The leader stays if it has joined again. @returns false when nobody has. */
  private electLeader(): boolean {
    const leader = this.members.leaderId === null ? undefined : this.members.get(this.members.leaderId);
    if (leader !== undefined && leader.joining !== null) return true;
    for (const member of this.members) {
      if (member.joining === null) continue;
      this.members.leaderId = member.id;
      return true;
    }
    return false;
  }

  /** The coordinator moves to another broker, or the group is deleted: nobody waits here any more. */
  die(code: number, now: Now, out: Output[]): void {
    this.enter('Dead', now);
    for (const member of this.members) this.answerWaiting(member, code, out);
    this.rebalance = null;
    this.pendingSyncsUntil = NEVER;
    this.wakeAt = NEVER;
  }

  private drop(member: Member, now: Now, out: Output[]): void {
    this.remove(member, out);
    if (this.state !== 'Empty' && this.state !== 'Dead') this.maybeRebalance(now, out);
  }

  private remove(member: Member, out: Output[]): void {
    this.answerWaiting(member, ErrorCode.UNKNOWN_MEMBER_ID, out);
    this.members.remove(member);
    this.pendingSyncs.delete(member.id);
  }

  private answerWaiting(member: Member, code: number, out: Output[]): void {
    if (member.joining !== null) {
      out.push({ kind: 'join', to: member.joining, answer: refusedJoin(code, member.id) });
      this.stopWaiting(member);
    }
    if (member.syncing !== null) {
      out.push({ kind: 'sync', to: member.syncing, answer: refusedSync(code) });
      member.syncing = null;
    }
  }

  private refuseSyncs(code: number, now: Now, out: Output[]): void {
    for (const member of this.members) {
      member.assignment = NO_BYTES;
      if (member.syncing === null) continue;
      out.push({ kind: 'sync', to: member.syncing, answer: refusedSync(code) });
      member.syncing = null;
      this.keepAlive(member, now);
    }
  }

  private updateMember(member: Member, input: JoinInput, out: Output[]): void {
    this.members.setProtocols(member, input.protocols);
    member.rebalanceTimeoutMs = input.rebalanceTimeoutMs;
    member.sessionTimeoutMs = input.sessionTimeoutMs;
    member.clientId = input.clientId;
    member.clientHost = input.clientHost;
    if (member.joining !== null) {
      const answer = refusedJoin(ErrorCode.REBALANCE_IN_PROGRESS, member.id); // sent twice; only the newer one is waited for
      out.push({ kind: 'join', to: member.joining, answer });
      this.stopWaiting(member);
    }
    this.waitForOthers(member, input.reply);
  }

  private waitForOthers(member: Member, reply: JoinReply): void {
    member.joining = reply;
    this.waitingJoins += 1;
  }

  private stopWaiting(member: Member): void {
    member.joining = null;
    this.waitingJoins -= 1;
  }

  private answerJoin(member: Member, to: JoinReply, out: Output[]): void {
    out.push({ kind: 'join', to, answer: joinAnswer(this, member) });
  }

  private keepAlive(member: Member, now: Now): void {
    member.expiresAt = this.due(now.monotonicMs + member.sessionTimeoutMs);
  }

  private due(at: number): number {
    if (at < this.wakeAt) this.wakeAt = at;
    return at;
  }

  private enter(state: GroupState, now: Now): void {
    this.state = state;
    this.stateSinceMs = now.wallMs;
  }
}
