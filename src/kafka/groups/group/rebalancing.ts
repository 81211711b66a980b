import { ErrorCode } from '../../protocol/errors.ts';
import { NEVER, type GroupCore } from './group-core.ts';
import type { Now, Output } from './group-types.ts';
import { recordOf } from './group-view.ts';
import type { Member } from './member.ts';

interface Rebalance {
  /** When it goes on without those that haven't come. */
  until: number;
  /** The first rebalance of an empty group waits for more members, at most this much longer (KIP-134); null: not that one. */
  extensionMs: number | null;
  newMemberCame: boolean;
}

/**
 * Rebalances: who is there is asked to join again, and waited for; then all get a new generation, and are to ask for what the leader
 * assigns them.
 */
export class Rebalancing {
  private readonly group: GroupCore;
  private rebalance: Rebalance | null = null;
  /** Members of this generation that didn't ask for their assignment yet. */
  private readonly pendingSyncs = new Set<string>();
  private pendingSyncsUntil = NEVER;

  constructor(group: GroupCore) {
    this.group = group;
  }

  get nextDeadline(): number {
    return Math.min(this.pendingSyncsUntil, this.rebalance?.until ?? NEVER);
  }

  /** A member that was not there before has come. */
  memberCame(): void {
    if (this.rebalance !== null && this.group.generation === 0) this.rebalance.newMemberCame = true;
  }

  synced(memberId: string): void {
    this.pendingSyncs.delete(memberId);
  }

  renamed(formerId: string, id: string): void {
    if (this.pendingSyncs.delete(formerId)) this.pendingSyncs.add(id);
  }

  /** Something changed that all must hear of. */
  begin(now: Now, out: Output[]): void {
    const { group } = this;
    if (group.state === 'PreparingRebalance') this.maybeComplete(now, out);
    else if (group.state !== 'Dead') this.prepare(now, out);
  }

  prepare(now: Now, out: Output[]): void {
    const { group } = this;
    if (group.state === 'CompletingRebalance') group.refuseSyncs(ErrorCode.REBALANCE_IN_PROGRESS, now, out);
    this.pendingSyncsUntil = NEVER;
    this.pendingSyncs.clear();
    const timeoutMs = group.members.largestRebalanceTimeoutMs();
    const isFirst = group.state === 'Empty';
    const delayMs = group.limits.initialRebalanceDelayMs;
    this.rebalance = {
      until: group.due(now.monotonicMs + (isFirst ? delayMs : timeoutMs)),
      extensionMs: isFirst ? Math.max(timeoutMs - delayMs, 0) : null,
      newMemberCame: false,
    };
    group.enter('PreparingRebalance', now);
    if (isFirst && delayMs === 0) this.complete(now, out);
    else this.maybeComplete(now, out);
  }

  maybeComplete(now: Now, out: Output[]): void {
    const { group } = this;
    if (this.rebalance === null || this.rebalance.extensionMs !== null) return;
    if (group.waitingJoins === group.members.size && group.pendingMembers.size === 0) this.complete(now, out);
  }

  private complete(now: Now, out: Output[]): void {
    const { group } = this;
    for (const member of group.members)
      if (member.joining === null && member.instanceId === null) this.remove(member, out);
    if (group.members.size > 0 && !this.electLeader()) {
      // Only static members that are away: they have another chance, and their sessions end by themselves.
      const until = group.due(now.monotonicMs + group.members.largestRebalanceTimeoutMs());
      this.rebalance = { until, extensionMs: null, newMemberCame: false };
      return;
    }
    this.rebalance = null;
    group.generation += 1;
    this.pendingSyncs.clear();
    if (group.members.size === 0) {
      group.protocolName = null;
      group.enter('Empty', now);
      out.push({ kind: 'persist', purpose: { kind: 'empty' }, record: recordOf(group) });
      return;
    }
    group.protocolName = group.members.electProtocol();
    group.enter('CompletingRebalance', now);
    for (const member of group.members) {
      this.pendingSyncs.add(member.id);
      const to = member.joining;
      if (to === null) continue;
      group.stopWaiting(member);
      member.isNew = false;
      group.keepAlive(member, now);
      group.answerJoin(member, to, out);
    }
    this.pendingSyncsUntil = group.due(now.monotonicMs + group.members.largestRebalanceTimeoutMs());
  }

  /** The leader stays if it has joined again. @returns false when nobody has. */
  private electLeader(): boolean {
    const { group } = this;
    const leader = group.members.leaderId === null ? undefined : group.members.get(group.members.leaderId);
    if (leader !== undefined && leader.joining !== null) return true;
    for (const member of group.members) {
      if (member.joining === null) continue;
      group.members.leaderId = member.id;
      return true;
    }
    return false;
  }

  /** Takes a member out, with what follows from that. */
  drop(member: Member, now: Now, out: Output[]): void {
    const { group } = this;
    this.remove(member, out);
    if (group.state !== 'Empty' && group.state !== 'Dead') this.begin(now, out);
  }

  private remove(member: Member, out: Output[]): void {
    const { group } = this;
    group.answerWaiting(member, ErrorCode.UNKNOWN_MEMBER_ID, out);
    group.members.remove(member);
    this.pendingSyncs.delete(member.id);
  }

  /** Everything whose time has come. */
  tick(now: Now, out: Output[]): void {
    const at = now.monotonicMs;
    if (this.pendingSyncsUntil <= at) this.dropUnsynced(now, out);
    if (this.rebalance !== null && this.rebalance.until <= at) this.timedOut(this.rebalance, now, out);
    else this.maybeComplete(now, out);
  }

  /** Nobody waits here any more. */
  stop(): void {
    this.rebalance = null;
    this.pendingSyncsUntil = NEVER;
  }

  private timedOut(rebalance: Rebalance, now: Now, out: Output[]): void {
    const { group } = this;
    if (rebalance.extensionMs !== null && rebalance.extensionMs > 0 && rebalance.newMemberCame) {
      const longer = Math.min(group.limits.initialRebalanceDelayMs, rebalance.extensionMs);
      rebalance.extensionMs -= longer;
      rebalance.newMemberCame = false;
      rebalance.until = group.due(now.monotonicMs + longer);
      return;
    }
    this.complete(now, out);
  }

  /** Members that joined but never fetched their assignment. */
  private dropUnsynced(now: Now, out: Output[]): void {
    const { group } = this;
    this.pendingSyncsUntil = NEVER;
    if (this.pendingSyncs.size === 0) return;
    for (const id of this.pendingSyncs) {
      const member = group.members.get(id);
      if (member !== undefined) this.remove(member, out);
    }
    this.pendingSyncs.clear();
    this.begin(now, out);
  }
}
