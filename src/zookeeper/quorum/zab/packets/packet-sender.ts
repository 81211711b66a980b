import type { Clock, Connection } from '../../../../runtime/runtime.ts';
import { Writer } from '../../../../wire/writer.ts';
import type { Id } from '../../../tree/acl/acl.ts';
import { writePacket, writeRequest } from './packet-encoder.ts';
import type { Packet } from './packets.ts';

const SLAB_BYTES = 64 * 1024;
/** So much is handed over before the turn ends, so that a slab has room for one packet more of the usual size. */
const PIECE_BYTES = 32 * 1024;
const WRITERS_KEPT = 4;

type Outgoing = Pick<Connection, 'write' | 'onSent' | 'bufferedBytes'>;

/**
 * What goes over one connection: packets are written one behind the other, in memory that is used again, and leave at the end of the turn.
 * A buffer for each would cost more than its bytes do.
 */
export class PacketSender {
  private readonly connection: Outgoing;
  private readonly clock: Clock;
  private readonly backedUp: (bytes: number) => void;
  private writer: Writer | null = null;
  private readonly spare: Writer[] = [];
  /** What waits behind something else that is being sent; null: nothing has to. */
  private held: Buffer[] | null = null;
  private heldBytes = 0;
  private queued = 0;

  /** `backedUp` is told how many bytes wait when the connection takes no more. */
  constructor(connection: Outgoing, clock: Clock, backedUp: (bytes: number) => void = () => {}) {
    this.connection = connection;
    this.clock = clock;
    this.backedUp = backedUp;
  }

  send(packet: Packet): void {
    const w = this.room();
    this.queued += 1;
    writePacket(w, packet);
    if (w.position >= PIECE_BYTES) this.flush();
  }

  /** A REQUEST with a record that lies in `body` from `start` to `end`. */
  request(
    sessionId: bigint,
    cxid: number,
    op: number,
    body: Buffer,
    start: number,
    end: number,
    authIds: readonly Id[] | null,
  ): void {
    const w = this.room();
    this.queued += 1;
    writeRequest(w, sessionId, cxid, op, body, start, end, authIds);
    if (w.position >= PIECE_BYTES) this.flush();
  }

  /** From here on all waits until `release`, so that what is written to the connection meanwhile comes before it. */
  hold(): void {
    this.flush();
    this.held ??= [];
  }

  release(): void {
    const { held } = this;
    if (held === null) return;
    this.held = null;
    this.heldBytes = 0;
    this.queued = 0;
    for (const piece of held) this.connection.write(piece);
    this.flush();
  }

  /** Of what the connection wasn't handed yet. */
  get queuedBytes(): number {
    return this.heldBytes + (this.writer?.position ?? 0);
  }

  get queuedPackets(): number {
    return this.queued;
  }

  private room(): Writer {
    if (this.writer !== null) return this.writer;
    this.clock.soon(this.flush);
    return (this.writer = this.spare.pop() ?? new Writer(SLAB_BYTES));
  }

  private readonly flush = (): void => {
    const w = this.writer;
    if (w === null) return;
    const { connection, held } = this;
    this.writer = null;
    if (held !== null) {
      const piece = w.finish();
      held.push(piece);
      this.heldBytes += piece.length;
      this.backedUp(this.heldBytes + connection.bufferedBytes);
      return;
    }
    this.queued = 0;
    let takesMore = true;
    for (const part of w.parts()) takesMore = connection.write(part);
    if (connection.onSent === undefined) {
      w.reset();
      this.keep(w);
    } else
      connection.onSent(() => {
        w.rewind();
        this.keep(w);
      });
    if (!takesMore) this.backedUp(connection.bufferedBytes);
  };

  private keep(writer: Writer): void {
    if (this.spare.length < WRITERS_KEPT) this.spare.push(writer);
  }
}
