import type { DataTree } from '../../src/zookeeper/tree/data-tree.ts';

/** A tree as text: every znode with its data and Stat, but for the times, and the sessions. */
export function textOf(tree: DataTree): string {
  const lines: string[] = [];
  for (const [path, node] of tree.store.entries()) {
    const { czxid, mzxid, pzxid, version, cversion, aversion, ephemeralOwner } = tree.statOf(node);
    lines.push(
      `${path} ${tree.dataOf(node)?.toString('hex')} ${czxid} ${mzxid} ${pzxid} ${version} ${cversion} ${aversion} ${ephemeralOwner}`,
    );
  }
  const sessions = [...tree.sessions].map(([id, timeoutMs]) => `session ${id} ${timeoutMs}`);
  return [...lines.sort(), ...sessions.sort()].join('\n');
}
