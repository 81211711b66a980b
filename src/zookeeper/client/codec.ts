import type { Reader } from '../../wire/reader.ts';
import type { Writer } from '../../wire/writer.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { Acl, CreateMode, MultiOp, MultiResult, Stat } from './types.ts';
import { ZooKeeperErrorCode } from './errors.ts';

/** Operations as requests name them. */
export const Op = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  createContainer: 19,
  auth: 100,
  sasl: 102,
  setWatches: 101,
  closeSession: -11,
  reconfig: 16,
  error: -1,
} as const;

/** The flags that a create carries for its mode. */
const flagsOf: Record<CreateMode, number> = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
};

export function writeString(w: Writer, text: string): void {
  const bytes = Buffer.byteLength(text);
  w.int32(bytes);
  w.utf8(text, bytes);
}

export function writeBuffer(w: Writer, bytes: Buffer | null): void {
  if (bytes === null) w.int32(-1);
  else {
    w.int32(bytes.length);
    w.bytes(bytes);
  }
}

export function writeAcl(w: Writer, acl: readonly Acl[]): void {
  w.int32(acl.length);
  for (const entry of acl) {
    w.int32(entry.perms);
    writeString(w, entry.id.scheme);
    writeString(w, entry.id.id);
  }
}

export function writeCreate(
  w: Writer,
  path: string,
  data: Buffer | null,
  acl: readonly Acl[],
  mode: CreateMode,
): void {
  writeString(w, path);
  writeBuffer(w, data);
  writeAcl(w, acl);
  w.int32(flagsOf[mode]);
}

export function readString(r: Reader): string {
  const bytes = r.int32();
  return bytes < 0 ? '' : r.utf8(bytes);
}

export function readBuffer(r: Reader): Buffer | null {
  const bytes = r.int32();
  return bytes < 0 ? null : r.bytes(bytes);
}

/** An item takes at least `leastBytes`, so a count that can't be is refused before anything is made for it. */
function readCount(r: Reader, leastBytes: number): number {
  const count = r.int32();
  if (count > r.remaining / leastBytes)
    throw new WireError('vector', r.position, `${count} items can't be in ${r.remaining} bytes`);
  return Math.max(0, count);
}

export function readStrings(r: Reader): string[] {
  const count = readCount(r, 4);
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(readString(r));
  return strings;
}

export function readAcl(r: Reader): Acl[] {
  const count = readCount(r, 12);
  const acl: Acl[] = [];
  for (let i = 0; i < count; i++)
    acl.push({ perms: r.int32(), id: { scheme: readString(r), id: readString(r) } });
  return acl;
}

export function readStat(r: Reader): Stat {
  const czxid = r.int64Big();
  const mzxid = r.int64Big();
  const ctime = Number(r.int64());
  const mtime = Number(r.int64());
  const version = r.int32();
  const cversion = r.int32();
  const aversion = r.int32();
  const ephemeralOwner = r.int64Big();
  const dataLength = r.int32();
  const numChildren = r.int32();
  const pzxid = r.int64Big();
  return {
    czxid,
    mzxid,
    pzxid,
    ctime,
    mtime,
    version,
    cversion,
    aversion,
    ephemeralOwner,
    dataLength,
    numChildren,
  };
}

/** `ops` with paths as the server knows them. */
export function writeMulti(w: Writer, ops: readonly MultiOp[], openAcl: readonly Acl[]): void {
  for (const op of ops) {
    switch (op.kind) {
      case 'create':
        multiHeader(w, op.mode === 'container' ? Op.createContainer : Op.create, false);
        writeCreate(w, op.path, op.data, op.acl ?? openAcl, op.mode ?? 'persistent');
        break;
      case 'delete':
        multiHeader(w, Op.delete, false);
        writeString(w, op.path);
        w.int32(op.version ?? -1);
        break;
      case 'setData':
        multiHeader(w, Op.setData, false);
        writeString(w, op.path);
        writeBuffer(w, op.data);
        w.int32(op.version ?? -1);
        break;
      case 'check':
        multiHeader(w, Op.check, false);
        writeString(w, op.path);
        w.int32(op.version);
        break;
    }
  }
  multiHeader(w, -1, true);
}

function multiHeader(w: Writer, type: number, done: boolean): void {
  w.int32(type);
  w.bool(done);
  w.int32(-1);
}

/** One result for each operation; paths as the server knows them. */
export function readMulti(r: Reader): MultiResult[] {
  const results: MultiResult[] = [];
  for (;;) {
    const type = r.int32();
    const done = r.bool();
    r.int32();
    if (done) return results;
    switch (type) {
      case Op.create:
        results.push({ kind: 'create', path: readString(r), stat: null });
        break;
      case Op.create2: {
        const path = readString(r);
        results.push({ kind: 'create', path, stat: readStat(r) });
        break;
      }
      case Op.delete:
        results.push({ kind: 'delete' });
        break;
      case Op.setData:
        results.push({ kind: 'setData', stat: readStat(r) });
        break;
      case Op.check:
        results.push({ kind: 'check' });
        break;
      case Op.error:
        results.push({ kind: 'error', code: r.int32() });
        break;
      default:
        throw new WireError('multi result', r.position, `${type} is not an operation`);
    }
  }
}

/** The error that failed a multi: results before it say 0, those after it RuntimeInconsistency. Null when it went through. */
export function firstFailure(results: readonly MultiResult[]): { index: number; code: number } | null {
  let fallback: { index: number; code: number } | null = null;
  for (const [index, result] of results.entries()) {
    if (result.kind !== 'error' || result.code === 0) continue;
    if (result.code !== ZooKeeperErrorCode.RuntimeInconsistency) return { index, code: result.code };
    fallback ??= { index, code: result.code };
  }
  return fallback;
}
