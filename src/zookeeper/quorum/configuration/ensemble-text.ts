import { readProperties } from '../../../wire/properties.ts';
import { readHierarchy, type GroupLine } from '../../server/config/hierarchy-lines.ts';
import { readServerLine, type MemberConfig } from '../../server/config/server-line.ts';
import { CONFIG_PATH } from '../../tree/znodes/path.ts';
import { LAST_ZXID } from '../../tree/transactions/zxid.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import { Ensemble } from './ensemble.ts';

/** Reads server, group, weight and version lines, as files, notifications and /zookeeper/config have them; a string says what is wrong. */
export function readEnsemble(text: string): Ensemble | string {
  const members: MemberConfig[] = [];
  const groups: GroupLine[] = [];
  let version = 0;
  for (const { key, value, line } of readProperties(text)) {
    const server = /^server\.(\d{1,9})$/.exec(key);
    if (server !== null) {
      const id = Number(server[1]);
      const member = readServerLine(id, value.trim());
      if (typeof member === 'string') return `${key} can't be "${value}": ${member}`;
      if (members.some((other) => other.id === id)) return `${key} stands there twice`;
      members.push(member);
    } else if (/^(group|weight)\./.test(key)) groups.push({ key, value, line });
    else if (key === 'version' && isVersion(value.trim())) version = parseInt(value.trim(), 16);
    else return `${key}=${value} is no line of a configuration of servers`;
  }
  if (!members.some(({ role }) => role === 'participant'))
    return 'there is no server that takes part in votes';
  if (groups.length === 0) return new Ensemble(members, null, version);
  const hierarchy = readHierarchy(groups, members);
  return 'message' in hierarchy ? hierarchy.message : new Ensemble(members, hierarchy, version);
}

/** What /zookeeper/config says; null: nothing. */
export function ensembleOfTree(tree: DataTree): Ensemble | null {
  const node = tree.find(CONFIG_PATH);
  const text = node === undefined ? null : tree.dataOf(node);
  const ensemble = text === null ? null : readEnsemble(text.toString());
  return typeof ensemble === 'string' ? null : ensemble;
}

/** The version that a text ends with, without reading the rest. */
export function versionOf(text: string): number {
  const match = /(?:^|\n)version=([0-9a-fA-F]{1,16})\s*$/.exec(text);
  return match === null || !isVersion(match[1]!) ? 0 : parseInt(match[1]!, 16);
}

/** It is the zxid that brought the configuration. */
function isVersion(text: string): boolean {
  return /^[0-9a-fA-F]{1,16}$/.test(text) && parseInt(text, 16) <= LAST_ZXID;
}
