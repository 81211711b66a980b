import type { Writer } from '../../../wire/writer.ts';
import { OpCode } from '../../jute/op-code.ts';
import { writeBuffer, writeUstring } from '../../jute/primitives.ts';
import type { ApplyResult } from '../../tree/transactions/apply-result.ts';
import type { DataTree } from '../../tree/data-tree.ts';

/** length, xid, zxid, err */
const HEADER_BYTES = 20;

/**
 * Begins an answer. @returns where it stands, for `endAnswer`.
 */
export function beginAnswer(w: Writer, xid: number, zxid: number, error: number): number {
  const at = w.position;
  w.int32(HEADER_BYTES - 4);
  w.int32(xid);
  w.int64(zxid);
  w.int32(error);
  return at;
}

/** Puts the length, which is known only now. */
export function endAnswer(w: Writer, at: number): void {
  w.setInt32(at, w.position - at - 4);
}

/** An answer without a body. */
export function writeHeader(w: Writer, xid: number, zxid: number, error: number): void {
  beginAnswer(w, xid, zxid, error);
}

/** What stands behind the header of a write's answer. Nothing when it was refused, except that a multi always tells. */
export function writeResult(w: Writer, op: number, result: ApplyResult, tree: DataTree): void {
  if (op === OpCode.multi) {
    writeMultiResult(w, result);
    return;
  }
  if (result.error !== 0) return;
  switch (op) {
    case OpCode.create:
    case OpCode.sync:
      writeUstring(w, result.path);
      break;
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      writeUstring(w, result.path);
      if (result.node !== null) tree.writeStat(result.node, w);
      break;
    case OpCode.reconfig:
      if (result.node === null) break;
      writeBuffer(w, tree.dataOf(result.node));
      tree.writeStat(result.node, w);
      break;
    case OpCode.setData:
    case OpCode.setACL:
      if (result.node !== null) tree.writeStat(result.node, w);
      break;
  }
}

export function writeMultiHeader(w: Writer, type: number, done: boolean, error: number): void {
  w.int32(type);
  w.bool(done);
  w.int32(error);
}

export function writeMultiError(w: Writer, error: number): void {
  writeMultiHeader(w, OpCode.error, false, error);
  w.int32(error);
}

/** When one part failed all are errors: 0 before it, RuntimeInconsistency after it. */
function writeMultiResult(w: Writer, result: ApplyResult): void {
  for (const part of result.parts ?? []) {
    if (result.error !== 0 || part.error !== 0) {
      writeMultiError(w, part.error);
      continue;
    }
    switch (part.type) {
      case OpCode.create:
        writeMultiHeader(w, OpCode.create, false, 0);
        writeUstring(w, part.path);
        break;
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        writeMultiHeader(w, OpCode.create2, false, 0);
        writeUstring(w, part.path);
        if (part.stat !== null) w.bytes(part.stat);
        break;
      case OpCode.setData:
        writeMultiHeader(w, OpCode.setData, false, 0);
        if (part.stat !== null) w.bytes(part.stat);
        break;
      default:
        writeMultiHeader(w, part.type, false, 0);
    }
  }
  writeMultiHeader(w, -1, true, -1);
}
