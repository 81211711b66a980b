import type { Digests } from '../../../runtime/runtime.ts';
import type { DataTree } from '../data-tree.ts';
import { parentOf } from '../znodes/path.ts';
import { PERSISTED_BYTES, getInt32, getInt64, putInt32, putInt64, putOwner } from '../znodes/stat-bytes.ts';
import { DigestSum } from './tree-digest.ts';
import type { Transaction, TransactionRecord } from '../transactions/transaction.ts';
import type { Znode } from '../znodes/znode.ts';

/** What digests are made of stands in this order behind path and data. */
const At = {
  czxid: 0,
  mzxid: 8,
  pzxid: 16,
  ctime: 24,
  mtime: 32,
  version: 40,
  cversion: 44,
  aversion: 48,
  owner: 52,
} as const;

const SYSTEM_PREFIX = '/zookeeper/';

/**
 * What the tree's digest will be when a transaction is applied to it as it is now; null where that isn't worth finding out, as for
 * several changes at once. A leader tells it in its proposals, so that followers can compare.
 */
export function digestAfter(tree: DataTree, digests: Digests, transaction: Transaction): bigint | null {
  const change = new Change(tree, digests, transaction);
  return change.record(transaction.record) ? BigInt.asIntN(64, tree.digest + change.difference.value) : null;
}

class Change {
  /** What is to be added to the tree's. */
  readonly difference = new DigestSum();
  private readonly tree: DataTree;
  private readonly digests: Digests;
  private readonly zxid: number;
  private readonly timeMs: number;

  constructor(tree: DataTree, digests: Digests, { header }: Transaction) {
    this.tree = tree;
    this.digests = digests;
    this.zxid = header.zxid;
    this.timeMs = header.timeMs;
  }

  /** @returns whether it is known now. */
  record(record: TransactionRecord): boolean {
    switch (record.kind) {
      case 'setData':
        this.change(record.path, record.data, (stat) => {
          putInt64(stat, At.mzxid, this.zxid);
          putInt64(stat, At.mtime, this.timeMs);
          putInt32(stat, At.version, record.version);
        });
        return true;
      case 'setACL':
        this.change(record.path, undefined, (stat) => putInt32(stat, At.aversion, record.version));
        return true;
      case 'create': {
        const stat = Buffer.alloc(PERSISTED_BYTES);
        for (const at of [At.czxid, At.mzxid, At.pzxid]) putInt64(stat, at, this.zxid);
        for (const at of [At.ctime, At.mtime]) putInt64(stat, at, this.timeMs);
        putOwner(stat, At.owner, record.owner);
        this.parent(record.path, record.parentCversion);
        this.difference.add(this.digestOf(record.path, record.data, stat));
        return true;
      }
      case 'delete':
        return this.delete(record.path);
      case 'createSession':
        return true;
      case 'closeSession':
        // More than one may have the same parent.
        return (
          record.paths !== null && record.paths.length < 2 && record.paths.every((path) => this.delete(path))
        );
      default:
        return false;
    }
  }

  private delete(path: string): boolean {
    const node = this.tree.find(path);
    if (node === undefined) return false;
    this.parent(path, null);
    if (!path.startsWith(SYSTEM_PREFIX)) this.difference.subtract(this.currentOf(path, node));
    return true;
  }

  /** `cversion`: null where it stays. */
  private parent(path: string, cversion: number | null): void {
    this.change(parentOf(path), undefined, (stat) => {
      if (cversion !== null && cversion <= getInt32(stat, At.cversion)) return;
      if (cversion !== null) putInt32(stat, At.cversion, cversion);
      if (this.zxid > getInt64(stat, At.pzxid)) putInt64(stat, At.pzxid, this.zxid);
    });
  }

  /** `data`: undefined where it stays. */
  private change(path: string, data: Buffer | null | undefined, edit: (stat: Buffer) => void): void {
    const node = this.tree.find(path);
    if (node === undefined || path.startsWith(SYSTEM_PREFIX)) return;
    const stat = this.statOf(node);
    const now = this.tree.store.dataView(node);
    this.difference.subtract(this.digestOf(path, now, stat));
    edit(stat);
    this.difference.add(this.digestOf(path, data === undefined ? now : data, stat));
  }

  private currentOf(path: string, node: Znode): number {
    return this.digestOf(path, this.tree.store.dataView(node), this.statOf(node));
  }

  private statOf(node: Znode): Buffer {
    const persisted = Buffer.allocUnsafe(PERSISTED_BYTES);
    this.tree.store.copyPersisted(node, persisted, 0);
    // Here pzxid is the third, there the last.
    const stat = Buffer.allocUnsafe(PERSISTED_BYTES);
    persisted.copy(stat, 0, 0, 16);
    persisted.copy(stat, At.pzxid, PERSISTED_BYTES - 8);
    persisted.copy(stat, At.ctime, 16, PERSISTED_BYTES - 8);
    return stat;
  }

  private digestOf(path: string, data: Buffer | null, stat: Buffer): number {
    if (path.startsWith(SYSTEM_PREFIX)) return 0;
    const name = Buffer.from(path === '/' ? '' : path);
    return this.digests.crc32(Buffer.concat(data === null ? [name, stat] : [name, data, stat]));
  }
}
