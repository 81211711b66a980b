import { ErrorCode } from '../protocol/errors.ts';
import type { Group } from './group/group.ts';
import type { GroupPartitions } from './group-partitions.ts';
import type { GroupState } from './group/group-types.ts';
import { metadataFor, NO_BYTES } from './group/member.ts';

export interface DescribedGroup {
  readonly state: GroupState;
  readonly protocolType: string;
  readonly protocolName: string;
  readonly members: readonly DescribedMember[];
}

export interface DescribedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly memberMetadata: Buffer;
  readonly memberAssignment: Buffer;
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: GroupState;
}

/** A number is an error code; null: there is no such group. What members subscribe to and have is shown while they agree on it. */
export function describeGroup(partitions: GroupPartitions, groupId: string): DescribedGroup | null | number {
  const owned = partitions.find(groupId);
  if (typeof owned === 'number') return owned;
  const group = owned.groups.get(groupId);
  if (group === undefined || group.state === 'Dead') return null;
  const isStable = group.state === 'Stable';
  return {
    state: group.state,
    protocolType: group.protocolType ?? '',
    protocolName: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataFor(member, group.protocolName) : NO_BYTES,
      memberAssignment: isStable ? member.assignment : NO_BYTES,
    })),
  };
}

/** The groups that are coordinated here. `states`: in any letter case; empty: all. */
export function listGroups(
  partitions: GroupPartitions,
  states: readonly string[],
): { readonly code: number; readonly groups: ListedGroup[] } {
  const wanted = new Set(states.map((state) => state.toLowerCase()));
  const groups: ListedGroup[] = [];
  for (const owned of partitions.ready())
    for (const group of owned.groups.values())
      if (wanted.size === 0 || wanted.has(group.state.toLowerCase())) groups.push(listed(group));
  // The list may be incomplete then; it is given all the same.
  return { code: partitions.isLoading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE, groups };
}

function listed({ id, protocolType, state }: Group): ListedGroup {
  return { groupId: id, protocolType: protocolType ?? '', state };
}
