import { QUOTA_PATH } from '../znodes/path.ts';
import {
  LIMITS_NAME,
  QuotaPaths,
  STATS_NAME,
  limitsPath,
  parseQuota,
  statsPath,
  statsText,
  type QuotaNumbers,
} from './quota.ts';
import type { Znode } from '../znodes/znode.ts';
import type { ZnodeStore } from '../znodes/znode-store.ts';

export interface Quota {
  readonly path: string;
  readonly limits: QuotaNumbers;
  readonly stats: QuotaNumbers;
}

/** What the subtrees that have a quota use of it. It stands in znodes below /zookeeper/quota. */
export class QuotaLedger {
  private readonly store: ZnodeStore;
  private readonly subjects = new QuotaPaths();

  constructor(store: ZnodeStore) {
    this.store = store;
  }

  /** The roots of the subtrees that have a quota. */
  paths(): IterableIterator<string> {
    return this.subjects.all();
  }

  /** Of the subtree that `path` is in; null without one. */
  around(path: string): Quota | null {
    const around = this.subjects.around(path);
    if (around === null) return null;
    const limits = this.store.get(limitsPath(around));
    const stats = this.store.get(statsPath(around));
    if (limits === undefined || stats === undefined) return null;
    return { path: around, limits: this.read(limits), stats: this.read(stats) };
  }

  /** A znode was made: it may be one of a quota. */
  created(parentPath: string, name: string): void {
    if (!parentPath.startsWith(QUOTA_PATH)) return;
    const subject = parentPath.slice(QUOTA_PATH.length);
    if (name === LIMITS_NAME) this.subjects.add(subject);
    if (name === STATS_NAME) this.count(subject);
  }

  deleted(parentPath: string, name: string): void {
    if (name === LIMITS_NAME && parentPath.startsWith(QUOTA_PATH))
      this.subjects.delete(parentPath.slice(QUOTA_PATH.length));
  }

  /** The stats are data outside of transactions: neither version nor zxid change. */
  charge(path: string, bytes: number, count: number): void {
    const around = this.subjects.around(path);
    if (around === null) return;
    const node = this.store.get(statsPath(around));
    if (node === undefined) return;
    const stats = this.read(node);
    this.write(around, node, stats.count + count, stats.bytes + bytes);
  }

  /** All znodes of a snapshot are there: finds the quotas, and counts. */
  loaded(): void {
    const suffix = `/${LIMITS_NAME}`;
    const quota = this.store.get(QUOTA_PATH);
    if (quota === undefined || quota.children === null) return;
    for (const [path, node] of this.store.entries()) {
      if (node.children !== null || !path.startsWith(QUOTA_PATH) || !path.endsWith(suffix)) continue;
      const subject = path.slice(QUOTA_PATH.length, -suffix.length);
      this.subjects.add(subject);
      this.count(subject);
    }
  }

  clear(): void {
    this.subjects.clear();
  }

  private count(path: string): void {
    const node = this.store.get(statsPath(path));
    if (node === undefined) return;
    const { count, bytes } = weigh(this.store, path);
    this.write(path, node, count, bytes);
  }

  private read(node: Znode): QuotaNumbers {
    return parseQuota(this.store.dataView(node)?.toString() ?? '');
  }

  private write(path: string, node: Znode, count: number, bytes: number): void {
    this.store.replaceData(statsPath(path), node, Buffer.from(statsText(count, bytes)));
  }
}

/** Znodes and bytes of data from `top` on downwards. */
export function weigh(store: ZnodeStore, top: string): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  const left = [top];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const node = store.get(path);
    if (node === undefined) continue;
    count++;
    bytes += store.dataBytes(node);
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const name of node.children ?? []) left.push(prefix + name);
  }
  return { count, bytes };
}
