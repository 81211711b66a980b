import { Reader, toSafe } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import { OpCode, opName } from '../../jute/op-code.ts';
import { readBuffer, readCount, readUstring, writeUstring } from '../../jute/primitives.ts';
import type { Acl } from '../acl/acl.ts';
import { openAcl } from '../acl/acl.ts';
import { CONTAINER_OWNER, NO_OWNER, ttlOf, ttlOwner } from '../znodes/owner.ts';
import type { MultiPart, Transaction, TransactionHeader, TransactionRecord } from './transaction.ts';

/** TxnDigest: what the tree came to after a transaction, which Apache 3.6 and later append. */
export interface TreeDigest {
  readonly version: number;
  readonly digest: bigint;
}

/** What a transaction is written to. */
export type TransactionSink = Pick<Writer, 'bool' | 'int32' | 'int64' | 'utf8' | 'copy'>;

/**
 * TxnHeader and the record, as the log and proposals have them. `forLog`: create2 becomes create, of which it differs only in
 * the answer, and deleteContainer delete, so that 3.4 can read them, too; in proposals they must stay, since the server with the
 * client needs them to answer.
 */
export function encodeTransaction(writer: TransactionSink, transaction: Transaction, forLog: boolean): void {
  const { header, record } = transaction;
  writer.int64(header.sessionId);
  writer.int32(header.cxid);
  writer.int64(header.zxid);
  writer.int64(header.timeMs);
  writer.int32(forLog ? typeInLog(header.type) : header.type);
  encodeRecord(writer, record, header.type, forLog);
}

function typeInLog(type: number): number {
  if (type === OpCode.create2) return OpCode.create;
  return type === OpCode.deleteContainer ? OpCode.delete : type;
}

function encodeRecord(
  writer: TransactionSink,
  record: TransactionRecord,
  type: number,
  forLog: boolean,
): void {
  switch (record.kind) {
    case 'setData':
      writeUstring(writer, record.path);
      writeData(writer, record.data);
      writer.int32(record.version);
      break;
    case 'create':
      writeUstring(writer, record.path);
      writeData(writer, record.data);
      encodeAcl(writer, record.acl);
      if (type === OpCode.createContainer) writer.int32(record.parentCversion);
      else if (type === OpCode.createTTL) {
        writer.int32(record.parentCversion);
        writer.int64(ttlOf(record.owner));
      } else {
        writer.bool(record.owner !== NO_OWNER);
        writer.int32(record.parentCversion);
      }
      break;
    case 'delete':
      writeUstring(writer, record.path);
      break;
    case 'check':
      writeUstring(writer, record.path);
      writer.int32(record.version);
      break;
    case 'setACL':
      writeUstring(writer, record.path);
      encodeAcl(writer, record.acl);
      writer.int32(record.version);
      break;
    case 'createSession':
      writer.int32(record.timeoutMs);
      break;
    case 'closeSession':
      if (record.paths === null) break;
      writer.int32(record.paths.length);
      for (const path of record.paths) writeUstring(writer, path);
      break;
    case 'error':
      writer.int32(record.error);
      break;
    case 'multi': {
      writer.int32(record.parts.length);
      const inner = new Writer();
      for (const part of record.parts) {
        encodeRecord(inner, part.record, part.type, forLog);
        const body = inner.finish();
        inner.reset();
        writer.int32(forLog ? typeInLog(part.type) : part.type);
        writeData(writer, body);
      }
    }
  }
}

function writeData(writer: TransactionSink, data: Buffer | null): void {
  if (data === null) writer.int32(-1);
  else {
    writer.int32(data.length);
    writer.copy(data, 0, data.length);
  }
}

export function encodeAcl(writer: TransactionSink, acl: readonly Acl[]): void {
  writer.int32(acl.length);
  for (const entry of acl) {
    writer.int32(entry.perms);
    writeUstring(writer, entry.id.scheme);
    writeUstring(writer, entry.id.id);
  }
}

/** Reads a transaction; a digest after it, if any, is left: see `decodeDigest`. Data is a view. Throws a WireError. */
export function decodeTransaction(reader: Reader): Transaction {
  const header: TransactionHeader = {
    sessionId: reader.int64Big(),
    cxid: reader.int32(),
    zxid: toSafe(reader.int64(), 'zxid'),
    timeMs: toSafe(reader.int64(), 'time'),
    type: reader.int32(),
  };
  return { header, record: decodeRecord(reader, header.type, header.sessionId) };
}

