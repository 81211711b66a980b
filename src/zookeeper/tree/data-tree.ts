import type { Digests } from '../../runtime/runtime.ts';
import type { Writer } from '../../wire/writer.ts';
import { ErrorCode } from '../jute/error-code.ts';
import { OpCode } from '../jute/op-code.ts';
import { writeUstring } from '../jute/primitives.ts';
import { openAcl, readAcl, type Acl } from './acl/acl.ts';
import type { ApplyResult, MultiPartResult } from './transactions/apply-result.ts';
import { OwnedPaths } from './znodes/owned-paths.ts';
import { ownerKind, ttlOf } from './znodes/owner.ts';
import { CONFIG_PATH, QUOTA_PATH, nameOf, parentOf } from './znodes/path.ts';
import { QuotaLedger, weigh, type Quota } from './quota/quota-ledger.ts';
import { STAT_BYTES, type Stat } from './znodes/stat-bytes.ts';
import type {
  CreateRecord,
  MultiPart,
  SetDataRecord,
  Transaction,
  TransactionHeader,
  TransactionRecord,
} from './transactions/transaction.ts';
import { WatchTable } from './watches/watch-table.ts';
import type { Znode } from './znodes/znode.ts';
import { ZnodeStore } from './znodes/znode-store.ts';

/**
 * The replicated state: znodes, sessions, ephemerals, quotas; and, though each server has its own, the watches. Pure: no clock, no
 * files. The same transactions make the same tree everywhere, also when they begin with some that a fuzzy snapshot has already.
 *
 * `apply` tells the watchers while it changes the tree; so a notification comes before any answer that shows the change.
 */
export class DataTree {
  readonly watches = new WatchTable();
  /** Of the last transaction applied. */
  lastZxid = 0;
  /** Session id to timeout in ms. Who expires when is decided elsewhere. */
  private readonly timeouts = new Map<bigint, number>();
  private readonly owned = new OwnedPaths();
  private readonly quotas: QuotaLedger;
  private readonly result: ApplyResult = { error: 0, path: '', node: null, parts: null };
  /** For snapshots alone. */
  readonly store: ZnodeStore;

  constructor(digests: Digests) {
    this.store = new ZnodeStore(digests);
    this.quotas = new QuotaLedger(this.store);
    this.addBuiltIns();
  }

  private addBuiltIns(): void {
    this.addBuiltIn('/', null, openAcl);
    const root = this.store.get('/')!;
    this.addBuiltIn('/zookeeper', root, openAcl);
    const zookeeper = this.store.get('/zookeeper')!;
    this.addBuiltIn(QUOTA_PATH, zookeeper, openAcl);
    this.addBuiltIn(CONFIG_PATH, zookeeper, readAcl);
    this.store.setAcl(CONFIG_PATH, this.store.get(CONFIG_PATH)!, readAcl, -1);
  }

  private addBuiltIn(path: string, parent: Znode | null, acl: readonly Acl[]): void {
    this.store.add(path, Buffer.alloc(0), 0n, this.store.acls.use(acl), 0, 0);
    if (parent !== null) this.store.addChild(parentOf(path), parent, nameOf(path));
  }

  // ---- reading

  /** '' is the root, too. */
  find(path: string): Znode | undefined {
    return this.store.get(path);
  }

  /** GetDataResponse: data, then Stat. */
  writeDataAndStat(node: Znode, writer: Writer): void {
    this.store.writeDataAndStat(node, writer);
  }

  /** The data with its length, as a jute buffer. */
  writeData(node: Znode, writer: Writer): void {
    this.store.writeData(node, writer);
  }

  /** The 68 bytes of a Stat. */
  writeStat(node: Znode, writer: Writer): void {
    this.store.writeStat(node, writer);
  }

  /** vector<ustring>, in the order of creation. */
  writeChildren(node: Znode, writer: Writer): void {
    const children = node.children;
    if (children === null) {
      writer.int32(0);
      return;
    }
    writer.int32(children.size);
    for (const name of children) writeUstring(writer, name);
  }

  statOf(node: Znode): Stat {
    return this.store.stat(node);
  }

  /** A copy. */
  dataOf(node: Znode): Buffer | null {
    return this.store.data(node);
  }

  dataBytesOf(node: Znode): number {
    return this.store.dataBytes(node);
  }

  aclOf(node: Znode): readonly Acl[] {
    return this.store.acls.get(node.acl);
  }

  /** Number of znodes, the root and /zookeeper included. */
  get nodeCount(): number {
    return this.store.count;
  }

  /** Bytes of all paths (as characters) and data: mntr's approximate_data_size. */
  get approximateDataSize(): number {
    return this.store.approximateBytes;
  }

  /** Over all znodes, version 2, a signed long: what `hash` and Apache's logs have. */
  get digest(): bigint {
    return this.store.digest;
  }

  /** All below `path`, itself left out (getAllChildrenNumber). */
  countBelow(path: string): number {
    if (path === '/') return this.nodeCount - 1;
    return weigh(this.store, path).count - 1;
  }

