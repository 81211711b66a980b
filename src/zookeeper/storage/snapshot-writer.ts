import type { Codecs, File, Runtime } from '../../runtime/runtime.ts';
import { compress } from '../../wire/compression.ts';
import { writeUstring } from '../jute/primitives.ts';
import type { Acl } from '../tree/acl/acl.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { PERSISTED_BYTES } from '../tree/znodes/stat-bytes.ts';
import { encodeAcl } from '../tree/transactions/transaction-codec.ts';
import { DIGEST_VERSION } from '../tree/digest/tree-digest.ts';
import type { Znode } from '../tree/znodes/znode.ts';
import { Writer } from '../../wire/writer.ts';
import { Adler32 } from './adler32.ts';
import {
  FILE_VERSION,
  SNAPSHOT_MAGIC,
  UNFINISHED_PREFIX,
  snapshotName,
  type SnapshotCompression,
} from './files.ts';

const SLICE_BYTES = 128 * 1024;
/** So often the disk is waited for: else the system, its memory full of unwritten pages, stops whoever writes next, and the log's syncs queue. */
const SYNC_EVERY_BYTES = 8 << 20;
const OPEN_ACL_KEY = -1;

/** For znodes whose ACL is newer than the snapshot's list: nobody may do anything, until the log, replayed, sets it right. */
const NOBODY: readonly Acl[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];

/**
 * A tree as bytes, slice by slice, while transactions go on being applied between the slices: a fuzzy snapshot. It has every
 * znode that was there at the start and wasn't deleted before it was reached, as it was when it was reached. What is missing or too new is
 * mended by replaying the log from the start's zxid on. Parents come before their children.
 */
export class TreeImage {
  /** Of the last transaction that is surely in it. */
  readonly zxid: number;
  private readonly tree: DataTree;
  private readonly nodes: Iterator<[string, Znode]>;
  private readonly lastAclKey: number;
  private readonly nobodyKey: number;
  private readonly persisted = Buffer.allocUnsafeSlow(PERSISTED_BYTES);

  constructor(tree: DataTree) {
    this.tree = tree;
    this.zxid = tree.lastZxid;
    this.nodes = tree.store.entries();
    this.lastAclKey = tree.store.acls.lastKey;
    this.nobodyKey = this.lastAclKey + 1;
  }

  /** Sessions and ACLs: call it before any transaction is applied. */
  begin(writer: Writer): void {
    const { tree } = this;
    writer.int32(tree.sessions.size);
    for (const [session, timeoutMs] of tree.sessions) {
      writer.int64(session);
      writer.int32(timeoutMs);
    }
    writer.int32(tree.store.acls.size + 1);
    for (const [key, acl] of tree.store.acls.entries()) {
      writer.int64(key);
      encodeAcl(writer, acl);
    }
    writer.int64(this.nobodyKey);
    encodeAcl(writer, NOBODY);
  }

  /** Writes some znodes. @returns false when all are written, the end mark included. */
  slice(writer: Writer, bytes: number): boolean {
    const { store } = this.tree;
    while (writer.position < bytes) {
      const next = this.nodes.next();
      if (next.done === true) {
        writeUstring(writer, '/');
        return false;
      }
      const [path, node] = next.value;
      // The log makes it; and so there is an end even if znodes are created faster than they are written.
      if (store.czxid(node) > this.zxid) continue;
      writeUstring(writer, path === '/' ? '' : path);
      store.writeData(node, writer);
      const known = node.acl === OPEN_ACL_KEY || node.acl <= this.lastAclKey;
      writer.int64(known ? node.acl : this.nobodyKey);
      store.copyPersisted(node, this.persisted, 0);
      writer.copy(this.persisted, 0, PERSISTED_BYTES);
    }
    return true;
  }
}

/** Writes a tree to a snapshot file, which gets its name when it is whole and on the disk. */
export async function writeSnapshot(
  runtime: Runtime,
  folder: string,
  tree: DataTree,
  compression: SnapshotCompression,
  /** Resolves when all transactions that are in the tree are in the log, on the disk. */
  logged: () => Promise<void>,
): Promise<{ path: string; zxid: number; bytes: number }> {
  const image = new TreeImage(tree);
  const unfinished = `${folder}/${UNFINISHED_PREFIX}${image.zxid.toString(16)}`;
  const file = runtime.files.open(unfinished, 'write');
  try {
    file.truncate(0);
    const out = new SnapshotOutput(file, runtime.codecs, compression);
    const writer = new Writer(SLICE_BYTES + 4096);
    writer.int32(SNAPSHOT_MAGIC);
    writer.int32(FILE_VERSION);
    writer.int64(-1);
    image.begin(writer);
    let syncedBytes = 0;
    for (let more = true; more;) {
      more = image.slice(writer, SLICE_BYTES);
      out.write(writer);
      if (out.fileBytes - syncedBytes >= SYNC_EVERY_BYTES) {
        syncedBytes = out.fileBytes;
        await file.sync();
      } else if (more) await new Promise<void>((resolve) => runtime.clock.soon(resolve));
    }
    out.seal(writer);
    // From here on nothing may be applied before the numbers are written.
    const lastZxid = tree.lastZxid;
    writer.int64(lastZxid);
    writer.int32(DIGEST_VERSION);
    writer.int64(tree.digest);
    out.write(writer);
    out.seal(writer);
    writer.int64(lastZxid);
    out.write(writer);
    out.seal(writer);
    // It may be ahead of the log, if only by what was applied while it was written; after a crash it must not be.
    await logged();
    await file.sync();
    const path = `${folder}/${snapshotName(image.zxid, compression)}`;
    runtime.files.rename(unfinished, path);
    await runtime.files.syncFolder(folder);
    return { path, zxid: image.zxid, bytes: out.fileBytes };
  } catch (error) {
    runtime.files.remove(unfinished);
    throw error;
  } finally {
    file.close();
  }
}

/** Checksums and, if wanted, compresses on the way to the file. gzip: one member a slice, as gunzip reads them. */
class SnapshotOutput {
  fileBytes = 0;
  private readonly sum = new Adler32();
  private readonly file: File;
  private readonly codecs: Codecs;
  private readonly compression: SnapshotCompression;

  constructor(file: File, codecs: Codecs, compression: SnapshotCompression) {
    this.file = file;
    this.codecs = codecs;
    this.compression = compression;
  }

  write(writer: Writer): void {
    const bytes = writer.finish();
    writer.reset();
    this.sum.update(bytes, 0, bytes.length);
    const packed = this.pack(bytes);
    this.file.write(packed, this.fileBytes);
    this.fileBytes += packed.length;
  }

  /** The checksum of all before, then `/`. Both count for the next checksum. */
  seal(writer: Writer): void {
    writer.int64(this.sum.value);
    writeUstring(writer, '/');
    this.write(writer);
  }

  private pack(bytes: Buffer): Buffer {
    if (this.compression === 'none') return bytes;
    if (this.compression === 'gz') return this.codecs.gzip(bytes);
    const framed = compress(this.codecs, 'snappy', bytes, 2);
    // The head of the framing belongs to the beginning of the file alone.
    return this.fileBytes === 0 ? framed : framed.subarray(SNAPPY_HEAD_BYTES);
  }
}

const SNAPPY_HEAD_BYTES = 16;
