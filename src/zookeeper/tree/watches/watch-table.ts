import { AddWatchMode, EventType, WatcherType } from '../../jute/constants.ts';
import type { Acl } from '../acl/acl.ts';
import { PathMap } from '../znodes/path-map.ts';

/**
 * Who is told of changes: a connection. `notify` is called while a transaction is applied, so what it sends goes before the answer
 * of any request that saw the change. `acl` is what the changed znode (for children: the parent) had: since 3.9.2 Apache leaves out
 * connections that may not READ it.
 */
export interface Watcher {
  notify(eventType: number, path: string, zxid: number, acl: readonly Acl[]): void;
}

/** How a watcher watches a path; one may do so in several ways at once. */
const ONE_SHOT = 1;
const PERSISTENT = 2;
const RECURSIVE = 4;

type ByWatcher = Map<Watcher, number>;

/** The watches of one kind (data or children): path to watchers and back. */
class Watches {
  readonly byPath = new PathMap<ByWatcher>();
  readonly byWatcher = new Map<Watcher, Set<string>>();
  recursive = 0;

  add(path: string, watcher: Watcher, mode: number): void {
    let watchers = this.byPath.get(path);
    if (watchers === undefined) this.byPath.set(path, (watchers = new Map()));
    const before = watchers.get(watcher) ?? 0;
    if ((before & mode) === mode) return;
    watchers.set(watcher, before | mode);
    if (mode === RECURSIVE) this.recursive++;
    let paths = this.byWatcher.get(watcher);
    if (paths === undefined) this.byWatcher.set(watcher, (paths = new Set()));
    paths.add(path);
  }

  modes(path: string, watcher: Watcher): number {
    return this.byPath.get(path)?.get(watcher) ?? 0;
  }

  /** @returns whether there was such a watch. */
  remove(path: string, watcher: Watcher, mode: number): boolean {
    const watchers = this.byPath.get(path);
    const before = watchers?.get(watcher) ?? 0;
    if (watchers === undefined || (before & mode) === 0) return false;
    if ((before & mode & RECURSIVE) !== 0) this.recursive--;
    const after = before & ~mode;
    if (after !== 0) watchers.set(watcher, after);
    else {
      watchers.delete(watcher);
      if (watchers.size === 0) this.byPath.delete(path);
      const paths = this.byWatcher.get(watcher);
      paths?.delete(path);
      if (paths?.size === 0) this.byWatcher.delete(watcher);
    }
    return true;
  }

  removeWatcher(watcher: Watcher): void {
    for (const path of this.byWatcher.get(watcher) ?? []) {
      const watchers = this.byPath.get(path);
      if (((watchers?.get(watcher) ?? 0) & RECURSIVE) !== 0) this.recursive--;
      watchers?.delete(watcher);
      if (watchers?.size === 0) this.byPath.delete(path);
    }
    this.byWatcher.delete(watcher);
  }

  /** Who is to be told of a change at `path`; one-shot watches are used up. Null: nobody. */
  take(path: string): Set<Watcher> | null {
    if (this.byPath.size === 0) return null;
    let told: Set<Watcher> | null = null;
    const watchers = this.byPath.get(path);
    if (watchers !== undefined) {
      told = new Set(watchers.keys());
      for (const watcher of told) this.remove(path, watcher, ONE_SHOT);
    }
    if (this.recursive === 0) return told;
    for (let at = path.length; at > 0;) {
      at = path.lastIndexOf('/', at - 1);
      if (at < 0 || path === '/') break;
      for (const [watcher, modes] of this.byPath.get(at === 0 ? '/' : path.slice(0, at)) ?? [])
        if ((modes & RECURSIVE) !== 0) (told ??= new Set()).add(watcher);
    }
    return told;
  }

  count(): number {
    let count = 0;
    for (const watchers of this.byPath.values()) count += watchers.size;
    return count;
  }
}

/**
 * Who watches what. Data watches (of getData, exists, and exists on nothing) and child watches (of getChildren) are two tables, as
 * in Apache's server. One-shot watches fire once; persistent and recursive ones (addWatch, 3.6) stay. Watches belong to a
 * connection and end with it.
 */
export class WatchTable {
  private readonly data = new Watches();
  private readonly children = new Watches();