/** What stands behind a transaction, where the tree that it leads to is told. */
export function encodeDigest(writer: TransactionSink, { version, digest }: TreeDigest): void {
  writer.int32(version);
  writer.int64(digest);
}

export function decodeDigest(reader: Reader): TreeDigest | null {
  return reader.remaining < 12 ? null : { version: reader.int32(), digest: reader.int64Big() };
}

function decodeRecord(reader: Reader, type: number, sessionId: bigint): TransactionRecord {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return decodeCreate(reader, type, sessionId);
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { kind: 'delete', path: path(reader) };
    case OpCode.setData:
    case OpCode.reconfig:
      return { kind: 'setData', path: path(reader), data: readBuffer(reader), version: reader.int32() };
    case OpCode.check:
      return { kind: 'check', path: path(reader), version: reader.int32() };
    case OpCode.setACL:
      return { kind: 'setACL', path: path(reader), acl: decodeAcl(reader), version: reader.int32() };
    case OpCode.createSession:
      return { kind: 'createSession', timeoutMs: reader.int32() };
    case OpCode.closeSession:
      return { kind: 'closeSession', paths: decodeClosedPaths(reader) };
    case OpCode.error:
      return { kind: 'error', error: reader.int32() };
    case OpCode.multi:
      return { kind: 'multi', parts: decodeParts(reader, sessionId) };
    default:
      throw new WireError(
        'transaction type',
        reader.position - 4,
        `${opName(type)} is not known to this version`,
      );
  }
}

function decodeCreate(reader: Reader, type: number, sessionId: bigint): TransactionRecord {
  const created = {
    kind: 'create',
    path: path(reader),
    data: readBuffer(reader),
    acl: decodeAcl(reader),
  } as const;
  if (type === OpCode.createContainer)
    return { ...created, owner: CONTAINER_OWNER, parentCversion: reader.int32() };
  if (type === OpCode.createTTL) {
    const parentCversion = reader.int32();
    return { ...created, owner: ttlOwner(toSafe(reader.int64(), 'ttl')), parentCversion };
  }
  const owner = reader.bool() ? sessionId : NO_OWNER;
  // Before 3.4 there was no cversion.
  return { ...created, owner, parentCversion: reader.remaining >= 4 ? reader.int32() : -1 };
}

function decodeClosedPaths(reader: Reader): readonly string[] | null {
  // 3.4 writes nothing; what then follows can only be a digest, and that is longer than an empty list.
  if (reader.remaining < 4) return null;
  const count = readCount(reader, 4);
  if (count < 0) return null;
  const paths: string[] = [];
  for (let i = 0; i < count; i++) paths.push(path(reader));
  return paths;
}

function decodeParts(reader: Reader, sessionId: bigint): MultiPart[] {
  const count = readCount(reader, 8);
  const parts: MultiPart[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.int32();
    const body = readBuffer(reader) ?? Buffer.alloc(0);
    if (type === OpCode.multi) throw new WireError('multi', reader.position, 'a multi within a multi');
    parts.push({ type, record: decodeRecord(new Reader(body), type, sessionId) });
  }
  return parts;
}

export function decodeAcl(reader: Reader): readonly Acl[] {
  const count = readCount(reader, 12);
  // By far the most usual ACL is kept once.
  if (count === 1) {
    const entry = decodeAclEntry(reader);
    const isOpen = entry.perms === 31 && entry.id.scheme === 'world' && entry.id.id === 'anyone';
    return isOpen ? openAcl : [entry];
  }
  const acl: Acl[] = [];
  for (let i = 0; i < count; i++) acl.push(decodeAclEntry(reader));
  return acl;
}

function decodeAclEntry(reader: Reader): Acl {
  return { perms: reader.int32(), id: { scheme: readUstring(reader) ?? '', id: readUstring(reader) ?? '' } };
}

function path(reader: Reader): string {
  const text = readUstring(reader);
  if (text === null) throw new WireError('path', reader.position - 4, 'it is null');
  return text;
}
