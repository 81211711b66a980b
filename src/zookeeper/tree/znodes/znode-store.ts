import type { Digests } from '../../../runtime/runtime.ts';
import type { Writer } from '../../../wire/writer.ts';
import type { Acl } from '../acl/acl.ts';
import { AclTable } from '../acl/acl-table.ts';
import { Cells } from './cells.ts';
import { shownOwner } from './owner.ts';
import { PathMap } from './path-map.ts';
import {
  PERSISTED_BYTES,
  PersistedAt,
  STAT_BYTES,
  StatAt,
  getInt32,
  getInt64,
  putInt32,
  putInt64,
  putOwner,
  readStat,
  type Stat,
} from './stat-bytes.ts';
import { DigestSum } from '../digest/tree-digest.ts';
import { Znode } from './znode.ts';

/** Changed znodes whose digests are still to be counted. */
const MOST_STALE = 4096;

/**
 * The znodes by path, their bytes, and the digest over all of them. It knows nothing of transactions, sessions and watches: that is
 * DataTree's. A znode's cell is laid out as GetDataResponse: int32 length, data, Stat; so reading it is one copy.
 */
export class ZnodeStore {
  readonly acls = new AclTable();
  /** Bytes of paths (as characters) and data. */
  approximateBytes = 0;
  /** The root stands under '' and '/'. */
  private readonly nodes = new PathMap<Znode>();
  private readonly cells = new Cells();
  private readonly sum = new DigestSum();
  /** Changed since they were last counted, with their paths. A znode that changes often, as parents do, is so counted once. */
  private readonly stale = new Map<Znode, string>();
  private readonly digests: Digests;
  private scratch = Buffer.allocUnsafeSlow(4096);

  constructor(digests: Digests) {
    this.digests = digests;
  }

  get(path: string): Znode | undefined {
    return this.nodes.get(path);
  }

  get count(): number {
    return this.nodes.get('') !== undefined ? this.nodes.size - 1 : this.nodes.size;
  }

  /** Bytes taken for data and Stats. */
  get capacityBytes(): number {
    return this.cells.capacityBytes;
  }