  get sessions(): ReadonlyMap<bigint, number> {
    return this.timeouts;
  }

  /** Paths of the ephemerals of each session that has any. */
  get ephemerals(): ReadonlyMap<bigint, ReadonlySet<string>> {
    return this.owned.bySession;
  }

  ephemeralsOf(sessionId: bigint): ReadonlySet<string> {
    return this.owned.of(sessionId);
  }

  get ephemeralCount(): number {
    return this.owned.ephemeralCount;
  }

  /**
   * Childless containers that had children once (or, with `maxNeverUsedMs` > 0, are unused for longer), and childless TTL nodes
   * that were not changed for their TTL. Submit a deleteContainer for each.
   */
  expiredContainers(nowMs: number, maxNeverUsedMs: number): string[] {
    const expired: string[] = [];
    for (const path of this.owned.temporary) {
      const node = this.find(path);
      if (node === undefined || node.children !== null) continue;
      const unchangedMs = nowMs - this.store.mtime(node);
      if (ownerKind(node.owner) === 'ttl') {
        if (unchangedMs > ttlOf(node.owner)) expired.push(path);
      } else if (node.cversion > 0 || (maxNeverUsedMs > 0 && unchangedMs > maxNeverUsedMs))
        expired.push(path);
    }
    return expired;
  }

  // ---- quotas

  /** The roots of the subtrees that have a quota. */
  quotaPaths(): IterableIterator<string> {
    return this.quotas.paths();
  }

  /** The limits and the use of the subtree with a quota that `path` is in; null without one. */
  quotaAround(path: string): Quota | null {
    return this.quotas.around(path);
  }

  // ---- changing

  /** Applies the next transaction and tells the watchers. What a fuzzy snapshot has already may come again. */
  apply(transaction: Transaction): ApplyResult {
    const { header, record } = transaction;
    const result = this.result;
    result.path = '';
    result.node = null;
    result.parts = null;
    if (record.kind === 'multi') this.applyMulti(header, record.parts);
    else result.error = this.applyRecord(header, record);
    if (header.zxid > this.lastZxid) this.lastZxid = header.zxid;
    return result;
  }

  private applyRecord(header: TransactionHeader, record: TransactionRecord): number {
    switch (record.kind) {
      case 'setData':
        return this.setData(header, record);
      case 'create':
        return this.create(header, record);
      case 'delete':
        this.result.path = record.path;
        return this.delete(header.zxid, record.path);
      case 'setACL': {
        const node = this.find(record.path);
        if (node === undefined) return ErrorCode.NoNode;
        this.store.setAcl(record.path, node, record.acl, record.version);
        this.result.path = record.path;
        this.result.node = node;
        return ErrorCode.Ok;
      }
      case 'createSession':
        this.timeouts.set(header.sessionId, record.timeoutMs);
        return ErrorCode.Ok;
      case 'closeSession':
        this.closeSession(header, record.paths);
        return ErrorCode.Ok;
      case 'error':
        return record.error;
      case 'check':
        this.result.path = record.path;
        return ErrorCode.Ok;
      case 'multi':
        // Decoding refuses a multi within a multi.
        return ErrorCode.MarshallingError;
    }
  }

  private applyMulti(header: TransactionHeader, parts: readonly MultiPart[]): void {
    const result = this.result;
    const failedAt = parts.findIndex((part) => part.record.kind === 'error');
    const done: MultiPartResult[] = [];
    let error: number = ErrorCode.Ok;
    for (const [at, part] of parts.entries()) {
      if (failedAt >= 0) {
        const own = part.record.kind === 'error' ? part.record.error : null;
        const code = own ?? (at < failedAt ? ErrorCode.Ok : ErrorCode.RuntimeInconsistency);
        if (error === ErrorCode.Ok) error = code;
        done.push({ type: OpCode.error, error: code, path: '', stat: null });
        continue;
      }
      result.path = '';
      result.node = null;
      const code = this.applyRecord(header, part.record);
      if (error === ErrorCode.Ok) error = code;
      let stat: Buffer | null = null;
      if (result.node !== null) this.store.copyStat(result.node, (stat = Buffer.allocUnsafe(STAT_BYTES)));
      done.push({ type: part.type, error: code, path: result.path, stat });
    }
    result.error = error;
    result.path = '';
    result.node = null;
    result.parts = done;
  }

  /** What is known of the ensemble without a transaction: each server writes it for itself. */
  setConfiguration(text: string, zxid: number, timeMs: number): void {
    this.setData(
      { sessionId: 0n, cxid: 0, zxid, timeMs, type: OpCode.reconfig },
      { kind: 'setData', path: CONFIG_PATH, data: Buffer.from(text), version: -1 },
    );
  }

