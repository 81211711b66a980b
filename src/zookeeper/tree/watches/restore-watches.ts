import { EventType } from '../../jute/constants.ts';
import type { DataTree } from '../data-tree.ts';
import type { Watcher } from './watch-table.ts';

/** What setWatches and setWatches2 list. */
export interface WatchLists {
  readonly data: readonly string[];
  readonly exist: readonly string[];
  readonly children: readonly string[];
  readonly persistent: readonly string[];
  readonly persistentRecursive: readonly string[];
}

/**
 * Registers what a client had before it reconnected (setWatches, setWatches2). What changed since `relativeZxid` is told at once,
 * with zxid -1, and not watched.
 */
export function restoreWatches(
  tree: DataTree,
  watcher: Watcher,
  relativeZxid: number,
  lists: WatchLists,
): void {
  const { watches, store } = tree;
  const gone = (path: string): void => watcher.notify(EventType.NodeDeleted, path, -1, []);
  for (const path of lists.data) {
    const node = tree.find(path);
    if (node === undefined) gone(path);
    else if (store.mzxid(node) > relativeZxid)
      watcher.notify(EventType.NodeDataChanged, path, -1, tree.aclOf(node));
    else watches.addData(path, watcher);
  }
  for (const path of lists.exist) {
    const node = tree.find(path);
    if (node !== undefined) watcher.notify(EventType.NodeCreated, path, -1, tree.aclOf(node));
    else watches.addData(path, watcher);
  }
  for (const path of lists.children) {
    const node = tree.find(path);
    if (node === undefined) gone(path);
    else if (store.pzxid(node) > relativeZxid)
      watcher.notify(EventType.NodeChildrenChanged, path, -1, tree.aclOf(node));
    else watches.addChildren(path, watcher);
  }
  for (const path of lists.persistent) watches.addPersistent(path, watcher, 0);
  for (const path of lists.persistentRecursive) watches.addPersistent(path, watcher, 1);
}
