import type { DataTree } from '../data-tree.ts';

const MOST_ZNODES = 10_000;

interface Creation {
  readonly zxid: number;
  readonly timeMs: number;
}

/** When the lasting znodes near the root of a tree were created. */
export interface Past {
  readonly lastZxid: number;
  readonly created: ReadonlyMap<string, Creation>;
}

export function pastOf(tree: DataTree): Past {
  const created = new Map<string, Creation>();
  const walk = (parent: string, depth: number): void => {
    for (const name of tree.find(parent === '' ? '/' : parent)?.children ?? []) {
      const path = `${parent}/${name}`;
      const node = tree.find(path);
      if (node === undefined || path === '/zookeeper' || created.size >= MOST_ZNODES) continue;
      const { czxid, ctime, ephemeralOwner } = tree.statOf(node);
      if (ephemeralOwner === 0n) created.set(path, { zxid: Number(czxid), timeMs: ctime });
      if (depth > 1) walk(path, depth - 1);
    }
  };
  walk('', 2);
  return { lastZxid: tree.lastZxid, created };
}

/**
 * Whether two trees can be of one ensemble: a znode that is as old as the last common transaction was created by the same transaction in
 * both, at the same time (the zxids alone may be equal by chance, since tools make their znodes in the same order everywhere). False only
 * where both have such znodes and not one is the same: a few may differ by what was never committed.
 */
export function mayBeOneCluster(a: Past, b: Past): boolean {
  const common = Math.min(a.lastZxid, b.lastZxid);
  const old = (past: Past): [string, Creation][] =>
    [...past.created].filter(([, { zxid }]) => zxid <= common);
  const ofA = old(a);
  if (ofA.length === 0 || old(b).length === 0) return true;
  return ofA.some(([path, { zxid, timeMs }]) => {
    const other = b.created.get(path);
    return other?.zxid === zxid && other.timeMs === timeMs;
  });
}
