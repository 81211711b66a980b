import { Writer } from '../../../../wire/writer.ts';
import { writeUstring } from '../../../jute/primitives.ts';
import type { Id } from '../../../tree/acl/acl.ts';
import { encodeTransaction } from '../../../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { DIGEST_VERSION } from '../../../tree/digest/tree-digest.ts';
import { PacketType, type Packet } from './packets.ts';

const SLAB_BYTES = 64 * 1024;
/** Where the length of the data stands, and where the data begins. */
const LENGTH_AT = 12;
const DATA_AT = 16;
/** Session, cxid and operation. */
const REQUEST_HEAD_BYTES = 16;

/**
 * Packets as bytes. They lie one behind the other in slabs, so that what is sent in a row leaves as one piece, and what goes to all
 * learners is there once.
 */
export class PacketEncoder {
  private readonly writer = new Writer(SLAB_BYTES);

  encode(packet: Packet): Buffer {
    const { data, authIds = null } = packet;
    const w = this.begin(packet.type, packet.zxid);
    w.int32(data === null ? -1 : data.length);
    if (data !== null) w.copy(data, 0, data.length);
    writeIds(w, authIds);
    return w.finish();
  }

  /** A PROPOSAL, and its data, a view. `digest`: what the tree comes to with it, where that is to be told. */
  proposal(transaction: Transaction, digest: bigint | null): { wire: Buffer; payload: Buffer } {
    const w = this.begin(PacketType.PROPOSAL, transaction.header.zxid);
    w.int32(0);
    encodeTransaction(w, transaction, false);
    if (digest !== null) {
      w.int32(DIGEST_VERSION);
      w.int64(digest);
    }
    const end = w.position;
    w.setInt32(LENGTH_AT, end - DATA_AT);
    w.int32(-1);
    const wire = w.finish();
    return { wire, payload: wire.subarray(DATA_AT, end) };
  }

  /** A REQUEST with the record `body`. */
  request(sessionId: bigint, cxid: number, op: number, body: Buffer, authIds: readonly Id[] | null): Buffer {
    const w = this.begin(PacketType.REQUEST, -1);
    w.int32(REQUEST_HEAD_BYTES + body.length);
    w.int64(sessionId);
    w.int32(cxid);
    w.int32(op);
    w.copy(body, 0, body.length);
    writeIds(w, authIds);
    return w.finish();
  }

  private begin(type: number, zxid: number): Writer {
    const w = this.writer;
    w.reset();
    w.int32(type);
    w.int64(zxid);
    return w;
  }
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
