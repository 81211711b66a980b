import { Writer } from '../../../../wire/writer.ts';
import { writeUstring } from '../../../jute/primitives.ts';
import type { Id } from '../../../tree/acl/acl.ts';
import { encodeDigest, encodeTransaction } from '../../../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { DIGEST_VERSION } from '../../../tree/digest/tree-digest.ts';
import { PacketType, type Packet } from './packets.ts';

/** Session, cxid and operation. */
const REQUEST_HEAD_BYTES = 16;

export function writePacket(w: Writer, { type, zxid, data, authIds = null }: Packet): void {
  w.int32(type);
  w.int64(zxid);
  w.int32(data === null ? -1 : data.length);
  if (data !== null) w.copy(data, 0, data.length);
  writeIds(w, authIds);
}

/** A REQUEST with a record that lies in `body` from `start` to `end`. */
export function writeRequest(
  w: Writer,
  sessionId: bigint,
  cxid: number,
  op: number,
  body: Buffer,
  start: number,
  end: number,
  authIds: readonly Id[] | null,
): void {
  w.int32(PacketType.REQUEST);
  w.int64(-1);
  w.int32(REQUEST_HEAD_BYTES + end - start);
  w.int64(sessionId);
  w.int32(cxid);
  w.int32(op);
  w.copy(body, start, end);
  writeIds(w, authIds);
}

/** One packet alone. */
export function encodePacket(packet: Packet): Buffer {
  const w = new Writer(64 + (packet.data?.length ?? 0));
  writePacket(w, packet);
  return w.finish();
}

/** The data of a PROPOSAL, a view of the writer's memory. `digest`: what the tree comes to with it, where that is to be told. */
export function encodeProposal(w: Writer, transaction: Transaction, digest: bigint | null): Buffer {
  w.reset();
  encodeTransaction(w, transaction, false);
  if (digest !== null) encodeDigest(w, { version: DIGEST_VERSION, digest });
  return w.finish();
}

function writeIds(w: Writer, ids: readonly Id[] | null): void {
  if (ids === null) {
    w.int32(-1);
    return;
  }
  w.int32(ids.length);
  for (const { scheme, id } of ids) {
    writeUstring(w, scheme);
    writeUstring(w, id);
  }
}
