import type { GroupOffsets } from '../group-offsets.ts';
import type { GroupLimits, GroupState, Now, Output } from './group-types.ts';
import { joinAnswer, type GroupView } from './group-view.ts';
import { MemberList } from './member-list.ts';
import { NO_BYTES, refusedJoin, refusedSync, type JoinReply, type Member } from './member.ts';

/** No deadline. */
export const NEVER = Number.POSITIVE_INFINITY;

/** What a group is, whose answers it holds back, and when something is due. What follows from that is decided by those who share it. */
export class GroupCore implements GroupView {
  readonly id: string;
  readonly members = new MemberList();
  readonly offsets: GroupOffsets;
  readonly limits: GroupLimits;
  state: GroupState = 'Empty';
  /** Since when it is in this state, ms since 1970; null: not known, for records of old brokers didn't say. */
  stateSinceMs: number | null;
  generation = 0;
  protocolType: string | null = null;
  protocolName: string | null = null;
  /** `tick` must be called no later than this. It may be early, never late. */
  wakeAt = NEVER;
  /** Ids that were handed out and not used yet, and when they are void. */
  readonly pendingMembers = new Map<string, number>();
  /** Members whose JoinGroup is held back. */
  waitingJoins = 0;

  constructor(id: string, limits: GroupLimits, offsets: GroupOffsets, stateSinceMs: number | null) {
    this.id = id;
    this.limits = limits;
    this.offsets = offsets;
    this.stateSinceMs = stateSinceMs;
  }

  /** Ids were handed out with which members will join at once. */
  get expectsMembers(): boolean {
    return this.pendingMembers.size > 0;
  }

  enter(state: GroupState, now: Now): void {
    this.state = state;
    this.stateSinceMs = now.wallMs;
  }

  keepAlive(member: Member, now: Now): void {
    member.expiresAt = this.due(now.monotonicMs + member.sessionTimeoutMs);
  }

  /** @returns `at`, having seen to it that `tick` is called then. */
  due(at: number): number {
    if (at < this.wakeAt) this.wakeAt = at;
    return at;
  }

  /** Its JoinGroup is answered when the others have come. */
  waitForOthers(member: Member, reply: JoinReply): void {
    member.joining = reply;
    this.waitingJoins += 1;
  }

  stopWaiting(member: Member): void {
    member.joining = null;
    this.waitingJoins -= 1;
  }

  answerJoin(member: Member, to: JoinReply, out: Output[]): void {
    out.push({ kind: 'join', to, answer: joinAnswer(this, member) });
  }

  /** Refuses whatever it waits for. */
  answerWaiting(member: Member, code: number, out: Output[]): void {
    if (member.joining !== null) {
      out.push({ kind: 'join', to: member.joining, answer: refusedJoin(code, member.id) });
      this.stopWaiting(member);
    }
    if (member.syncing !== null) {
      out.push({ kind: 'sync', to: member.syncing, answer: refusedSync(code) });
      member.syncing = null;
    }
  }

  refuseSyncs(code: number, now: Now, out: Output[]): void {
    for (const member of this.members) {
      member.assignment = NO_BYTES;
      if (member.syncing === null) continue;
      out.push({ kind: 'sync', to: member.syncing, answer: refusedSync(code) });
      member.syncing = null;
      this.keepAlive(member, now);
    }
  }

  /** One whose request we hold back isn't dead; new members only for a while, since their clients may have given up. */
  isWaiting(member: Member): boolean {
    return !member.isNew && (member.joining !== null || member.syncing !== null);
  }
}
