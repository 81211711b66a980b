import type { DataTree } from '../data-tree.ts';

const MOST_ZNODES = 10_000;

interface Creation {
  readonly zxid: number;
  readonly timeMs: number;
}

/** When the lasting znodes near the root of a tree were created. */
export interface Past {
  readonly lastZxid: number;
  /** The time of the newest change among the znodes that were looked at. Since 1970, by the clock of who led then. */
  readonly newestMs: number;
  readonly created: ReadonlyMap<string, Creation>;
}

export function pastOf(tree: DataTree): Past {
  const created = new Map<string, Creation>();
  let newestMs = 0;
  const walk = (parent: string, depth: number): void => {
    for (const name of tree.find(parent === '' ? '/' : parent)?.children ?? []) {
      const path = `${parent}/${name}`;
      const node = tree.find(path);
      if (node === undefined || path === '/zookeeper' || created.size >= MOST_ZNODES) continue;
      const { czxid, ctime, mtime, ephemeralOwner } = tree.statOf(node);
      newestMs = Math.max(newestMs, ctime, mtime);
      if (ephemeralOwner === 0n) created.set(path, { zxid: Number(czxid), timeMs: ctime });
      if (depth > 1) walk(path, depth - 1);
    }
  };
  walk('', 2);
  return { lastZxid: tree.lastZxid, newestMs, created };
}

/**
 * Whether a server's tree and its leader's can be of one ensemble: a znode that is as old as the last common transaction was created by the
 * same transaction in both, at the same time (the zxids alone may be equal by chance, since tools make their znodes in the same order
 * everywhere). False only where both have such znodes and not one is the same. What was made in the server's last `tailMs` doesn't count:
 * of its own that may be a tail that was never committed, and so short a time is all that a leader without a quorum has; and of the leader's it
 * may be all that is left, when the rest was removed since.
 */
export function mayBeOneCluster(own: Past, leaders: Past, tailMs: number): boolean {
  const common = Math.min(own.lastZxid, leaders.lastZxid);
  const isSettled = ({ zxid, timeMs }: Creation): boolean => zxid <= common && timeMs < own.newestMs - tailMs;
  const ofLeader = [...leaders.created].filter(([, creation]) => isSettled(creation));
  if (ofLeader.length === 0 || ![...own.created.values()].some(isSettled)) return true;
  return ofLeader.some(([path, { zxid, timeMs }]) => {
    const other = own.created.get(path);
    return other?.zxid === zxid && other.timeMs === timeMs;
  });
}
