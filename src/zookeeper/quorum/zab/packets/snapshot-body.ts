import { Reader } from '../../../../wire/reader.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import { readBuffer, readUstring, writeUstring } from '../../../jute/primitives.ts';
import type { TreeImage } from '../../../storage/snapshot-writer.ts';
import type { DataTree } from '../../../tree/data-tree.ts';
import { PERSISTED_BYTES } from '../../../tree/znodes/stat-bytes.ts';
import { decodeAcl } from '../../../tree/transactions/transaction-codec.ts';
import { Writer } from '../../../../wire/writer.ts';

/** What a leader's tree ends with on the wire, to show that it came whole. */
const SIGNATURE = 'BenWasHere';
const SLICE_BYTES = 128 * 1024;

/** The bytes of a tree as SNAP is followed by them, slice by slice; transactions may be applied between the slices. */
export function* snapshotSlices(image: TreeImage): Generator<Buffer, void, undefined> {
  const writer = new Writer(SLICE_BYTES + 4096);
  image.begin(writer);
  for (let more = true; more;) {
    more = image.slice(writer, SLICE_BYTES);
    if (!more) writeUstring(writer, SIGNATURE);
    yield writer.finish();
    writer.reset();
  }
}

/** Reads a tree as it comes, right into the place of the own one. */
export class SnapshotBody {
  /** What came behind its end. */
  rest = Buffer.alloc(0);
  private readonly tree: DataTree;
  private readonly zxid: number;
  private readonly maxRecordBytes: number;
  private bytes = Buffer.alloc(0);
  private chunks: Buffer[] = [];
  private chunkBytes = 0;
  /** So much must have come before another try makes sense. */
  private needed = 0;
  private part: 'sessionCount' | 'session' | 'aclCount' | 'acl' | 'znode' | 'signature' | 'over' =
    'sessionCount';
  private left = 0;

  constructor(tree: DataTree, zxid: number, maxRecordBytes: number) {
    this.tree = tree;
    this.zxid = zxid;
    this.maxRecordBytes = maxRecordBytes;
    tree.clear();
  }

  /** @returns whether all of it is there: then the tree is whole. Throws a WireError: then the tree is in pieces. */
  push(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    this.chunkBytes += chunk.length;
    if (this.bytes.length + this.chunkBytes < this.needed) return false;
    this.bytes = Buffer.concat([this.bytes, ...this.chunks]);
    this.chunks = [];
    this.chunkBytes = 0;
    const r = new Reader(this.bytes);
    while (this.part !== 'over') {
      const at = r.position;
      try {
        this.read(r);
      } catch (error) {
        if (!(error instanceof SnapshotTooShort)) {
          if (!(error instanceof WireError) || error instanceof SnapshotBroken) throw error;
          if (r.end - at > this.maxRecordBytes) throw error;
        }
        // The record isn't all there yet. Waiting for twice as much keeps the copying of large ones in bounds.
        this.bytes = this.bytes.subarray(at);
        this.needed = this.bytes.length < 4096 ? this.bytes.length + 1 : 2 * this.bytes.length;
        if (this.bytes.length >= 4) this.needed = Math.min(this.needed, this.recordEnd());
        return false;
      }
    }
    this.rest = this.bytes.subarray(r.position);
    this.tree.loaded(this.zxid);
    return true;
  }

  /** The fewest bytes that the record at the front can have: never wait for more than will come. */
  private recordEnd(): number {
    if (this.part !== 'znode') return this.bytes.length + 1;
    const pathBytes = Math.max(0, this.bytes.readInt32BE(0));
    if (this.bytes.length < 8 + pathBytes) return this.bytes.length + 1;
    const dataBytes = Math.max(0, this.bytes.readInt32BE(4 + pathBytes));
    return Math.max(this.bytes.length + 1, 16 + pathBytes + dataBytes + PERSISTED_BYTES);
  }

  private read(r: Reader): void {
    switch (this.part) {
      case 'sessionCount':
        this.left = r.int32();
        this.part = this.left > 0 ? 'session' : 'aclCount';
        break;
      case 'session':
        if (r.remaining < 12) throw new SnapshotTooShort();
        this.tree.loadSession(r.int64Big(), r.int32());
        if (--this.left === 0) this.part = 'aclCount';
        break;
      case 'aclCount':
        this.left = r.int32();
        this.part = this.left > 0 ? 'acl' : 'znode';
        break;
      case 'acl': {
        if (r.remaining < 12) throw new SnapshotTooShort();
        const key = Number(r.int64());
        this.tree.store.acls.load(key, decodeAcl(r));
        if (--this.left === 0) this.part = 'znode';
        break;
      }
      case 'znode':
        this.znode(r);
        break;
      default:
        if (readUstring(r) !== SIGNATURE)
          throw new SnapshotBroken('snapshot', r.position, 'it does not end as a snapshot does');
        this.part = 'over';
    }
  }

  private znode(r: Reader): void {
    const path = readUstring(r) ?? '';
    if (path === '/') {
      this.part = 'signature';
      return;
    }
    const data = readBuffer(r);
    if (r.remaining < 8 + PERSISTED_BYTES) throw new SnapshotTooShort();
    const aclKey = Number(r.int64());
    const at = r.position;
    r.skip(PERSISTED_BYTES);
    const problem = this.tree.loadZnode(path === '' ? '/' : path, data, aclKey, r.buffer, at);
    if (problem !== null) throw new SnapshotBroken('snapshot', at, problem);
  }
}

class SnapshotTooShort extends Error {}
class SnapshotBroken extends WireError {}