  /** Parents come before their children. Between two steps znodes may come and go; those that come may be left out. */
  *entries(): IterableIterator<[string, Znode]> {
    const root = this.nodes.get('/');
    if (root === undefined) return;
    yield ['/', root];
    const folders: { prefix: string; names: Iterator<string> }[] = [];
    if (root.children !== null) folders.push({ prefix: '/', names: root.children.values() });
    for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
      const next = folder.names.next();
      if (next.done === true) {
        folders.pop();
        continue;
      }
      const path = folder.prefix + next.value;
      const node = this.nodes.get(path);
      if (node === undefined) continue;
      yield [path, node];
      if (node.children !== null) folders.push({ prefix: `${path}/`, names: node.children.values() });
    }
  }

  clear(): void {
    for (const [path, node] of this.nodes) if (path !== '') this.cells.free(node.cell);
    this.nodes.clear();
    this.acls.clear();
    this.stale.clear();
    this.sum.clear();
    this.approximateBytes = 0;
  }

  /** A new znode; all of its Stat but what is given here is 0. It isn't yet its parent's child. */
  add(path: string, data: Buffer | null, owner: bigint, aclKey: number, zxid: number, timeMs: number): Znode {
    const dataBytes = data === null ? 0 : data.length;
    const cell = this.cells.allocate(4 + dataBytes + STAT_BYTES);
    const node = new Znode(cell, owner);
    node.acl = aclKey;
    const bytes = this.cells.buffer(cell);
    const at = this.cells.offset(cell);
    putInt32(bytes, at, data === null ? -1 : dataBytes);
    if (data !== null) data.copy(bytes, at + 4);
    const stat = at + 4 + dataBytes;
    putInt64(bytes, stat + StatAt.czxid, zxid);
    bytes.copyWithin(stat + StatAt.mzxid, stat, stat + 8);
    putInt64(bytes, stat + StatAt.ctime, timeMs);
    bytes.copyWithin(stat + StatAt.mtime, stat + StatAt.ctime, stat + StatAt.mtime);
    bytes.fill(0, stat + StatAt.version, stat + StatAt.ephemeralOwner);
    putOwner(bytes, stat + StatAt.ephemeralOwner, owner === 0n ? owner : shownOwner(owner));
    putInt32(bytes, stat + StatAt.dataLength, dataBytes);
    putInt32(bytes, stat + StatAt.numChildren, 0);
    bytes.copyWithin(stat + StatAt.pzxid, stat, stat + 8);
    this.insert(path, node, dataBytes);
    return node;
  }

  /** A znode of a snapshot: `persisted` holds a StatPersisted at `at`. */
  load(path: string, data: Buffer | null, aclKey: number, persisted: Buffer, at: number): Znode {
    const owner = persisted.readBigInt64BE(at + PersistedAt.ephemeralOwner);
    const node = this.add(path, data, owner, aclKey, 0, 0);
    node.cversion = getInt32(persisted, at + PersistedAt.cversion);
    const bytes = this.cells.buffer(node.cell);
    const stat = this.statAt(node);
    persisted.copy(bytes, stat, at, at + StatAt.cversion);
    putInt32(bytes, stat + StatAt.cversion, 2 * node.cversion);
    putInt32(bytes, stat + StatAt.aversion, getInt32(persisted, at + PersistedAt.aversion));
    persisted.copy(bytes, stat + StatAt.pzxid, at + PersistedAt.pzxid, at + PERSISTED_BYTES);
    return node;
  }

  private insert(path: string, node: Znode, dataBytes: number): void {
    this.nodes.set(path, node);
    if (path === '/') this.nodes.set('', node);
    this.approximateBytes += path.length + dataBytes;
    this.touch(path, node);
  }

  /** It must have no children and not be its parent's child any more. */
  delete(path: string, node: Znode): void {
    this.nodes.delete(path);
    this.approximateBytes -= path.length + this.dataBytes(node);
    this.stale.delete(node);
    this.sum.subtract(node.digest);
    this.acls.release(node.acl);
    this.cells.free(node.cell);
  }

  addChild(path: string, parent: Znode, name: string): void {
    (parent.children ??= new Set()).add(name);
    this.showChildren(path, parent);
  }

  deleteChild(path: string, parent: Znode, name: string): void {
    if (parent.children?.delete(name) !== true) return;
    if (parent.children.size === 0) parent.children = null;
    this.showChildren(path, parent);
  }

  setCversion(path: string, node: Znode, cversion: number): void {
    node.cversion = cversion;
    this.showChildren(path, node);
  }

  private showChildren(path: string, node: Znode): void {
    const bytes = this.cells.buffer(node.cell);
    const stat = this.statAt(node);
    const children = node.children === null ? 0 : node.children.size;
    putInt32(bytes, stat + StatAt.cversion, 2 * node.cversion - children);
    putInt32(bytes, stat + StatAt.numChildren, children);
    this.touch(path, node);
  }

  pzxid(node: Znode): number {
    return getInt64(this.cells.buffer(node.cell), this.statAt(node) + StatAt.pzxid);
  }

  setPzxid(path: string, node: Znode, zxid: number): void {
    putInt64(this.cells.buffer(node.cell), this.statAt(node) + StatAt.pzxid, zxid);
    this.touch(path, node);
  }

  /** New data; the Stat gets its length, nothing else. */
  replaceData(path: string, node: Znode, data: Buffer | null): void {
    const before = this.dataBytes(node);
    const after = data === null ? 0 : data.length;
    const oldBytes = this.cells.buffer(node.cell);
    const oldAt = this.cells.offset(node.cell);
    let bytes = oldBytes;
    let at = oldAt;
    if (this.cells.fits(4 + before + STAT_BYTES, 4 + after + STAT_BYTES)) {
      if (before !== after) bytes.copyWithin(at + 4 + after, at + 4 + before, at + 4 + before + STAT_BYTES);
    } else {
      const old = node.cell;
      node.cell = this.cells.allocate(4 + after + STAT_BYTES);
      bytes = this.cells.buffer(node.cell);
      at = this.cells.offset(node.cell);
      oldBytes.copy(bytes, at + 4 + after, oldAt + 4 + before, oldAt + 4 + before + STAT_BYTES);
      this.cells.free(old);
    }
    putInt32(bytes, at, data === null ? -1 : after);
    if (data !== null) data.copy(bytes, at + 4);
    putInt32(bytes, at + 4 + after + StatAt.dataLength, after);
    this.approximateBytes += after - before;
    this.touch(path, node);
  }

  setVersion(node: Znode, version: number, zxid: number, timeMs: number): void {
    const bytes = this.cells.buffer(node.cell);
    const stat = this.statAt(node);
    putInt32(bytes, stat + StatAt.version, version);
    putInt64(bytes, stat + StatAt.mzxid, zxid);
    putInt64(bytes, stat + StatAt.mtime, timeMs);
  }

  setAcl(path: string, node: Znode, acl: readonly Acl[], aversion: number): void {
    const key = this.acls.use(acl);
    this.acls.release(node.acl);
    node.acl = key;
    putInt32(this.cells.buffer(node.cell), this.statAt(node) + StatAt.aversion, aversion);
    this.touch(path, node);
  }

  private statAt(node: Znode): number {
    return this.cells.offset(node.cell) + 4 + this.dataBytes(node);
  }

  dataBytes(node: Znode): number {
    const length = getInt32(this.cells.buffer(node.cell), this.cells.offset(node.cell));
    return length < 0 ? 0 : length;
  }

  /** A copy. */
  data(node: Znode): Buffer | null {
    const view = this.dataView(node);
    return view === null ? null : Buffer.from(view);
  }

  /** Only until the next change. */
  dataView(node: Znode): Buffer | null {
    const bytes = this.cells.buffer(node.cell);
    const at = this.cells.offset(node.cell);
    const length = getInt32(bytes, at);
    return length < 0 ? null : bytes.subarray(at + 4, at + 4 + length);
  }

  stat(node: Znode): Stat {
    return readStat(this.cells.buffer(node.cell), this.statAt(node));
  }

  version(node: Znode): number {
    return getInt32(this.cells.buffer(node.cell), this.statAt(node) + StatAt.version);
  }

  aversion(node: Znode): number {
    return getInt32(this.cells.buffer(node.cell), this.statAt(node) + StatAt.aversion);
  }

  mzxid(node: Znode): number {
    return getInt64(this.cells.buffer(node.cell), this.statAt(node) + StatAt.mzxid);
  }

  czxid(node: Znode): number {
    return getInt64(this.cells.buffer(node.cell), this.statAt(node) + StatAt.czxid);
  }

  mtime(node: Znode): number {
    return getInt64(this.cells.buffer(node.cell), this.statAt(node) + StatAt.mtime);
  }

  writeDataAndStat(node: Znode, writer: Writer): void {
    const bytes = this.cells.buffer(node.cell);
    const at = this.cells.offset(node.cell);
    const length = getInt32(bytes, at);
    writer.copy(bytes, at, at + 4 + (length < 0 ? 0 : length) + STAT_BYTES);
  }

  /** The data with its length, -1 for null. */
  writeData(node: Znode, writer: Writer): void {
    const at = this.cells.offset(node.cell);
    writer.copy(this.cells.buffer(node.cell), at, at + 4 + this.dataBytes(node));
  }

  writeStat(node: Znode, writer: Writer): void {
    const stat = this.statAt(node);
    writer.copy(this.cells.buffer(node.cell), stat, stat + STAT_BYTES);
  }

  copyStat(node: Znode, target: Buffer): void {
    const stat = this.statAt(node);
    this.cells.buffer(node.cell).copy(target, 0, stat, stat + STAT_BYTES);
  }

  /** StatPersisted, 60 bytes. */
  copyPersisted(node: Znode, target: Buffer, to: number): void {
    const bytes = this.cells.buffer(node.cell);
    const stat = this.statAt(node);
    // So few bytes are moved faster one by one than by a call that makes a view of them first.
    for (let i = 0; i < StatAt.cversion; i++) target[to + i] = bytes[stat + i]!;
    putInt32(target, to + PersistedAt.cversion, node.cversion);
    putInt32(target, to + PersistedAt.aversion, getInt32(bytes, stat + StatAt.aversion));
    putOwner(target, to + PersistedAt.ephemeralOwner, node.owner);
    for (let i = 0; i < 8; i++) target[to + PersistedAt.pzxid + i] = bytes[stat + StatAt.pzxid + i]!;
  }

  /** Sum over all znodes but those below /zookeeper, as a signed long (Apache's version 2). */
  get digest(): bigint {
    this.countStale();
    return this.sum.value;
  }

  /** Its digest must be counted anew. */
  private touch(path: string, node: Znode): void {
    if (this.stale.size >= MOST_STALE) this.countStale();
    this.stale.set(node, path);
  }

  private countStale(): void {
    for (const [node, path] of this.stale) {
      const digest = path.startsWith('/zookeeper/') ? 0 : this.digestOf(path === '/' ? '' : path, node);
      this.sum.subtract(node.digest);
      this.sum.add(digest);
      node.digest = digest;
    }
    this.stale.clear();
  }

  private digestOf(path: string, node: Znode): number {
    const cell = this.cells.buffer(node.cell);
    const data = this.cells.offset(node.cell) + 4;
    const dataBytes = this.dataBytes(node);
    const most = path.length * 3 + dataBytes + PERSISTED_BYTES;
    if (most > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(most * 2);
    const scratch = this.scratch;
    const pathBytes = scratch.write(path, 0, 'utf8');
    cell.copy(scratch, pathBytes, data, data + dataBytes);
    const stat = pathBytes + dataBytes;
    this.copyPersisted(node, scratch, stat);
    movePzxid(scratch, stat);
    return this.digests.crc32(scratch.subarray(0, pathBytes + dataBytes + PERSISTED_BYTES)) | 0;
  }
}

/** Digests have pzxid as the third field, StatPersisted as the last. */
function movePzxid(bytes: Buffer, stat: number): void {
  const high = getInt32(bytes, stat + PersistedAt.pzxid);
  const low = getInt32(bytes, stat + PersistedAt.pzxid + 4);
  bytes.copyWithin(stat + StatAt.ctime + 8, stat + StatAt.ctime, stat + PersistedAt.pzxid);
  putInt32(bytes, stat + StatAt.ctime, high);
  putInt32(bytes, stat + StatAt.ctime + 4, low);
}