  /** So who changes znodes needn't look up whom to tell. */
  get isEmpty(): boolean {
    return this.data.byPath.size === 0 && this.children.byPath.size === 0;
  }

  addData(path: string, watcher: Watcher): void {
    this.data.add(path, watcher, ONE_SHOT);
  }

  addChildren(path: string, watcher: Watcher): void {
    this.children.add(path, watcher, ONE_SHOT);
  }

  /** `mode`: an AddWatchMode. */
  addPersistent(path: string, watcher: Watcher, mode: number): void {
    if (mode === AddWatchMode.persistentRecursive) this.data.add(path, watcher, RECURSIVE);
    else {
      this.data.add(path, watcher, PERSISTENT);
      this.children.add(path, watcher, PERSISTENT);
    }
  }

  /** Whether `watcher` watches `path` in this way, a WatcherType (checkWatches). */
  has(path: string, type: number, watcher: Watcher): boolean {
    const data = this.data.modes(path, watcher);
    if (type === WatcherType.Children) return (this.children.modes(path, watcher) & ONE_SHOT) !== 0;
    if (type === WatcherType.Data) return (data & ONE_SHOT) !== 0;
    if (type === WatcherType.Persistent) return (data & PERSISTENT) !== 0;
    if (type === WatcherType.PersistentRecursive) return (data & RECURSIVE) !== 0;
    return data !== 0 || this.children.modes(path, watcher) !== 0;
  }

  /** Ends these watches (removeWatches). @returns whether there were any. */
  remove(path: string, type: number, watcher: Watcher): boolean {
    if (type === WatcherType.Children) return this.children.remove(path, watcher, ONE_SHOT);
    if (type === WatcherType.Data) return this.data.remove(path, watcher, ONE_SHOT);
    if (type === WatcherType.PersistentRecursive) return this.data.remove(path, watcher, RECURSIVE);
    const modes = type === WatcherType.Persistent ? PERSISTENT : ONE_SHOT | PERSISTENT | RECURSIVE;
    const ofChildren = this.children.remove(path, watcher, modes);
    return this.data.remove(path, watcher, modes) || ofChildren;
  }

  /** The connection ended. */
  removeWatcher(watcher: Watcher): void {
    this.data.removeWatcher(watcher);
    this.children.removeWatcher(watcher);
  }

  created(path: string, parent: string, zxid: number, acl: readonly Acl[], parentAcl: readonly Acl[]): void {
    tell(this.data.take(path), EventType.NodeCreated, path, zxid, acl);
    tell(this.children.take(parent), EventType.NodeChildrenChanged, parent, zxid, parentAcl);
  }

  dataChanged(path: string, zxid: number, acl: readonly Acl[]): void {
    tell(this.data.take(path), EventType.NodeDataChanged, path, zxid, acl);
  }

  /** Who watches both data and children of the znode is told once. */
  deleted(path: string, parent: string, zxid: number, acl: readonly Acl[], parentAcl: readonly Acl[]): void {
    const ofData = this.data.take(path);
    tell(ofData, EventType.NodeDeleted, path, zxid, acl);
    const ofChildren = this.children.take(path);
    if (ofData !== null) for (const watcher of ofData) ofChildren?.delete(watcher);
    tell(ofChildren, EventType.NodeDeleted, path, zxid, acl);
    tell(this.children.take(parent), EventType.NodeChildrenChanged, parent, zxid, parentAcl);
  }

  /** All watches: a watcher counts once for a path in each of the two tables. */
  get size(): number {
    return this.data.count() + this.children.count();
  }

  /** Data watches by path and by watcher, as `wchs`, `wchc` and `wchp` report them: child watches are left out. */
  get dataWatches(): {
    readonly byPath: Pick<PathMap<ReadonlyMap<Watcher, number>>, 'size' | 'values' | typeof Symbol.iterator>;
    readonly byWatcher: ReadonlyMap<Watcher, ReadonlySet<string>>;
  } {
    return this.data;
  }
}

function tell(
  watchers: ReadonlySet<Watcher> | null,
  eventType: number,
  path: string,
  zxid: number,
  acl: readonly Acl[],
): void {
  if (watchers !== null) for (const watcher of watchers) watcher.notify(eventType, path, zxid, acl);
}
