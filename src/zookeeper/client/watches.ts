import type { WatchEvent, Watcher } from './types.ts';

type Table = Map<string, Set<Watcher>>;

/** Which watchers of this client wait for what. Paths are the server's. */
export class ClientWatches {
  /** Set by getData, and by exists on a node that is there. */
  private readonly data: Table = new Map();
  /** Set by exists on a node that isn't there. */
  private readonly exist: Table = new Map();
  private readonly children: Table = new Map();

  add(kind: 'data' | 'exist' | 'children', path: string, watcher: Watcher): void {
    const table = this[kind];
    const watchers = table.get(path);
    if (watchers === undefined) table.set(path, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** The watchers that an event concerns; they are forgotten, each comes once. */
  take(type: WatchEvent['type'], path: string): Set<Watcher> {
    const taken = new Set<Watcher>();
    if (type !== 'children') {
      move(this.data, path, taken);
      move(this.exist, path, taken);
    }
    if (type === 'children' || type === 'deleted') move(this.children, path, taken);
    return taken;
  }

  /** All paths, to set the watches again on another connection. */
  paths(): { data: string[]; exist: string[]; children: string[] } {
    return {
      data: [...this.data.keys()],
      exist: [...this.exist.keys()],
      children: [...this.children.keys()],
    };
  }

  clear(): void {
    this.data.clear();
    this.exist.clear();
    this.children.clear();
  }
}

function move(table: Table, path: string, into: Set<Watcher>): void {
  const watchers = table.get(path);
  if (watchers === undefined) return;
  table.delete(path);
  for (const watcher of watchers) into.add(watcher);
}