  private setData(header: TransactionHeader, record: SetDataRecord): number {
    const { path, data } = record;
    const node = this.find(path);
    if (node === undefined) return ErrorCode.NoNode;
    const store = this.store;
    const before = store.dataBytes(node);
    store.replaceData(path, node, data);
    store.setVersion(node, record.version, header.zxid, header.timeMs);
    this.quotas.charge(path, (data === null ? 0 : data.length) - before, 0);
    this.result.path = path;
    this.result.node = node;
    if (this.watches.isEmpty) return ErrorCode.Ok;
    this.watches.dataChanged(path, header.zxid, this.aclOf(node));
    return ErrorCode.Ok;
  }

  private create(header: TransactionHeader, record: CreateRecord): number {
    const { path, data } = record;
    const { zxid } = header;
    const store = this.store;
    const parentPath = parentOf(path);
    const parent = this.find(parentPath);
    this.result.path = path;
    if (parent === undefined || path === '/') return ErrorCode.NoNode;
    // A snapshot that was written meanwhile may be ahead of this transaction: what is larger stays.
    const cversion = record.parentCversion === -1 ? (parent.cversion + 1) | 0 : record.parentCversion;
    if (cversion > parent.cversion) {
      store.setCversion(parentPath, parent, cversion);
      store.setPzxid(parentPath, parent, zxid);
    }
    const existing = this.find(path);
    if (existing !== undefined) {
      store.acls.release(existing.acl);
      existing.acl = store.acls.use(record.acl);
      return ErrorCode.NodeExists;
    }
    const name = nameOf(path);
    const owner = record.owner;
    const node = store.add(path, data, owner, store.acls.use(record.acl), zxid, header.timeMs);
    store.addChild(parentPath, parent, name);
    if (owner !== 0n) this.owned.add(path, owner);
    this.quotas.created(parentPath, name);
    this.quotas.charge(path, data === null ? 0 : data.length, 1);
    this.result.node = node;
    if (!this.watches.isEmpty) this.watches.created(path, parentPath, zxid, record.acl, this.aclOf(parent));
    return ErrorCode.Ok;
  }

  private delete(zxid: number, path: string): number {
    const store = this.store;
    const parentPath = parentOf(path);
    const parent = this.find(parentPath);
    if (parent === undefined || path === '/') return ErrorCode.NoNode;
    const name = nameOf(path);
    store.deleteChild(parentPath, parent, name);
    if (zxid > store.pzxid(parent)) store.setPzxid(parentPath, parent, zxid);
    const node = this.find(path);
    if (node === undefined) return ErrorCode.NoNode;
    const acl = this.aclOf(node);
    const bytes = store.dataBytes(node);
    store.delete(path, node);
    if (node.owner !== 0n) this.owned.delete(path, node.owner);
    this.quotas.deleted(parentPath, name);
    this.quotas.charge(path, -bytes, -1);
    if (!this.watches.isEmpty) this.watches.deleted(path, parentPath, zxid, acl, this.aclOf(parent));
    return ErrorCode.Ok;
  }

  private closeSession(header: TransactionHeader, listed: readonly string[] | null): void {
    const { sessionId, zxid } = header;
    const own = this.owned.take(sessionId);
    for (const path of listed ?? []) own.delete(path);
    // 3.4 lists none.
    this.result.parts = [...(listed ?? []), ...own].map((path) => ({
      type: OpCode.delete,
      error: this.delete(zxid, path),
      path,
      stat: null,
    }));
    this.timeouts.delete(sessionId);
  }

  // ---- loading a snapshot

  /** Forgets all but the watches. Then come sessions, ACLs and znodes (parents first), then `loaded`. */
  clear(): void {
    this.store.clear();
    this.timeouts.clear();
    this.owned.clear();
    this.quotas.clear();
    this.lastZxid = 0;
  }

  /** As a new tree is, but for the watches. */
  reset(): void {
    this.clear();
    this.addBuiltIns();
  }

  loadSession(sessionId: bigint, timeoutMs: number): void {
    this.timeouts.set(sessionId, timeoutMs);
  }

  /** `persisted`: a StatPersisted at `at`. @returns what is wrong with it, or null. */
  loadZnode(path: string, data: Buffer | null, aclKey: number, persisted: Buffer, at: number): string | null {
    const parent = path === '/' ? null : this.find(parentOf(path));
    if (parent === undefined) return `${path} comes before its parent`;
    if (!this.store.acls.reuse(aclKey)) return `${path} has an ACL, number ${aclKey}, that isn't listed`;
    if (path !== '/' && this.find(path) !== undefined) this.store.delete(path, this.find(path)!);
    const node = this.store.load(path, data, aclKey, persisted, at);
    if (parent !== null) this.store.addChild(parentOf(path), parent, nameOf(path));
    if (node.owner !== 0n) this.owned.add(path, node.owner);
    return null;
  }

  /** All znodes are there: counts quotas. */
  loaded(lastZxid: number): void {
    this.lastZxid = lastZxid;
    this.store.acls.dropUnused();
    this.quotas.loaded();
  }
}

export type { Stat } from './znodes/stat-bytes.ts';
