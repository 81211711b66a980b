import type { Hierarchy } from '../../quorum/configuration/quorum-verifier.ts';
import type { MemberConfig } from './server-line.ts';

/** `group.N=a:b:c` or `weight.N=w`. */
export interface GroupLine {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** Reads how the voters are grouped and weighed, or says which line is wrong. Each voter must be in exactly one group. */
export function readHierarchy(
  lines: readonly GroupLine[],
  members: readonly MemberConfig[],
): Hierarchy | { readonly line: number; readonly message: string } {
  const groups = new Map<number, number[]>();
  const weights = new Map<number, number>();
  const groupOf = new Map<number, string>();
  for (const { key, value, line } of lines) {
    const match = /^(group|weight)\.(\d{1,9})$/.exec(key);
    if (match === null)
      return { line, message: `${key}: a number stands behind the dot, as in group.1 or weight.1` };
    const id = Number(match[2]);
    if (match[1] === 'weight') {
      if (!/^\d{1,9}$/.test(value.trim()))
        return { line, message: `${key} can't be "${value}"; write a whole number from 0 on` };
      weights.set(id, Number(value));
      continue;
    }
    if (!/^\d{1,9}(:\d{1,9})*$/.test(value.trim()))
      return { line, message: `${key} can't be "${value}"; write the numbers of its servers, as in 1:2:3` };
    const group = value.trim().split(':').map(Number);
    for (const server of group) {
      const other = groupOf.get(server);
      if (other !== undefined)
        return { line, message: `server ${server} is in ${other} and in ${key}; a server is in one group` };
      groupOf.set(server, key);
    }
    groups.set(id, group);
  }
  const alone = members.find(({ id, role }) => role === 'participant' && !groupOf.has(id));
  if (alone !== undefined)
    return {
      line: lines[0]!.line,
      message: `server ${alone.id} is in no group, and where there are groups each voter is in one; add it to a group.N line`,
    };
  return { groups, weights };
}
