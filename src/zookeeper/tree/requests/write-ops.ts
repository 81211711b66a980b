import type { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { acl as aclRecord } from '../../jute/data.ts';
import { OpCode } from '../../jute/op-code.ts';
import { readBuffer, readCount, readUstring } from '../../jute/primitives.ts';
import type { RecordOf } from '../../jute/record.ts';

/** As it was asked for: names of schemes and ids may be null. */
export type AskedAcl = readonly RecordOf<typeof aclRecord>[] | null;

export interface CreateOp {
  readonly op: typeof OpCode.create;
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: AskedAcl;
  readonly flags: number;
  readonly isContainer: boolean;
  readonly hasTtl: boolean;
  readonly ttlMs: number | bigint;
}
export interface SetDataOp {
  readonly op: typeof OpCode.setData;
  readonly path: string;
  readonly data: Buffer | null;
  readonly version: number;
}
export interface SetAclOp {
  readonly op: typeof OpCode.setACL;
  readonly path: string;
  readonly acl: AskedAcl;
  readonly version: number;
}
export interface PathVersionOp {
  readonly op: typeof OpCode.delete | typeof OpCode.check;
  readonly path: string;
  readonly version: number;
}
export interface PathOp {
  readonly op: typeof OpCode.deleteContainer;
  readonly path: string;
}
/** How the servers of an ensemble are to change: some join and leave, or all are told anew. */
export interface ReconfigChange {
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly newMembers: string | null;
  /** The version that it changes; -1: any. */
  readonly fromVersion: number;
}

/** What a write asks for, decoded; nothing of it is checked yet. */
export type ParsedOp =
  | CreateOp
  | SetDataOp
  | SetAclOp
  | (PathVersionOp & { readonly op: typeof OpCode.delete })
  | (PathVersionOp & { readonly op: typeof OpCode.check })
  | PathOp
  | { readonly op: typeof OpCode.createSession; readonly timeoutMs: number }
  | { readonly op: typeof OpCode.closeSession }
  | { readonly op: typeof OpCode.reconfig; readonly change: ReconfigChange };

const parseCreate = (reader: Reader, isContainer: boolean, hasTtl: boolean): ParsedOp => ({
  op: OpCode.create,
  path: readPath(reader),
  data: readBuffer(reader),
  acl: readAcl(reader),
  flags: reader.int32(),
  isContainer,
  hasTtl,
  ttlMs: hasTtl ? reader.int64() : 0,
});

/** By the op of the request, or of the part of a multi. */
export const parsers: { readonly [op: number]: (reader: Reader) => ParsedOp } = {
  [OpCode.create]: (reader) => parseCreate(reader, false, false),
  [OpCode.create2]: (reader) => parseCreate(reader, false, false),
  [OpCode.createContainer]: (reader) => parseCreate(reader, true, false),
  [OpCode.createTTL]: (reader) => parseCreate(reader, false, true),
  [OpCode.delete]: (reader) => ({ op: OpCode.delete, path: readPath(reader), version: reader.int32() }),
  [OpCode.check]: (reader) => ({ op: OpCode.check, path: readPath(reader), version: reader.int32() }),
  [OpCode.setData]: (reader) => ({
    op: OpCode.setData,
    path: readPath(reader),
    data: readBuffer(reader),
    version: reader.int32(),
  }),
  [OpCode.setACL]: (reader) => ({
    op: OpCode.setACL,
    path: readPath(reader),
    acl: readAcl(reader),
    version: reader.int32(),
  }),
  [OpCode.deleteContainer]: (reader) => ({
    op: OpCode.deleteContainer,
    path: reader.buffer.toString('utf8', reader.position, reader.end),
  }),
  [OpCode.reconfig]: (reader) => ({
    op: OpCode.reconfig,
    change: {
      joining: readUstring(reader),
      leaving: readUstring(reader),
      newMembers: readUstring(reader),
      fromVersion: Number(reader.int64()),
    },
  }),
  [OpCode.createSession]: (reader) => ({ op: OpCode.createSession, timeoutMs: reader.int32() }),
  [OpCode.closeSession]: () => ({ op: OpCode.closeSession }),
};

const multiOps: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.check,
]);

/** The parts of a multi, and where in its bytes each begins, with the type. Throws a WireError for one that may not stand in it. */
export function readMulti(reader: Reader): { type: number; op: ParsedOp; at: number }[] {
  const ops: { type: number; op: ParsedOp; at: number }[] = [];
  for (;;) {
    const at = reader.position;
    const type = reader.int32();
    const done = reader.bool();
    reader.int32();
    if (done) return ops;
    if (!multiOps.has(type)) throw new WireError('multi', reader.position, `an operation of type ${type}`);
    ops.push({ type, op: parsers[type]!(reader), at });
  }
}

function readPath(reader: Reader): string {
  const path = readUstring(reader);
  if (path === null) throw new WireError('path', reader.position - 4, 'it is null');
  return path;
}

function readAcl(reader: Reader): AskedAcl {
  const count = readCount(reader, 12);
  if (count < 0) return null;
  const acl: RecordOf<typeof aclRecord>[] = [];
  for (let i = 0; i < count; i++)
    acl.push({ perms: reader.int32(), id: { scheme: readUstring(reader), id: readUstring(reader) } });
  return acl;
}
