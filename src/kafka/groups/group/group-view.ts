import { ErrorCode } from '../../protocol/errors.ts';
import type { GroupRecord } from '../group-records.ts';
import type { GroupState, SyncInput } from './group-types.ts';
import type { MemberList } from './member-list.ts';
import {
  metadataFor,
  NO_BYTES,
  type JoinAnswer,
  type Member,
  type Protocol,
  type SyncAnswer,
} from './member.ts';

/** What follows from a group as it stands, and changes nothing: which requests it refuses, what it answers, how it is written. */
export interface GroupView {
  readonly state: GroupState;
  readonly stateSinceMs: number | null;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly members: MemberList;
}

/** Whether a request may come from this member. @returns an error code. */
export function memberProblem(members: MemberList, memberId: string, instanceId: string | null): number {
  if (instanceId !== null) {
    const id = members.idOfInstance(instanceId);
    if (id === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (id !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
  }
  return members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
}

/** Whether this is a member of the present generation. @returns an error code. */
export function generationProblem(
  group: GroupView,
  memberId: string,
  instanceId: string | null,
  generation: number,
): number {
  if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const code = memberProblem(group.members, memberId, instanceId);
  if (code !== ErrorCode.NONE) return code;
  return generation === group.generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION;
}

/** @returns an error code. */
export function syncProblem(group: GroupView, input: SyncInput): number {
  const code = generationProblem(group, input.memberId, input.instanceId, input.generation);
  if (code !== ErrorCode.NONE) return code;
  if (
    (input.protocolType !== null && input.protocolType !== group.protocolType) ||
    (input.protocolName !== null && input.protocolName !== group.protocolName)
  )
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  if (group.state === 'Empty') return ErrorCode.UNKNOWN_MEMBER_ID;
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** Whether somebody who speaks these protocols can be in the group. */
export function fits(group: GroupView, protocolType: string, protocols: readonly Protocol[]): boolean {
  if (protocolType === '' || protocols.length === 0) return false;
  if (group.members.size === 0) return true;
  return group.protocolType === protocolType && group.members.shareOneOf(protocols);
}

/** To a member that has joined. */
export function joinAnswer(group: GroupView, member: Member): JoinAnswer {
  const { members } = group;
  return {
    code: ErrorCode.NONE,
    generation: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: members.leaderId ?? '',
    memberId: member.id,
    skipAssignment: false,
    members: members.leaderId === member.id ? members.joined(group.protocolName) : [],
  };
}

/** To a member whose assignment is written. */
export function syncAnswer({ protocolType, protocolName }: GroupView, member: Member): SyncAnswer {
  return { code: ErrorCode.NONE, protocolType, protocolName, assignment: member.assignment };
}

/** As it is to be written. `assignments`: new ones, which the members don't have yet. */
export function recordOf(group: GroupView, assignments?: ReadonlyMap<string, Buffer>): GroupRecord {
  const { protocolName } = group;
  return {
    protocolType: group.protocolType ?? '',
    generation: group.generation,
    protocol: protocolName,
    leader: group.members.leaderId,
    stateSinceMs: group.stateSinceMs,
    members: [...group.members].map((member) => ({
      ...member,
      protocols: [{ name: protocolName ?? '', metadata: metadataFor(member, protocolName) }],
      assignment: assignments === undefined ? member.assignment : (assignments.get(member.id) ?? NO_BYTES),
    })),
  };
}
