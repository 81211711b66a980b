import { CodecError, type Runtime } from '../../runtime/runtime.ts';
import { decompress } from '../../wire/compression.ts';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { PERSISTED_BYTES, getInt32, getInt64 } from '../tree/znodes/stat-bytes.ts';
import { decodeAcl } from '../tree/transactions/transaction-codec.ts';
import { Adler32 } from './adler32.ts';
import { FileWindow } from './file-window.ts';
import { FILE_HEADER_BYTES, SNAPSHOT_MAGIC, compressionOf, type NamedFile } from './files.ts';

const LARGEST_UNPACKED_BYTES = 2 ** 31 - 1;
/** Checksum, then `/` with its length. */
const SEAL_BYTES = 13;
const DIGEST_BYTES = 20;

/** What the tree should come to once the transaction `zxid` is applied. */
export interface SnapshotDigest {
  readonly zxid: number;
  readonly version: number;
  readonly digest: bigint;
}

/** A snapshot that can't be used; an older one may do. */
export class SnapshotError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SnapshotError';
  }
}

/** Apache's quick look, before it reads a snapshot: whether it was written to its end. Compressed ones aren't looked into. */
export function looksWhole(runtime: Runtime, snapshot: NamedFile): boolean {
  const file = runtime.files.open(snapshot.path, 'read');
  try {
    const size = file.size();
    const bytes = Buffer.alloc(8);
    const compression = compressionOf(snapshot.name);
    if (compression !== 'none') {
      file.read(bytes, 0, 8, 0);
      return compression === 'gz'
        ? bytes.readUInt16BE(0) === 0x1f8b
        : bytes.toString('latin1') === '\x82SNAPPY\0';
    }
    if (size < FILE_HEADER_BYTES) return false;
    file.read(bytes, 0, 5, size - 5);
    return bytes.readInt32BE(0) === 1 && bytes[4] === 0x2f;
  } finally {
    file.close();
  }
}

/** Replaces the tree by what the snapshot holds. Throws a SnapshotError; then the tree is in pieces and must be cleared. */
export function readSnapshot(runtime: Runtime, snapshot: NamedFile, tree: DataTree): SnapshotDigest | null {
  const file = runtime.files.open(snapshot.path, 'read');
  try {
    const compression = compressionOf(snapshot.name);
    if (compression === 'none') return new SnapshotParser(file, tree).parse(snapshot.zxid);
    const packed = Buffer.allocUnsafeSlow(file.size());
    file.read(packed, 0, packed.length, 0);
    const kind = compression === 'gz' ? 'gzip' : 'snappy';
    const bytes = decompress(runtime.codecs, kind, packed, 2, LARGEST_UNPACKED_BYTES);
    return new SnapshotParser(bytes, tree).parse(snapshot.zxid);
  } catch (error) {
    if (error instanceof WireError || error instanceof CodecError)
      throw new SnapshotError(error.message, error);
    throw error;
  } finally {
    file.close();
  }
}

class SnapshotParser {
  private readonly window: FileWindow;
  private readonly tree: DataTree;
  private readonly sum = new Adler32();

  constructor(source: ConstructorParameters<typeof FileWindow>[0], tree: DataTree) {
    this.tree = tree;
    this.window = new FileWindow(source, (bytes, start, end) => this.sum.update(bytes, start, end));
  }

  parse(zxid: number): SnapshotDigest | null {
    if (this.int32() !== SNAPSHOT_MAGIC) throw new SnapshotError("it doesn't begin as a snapshot does");
    this.skip(FILE_HEADER_BYTES - 4);
    this.tree.clear();
    for (let left = this.count(12); left > 0; left--) {
      const session = this.take(12);
      this.tree.loadSession(
        this.window.buffer.readBigInt64BE(session),
        getInt32(this.window.buffer, session + 8),
      );
    }
    for (let left = this.count(12); left > 0; left--) this.acl();
    while (this.znode());
    this.seal();
    let digest: SnapshotDigest | null = null;
    // 3.6 appends a digest, 3.9 then the last zxid; either may be switched off.
    if (this.window.remaining >= DIGEST_BYTES + SEAL_BYTES) {
      const at = this.take(DIGEST_BYTES);
      const { buffer } = this.window;
      digest = {
        zxid: getInt64(buffer, at),
        version: getInt32(buffer, at + 8),
        digest: buffer.readBigInt64BE(at + 12),
      };
      this.seal();
    }
    if (this.window.remaining >= 8 + SEAL_BYTES) {
      this.skip(8);
      this.seal();
    }
    this.tree.loaded(zxid);
    return digest !== null && digest.zxid >= zxid && digest.zxid > 0 ? digest : null;
  }

  private acl(): void {
    const keyAt = this.take(8);
    const key = getInt64(this.window.buffer, keyAt);
    // Entries are small: look far enough ahead for any real list, then read it from the window.
    for (let ahead = 4096; ; ahead *= 4) {
      const available = Math.min(ahead, this.window.remaining);
      this.window.need(available);
      const at = this.window.position;
      const reader = new Reader(this.window.buffer, at, at + available);
      try {
        this.tree.store.acls.load(key, decodeAcl(reader));
        this.window.position = reader.position;
        return;
      } catch (error) {
        if (!(error instanceof WireError) || available === this.window.remaining) throw error;
      }
    }
  }

  /** False: that was the end mark. */
  private znode(): boolean {
    const { window } = this;
    const pathBytes = this.count(1);
    const pathAt = this.take(pathBytes);
    const path = window.buffer.toString('utf8', pathAt, pathAt + pathBytes);
    if (path === '/') return false;
    const dataBytes = this.int32();
    if (dataBytes < -1 || dataBytes > window.remaining) throw this.cut();
    const length = Math.max(dataBytes, 0);
    const at = this.take(length + 8 + PERSISTED_BYTES);
    const { buffer } = window;
    const data = dataBytes < 0 ? null : buffer.subarray(at, at + length);
    const problem = this.tree.loadZnode(
      path === '' ? '/' : path,
      data,
      getInt64(buffer, at + length),
      buffer,
      at + length + 8,
    );
    if (problem !== null) throw new SnapshotError(problem);
    return true;
  }

  private seal(): void {
    this.window.report();
    const expected = this.sum.value;
    const at = this.take(SEAL_BYTES);
    if (getInt64(this.window.buffer, at) !== expected) throw new SnapshotError('its checksum is wrong');
  }

  private int32(): number {
    const at = this.take(4);
    return getInt32(this.window.buffer, at);
  }

  /** Of things of at least `leastBytes` each. */
  private count(leastBytes: number): number {
    const count = this.int32();
    if (count < -1 || count * leastBytes > this.window.remaining) throw this.cut();
    return Math.max(count, 0);
  }

  private skip(bytes: number): void {
    this.take(bytes);
  }

  /** Where the next `bytes` bytes stand in the window's buffer, which may be another one now. */
  private take(bytes: number): number {
    if (!this.window.need(bytes)) throw this.cut();
    const at = this.window.position;
    this.window.position = at + bytes;
    return at;
  }

  private cut(): SnapshotError {
    return new SnapshotError(`it is cut short or damaged at byte ${this.window.offset}`);
  }
}
