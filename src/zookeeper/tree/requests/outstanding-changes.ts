import type { Acl } from '../acl/acl.ts';
import type { DataTree } from '../data-tree.ts';

/** What requests are checked against: a znode as it will be when all that was prepared so far is applied. */
export interface Prospect {
  /** Of the transaction that makes it so; 0: as it is in the tree. */
  readonly zxid: number;
  readonly path: string;
  readonly exists: boolean;
  readonly version: number;
  readonly aversion: number;
  /** As stored. */
  readonly cversion: number;
  readonly owner: bigint;
  readonly children: number;
  readonly dataBytes: number;
  readonly acl: readonly Acl[];
}

/** The changes that are prepared but not in the tree yet: the newest of each path, and all in their order. */
export class OutstandingChanges {
  private readonly tree: DataTree;
  private readonly newest = new Map<string, Prospect>();
  private queue: Prospect[] = [];
  private head = 0;
  /** Within a multi: what stood before each of its changes. */
  private undo: (Prospect | undefined)[] | null = null;

  constructor(tree: DataTree) {
    this.tree = tree;
  }

  get size(): number {
    return this.queue.length - this.head;
  }

  /** Null: there is no such znode, or there won't be. */
  find(path: string): Prospect | null {
    if (this.newest.size > 0) {
      const prospect = this.newest.get(path);
      if (prospect !== undefined) return prospect.exists ? prospect : null;
    }
    const tree = this.tree;
    const node = tree.find(path);
    if (node === undefined) return null;
    const store = tree.store;
    return {
      zxid: 0,
      path,
      exists: true,
      version: store.version(node),
      aversion: store.aversion(node),
      cversion: node.cversion,
      owner: node.owner,
      children: node.children === null ? 0 : node.children.size,
      dataBytes: store.dataBytes(node),
      acl: store.acls.get(node.acl),
    };
  }

  add(prospect: Prospect): void {
    this.undo?.push(this.newest.get(prospect.path));
    this.newest.set(prospect.path, prospect);
    this.queue.push(prospect);
  }

  /** Each path once, as it will be. */
  newestOfAll(): IterableIterator<Prospect> {
    return this.newest.values();
  }

  /** Forgets what the transactions up to `zxid` made, since the tree has it now. */
  applied(zxid: number): void {
    const queue = this.queue;
    while (this.head < queue.length && queue[this.head]!.zxid <= zxid) {
      const prospect = queue[this.head++]!;
      if (this.newest.get(prospect.path) === prospect) this.newest.delete(prospect.path);
    }
    if (this.head === queue.length) {
      this.queue = [];
      this.head = 0;
    } else if (this.head > 4096) {
      this.queue = queue.slice(this.head);
      this.head = 0;
    }
  }

  /** From here on changes can be taken back, until `commit` or `rollBack`. */
  begin(): void {
    this.undo = [];
  }

  commit(): void {
    this.undo = null;
  }

  rollBack(): void {
    const undo = this.undo!;
    this.undo = null;
    for (let before = undo.length - 1; before >= 0; before--) {
      const taken = this.queue.pop()!;
      const previous = undo[before];
      if (previous === undefined) this.newest.delete(taken.path);
      else this.newest.set(taken.path, previous);
    }
  }
}
