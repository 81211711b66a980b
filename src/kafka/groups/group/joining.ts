import { ErrorCode } from '../../protocol/errors.ts';
import type { GroupCore } from './group-core.ts';
import type { JoinInput, Now, Output, Purpose } from './group-types.ts';
import { fits, joinAnswer, memberProblem, recordOf } from './group-view.ts';
import { NO_BYTES, refusedJoin, sameProtocols, type Member } from './member.ts';
import type { Rebalancing } from './rebalancing.ts';

const NEW_MEMBER_TIMEOUT_MS = 300_000;

/** How members get in: new ones, those that join again, and static ones that take the place of their former selves (KIP-345). */
export class Joining {
  private readonly group: GroupCore;
  private readonly rebalancing: Rebalancing;

  constructor(group: GroupCore, rebalancing: Rebalancing) {
    this.group = group;
    this.rebalancing = rebalancing;
  }

  /** Whether one more may join, or this one may join again. */
  hasRoomFor(memberId: string): boolean {
    const { group } = this;
    if (group.state === 'Empty' || group.state === 'Dead') return true;
    const member = group.members.get(memberId);
    if (group.state === 'PreparingRebalance')
      return (member !== undefined && member.joining !== null) || group.waitingJoins < group.limits.maxSize;
    return member !== undefined || group.members.size < group.limits.maxSize;
  }

  join(input: JoinInput, now: Now, out: Output[]): void {
    const { group } = this;
    const { memberId, protocolType, protocols, reply } = input;
    const refuse = (code: number) =>
      void out.push({ kind: 'join', to: reply, answer: refusedJoin(code, memberId) });
    if (!this.hasRoomFor(memberId)) {
      const member = group.members.get(memberId);
      if (member !== undefined) this.rebalancing.drop(member, now, out);
      return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED);
    }
    if (group.state === 'Dead') return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    if (!fits(group, protocolType, protocols)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    if (memberId === '') return this.joinNew(input, now, out);
    if (group.pendingMembers.has(memberId) && input.instanceId === null) {
      group.pendingMembers.delete(memberId);
      return this.admit(memberId, input, now, out);
    }
    const code = memberProblem(group.members, memberId, input.instanceId);
    if (code !== ErrorCode.NONE) return refuse(code);
    this.joinAgain(group.members.get(memberId)!, input, now, out);
  }

  private joinNew(input: JoinInput, now: Now, out: Output[]): void {
    const { group } = this;
    const { newMemberId, instanceId, reply } = input;
    const formerId = instanceId === null ? undefined : group.members.idOfInstance(instanceId);
    if (formerId !== undefined) return this.replaceStatic(group.members.get(formerId)!, input, now, out);
    if (!input.needsKnownId || instanceId !== null) return this.admit(newMemberId, input, now, out);
    group.pendingMembers.set(newMemberId, group.due(now.monotonicMs + input.sessionTimeoutMs));
    out.push({ kind: 'join', to: reply, answer: refusedJoin(ErrorCode.MEMBER_ID_REQUIRED, newMemberId) });
  }

  private admit(id: string, input: JoinInput, now: Now, out: Output[]): void {
    const { group } = this;
    if (group.members.size === 0) group.protocolType = input.protocolType;
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
      expiresAt: group.due(now.monotonicMs + NEW_MEMBER_TIMEOUT_MS),
    };
    group.members.add(member);
    this.rebalancing.memberCame();
    group.waitForOthers(member, input.reply);
    this.rebalancing.begin(now, out);
  }

  private joinAgain(member: Member, input: JoinInput, now: Now, out: Output[]): void {
    const { group } = this;
    const unchanged = sameProtocols(member.protocols, input.protocols);
    const isLeader = group.members.leaderId === member.id;
    if (group.state === 'Empty') {
      const answer = refusedJoin(ErrorCode.UNKNOWN_MEMBER_ID, member.id);
      out.push({ kind: 'join', to: input.reply, answer });
    } else if (group.state === 'CompletingRebalance' && unchanged) {
      group.answerJoin(member, input.reply, out); // its answer was lost
    } else if (group.state === 'Stable' && unchanged && !isLeader) {
      const answer = { ...joinAnswer(group, member), members: [] };
      out.push({ kind: 'join', to: input.reply, answer });
    } else {
      this.updateMember(member, input, out);
      this.rebalancing.begin(now, out);
    }
  }

  /** A static member that restarted takes the place of its former self, which is fenced. */
  private replaceStatic(member: Member, input: JoinInput, now: Now, out: Output[]): void {
    const { group } = this;
    const formerId = member.id;
    const formerLeaderId = group.members.leaderId ?? '';
    const formerProtocols = member.protocols;
    group.answerWaiting(member, ErrorCode.FENCED_INSTANCE_ID, out);
    this.rebalancing.renamed(formerId, input.newMemberId);
    group.members.rename(member, input.newMemberId);
    group.keepAlive(member, now);
    this.updateMember(member, input, out);
    if (group.state !== 'Stable') {
      if (group.state === 'CompletingRebalance') this.rebalancing.prepare(now, out);
      else this.rebalancing.maybeComplete(now, out);
      return;
    }
    if (group.members.electProtocol() !== group.protocolName) return this.rebalancing.begin(now, out);
    const purpose: Purpose = {
      kind: 'replacement',
      memberId: member.id,
      formerId,
      formerLeaderId,
      formerProtocols,
      maySkipAssignment: input.maySkipAssignment,
    };
    out.push({ kind: 'persist', purpose, record: recordOf(group) });
  }

  /** What became of the record that says that a static member has a new id. */
  replacementPersisted(purpose: Purpose & { kind: 'replacement' }, code: number, out: Output[]): void {
    const { group } = this;
    const member = group.members.get(purpose.memberId);
    if (member === undefined || member.joining === null || group.state !== 'Stable') return;
    const to = member.joining;
    group.stopWaiting(member);
    member.isNew = false;
    if (code !== ErrorCode.NONE) {
      group.members.setProtocols(member, purpose.formerProtocols);
      group.members.rename(member, purpose.formerId);
      out.push({ kind: 'join', to, answer: refusedJoin(code, purpose.formerId) });
      return;
    }
    const isLeader = group.members.leaderId === member.id;
    // Clients before v9 would assign anew if they were told that they lead; so they are told the former id.
    const answer = purpose.maySkipAssignment
      ? { ...joinAnswer(group, member), skipAssignment: isLeader }
      : { ...joinAnswer(group, member), leaderId: purpose.formerLeaderId, members: [] };
    out.push({ kind: 'join', to, answer });
  }

  private updateMember(member: Member, input: JoinInput, out: Output[]): void {
    const { group } = this;
    group.members.setProtocols(member, input.protocols);
    member.rebalanceTimeoutMs = input.rebalanceTimeoutMs;
    member.sessionTimeoutMs = input.sessionTimeoutMs;
    member.clientId = input.clientId;
    member.clientHost = input.clientHost;
    if (member.joining !== null) {
      const answer = refusedJoin(ErrorCode.REBALANCE_IN_PROGRESS, member.id); // sent twice; only the newer one is waited for
      out.push({ kind: 'join', to: member.joining, answer });
      group.stopWaiting(member);
    }
    group.waitForOthers(member, input.reply);
  }
}
