import { Reader } from '../../../../wire/reader.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import { readUstring } from '../../../jute/primitives.ts';
import type { Id } from '../../../tree/acl/acl.ts';
import { LAST_ZXID } from '../../../tree/transactions/zxid.ts';
import { getInt32, getInt64 } from '../../../tree/znodes/stat-bytes.ts';

/** What leader and learners say to each other on the quorum port. */
export const PacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;

const names = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]));
export const packetName = (type: number): string => names.get(type) ?? `packet ${type}`;

/** A QuorumPacket. Its zxid is exact; -1 where there is none. */
export interface Packet {
  readonly type: number;
  readonly zxid: number;
  readonly data: Buffer | null;
  readonly authIds?: readonly Id[] | null;
}

/** One that came: its data lies in `bytes` from `start` to `end`, and a view of it is made only for who asks. */
export class ReceivedPacket implements Packet {
  readonly type: number;
  readonly zxid: number;
  readonly bytes: Buffer;
  readonly start: number;
  /** -1: it has no data. */
  readonly end: number;
  readonly authIds: readonly Id[] | null;

  constructor(
    type: number,
    zxid: number,
    bytes: Buffer,
    start: number,
    end: number,
    authIds: readonly Id[] | null,
  ) {
    this.type = type;
    this.zxid = zxid;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.authIds = authIds;
  }

  get data(): Buffer | null {
    return this.end < 0 ? null : this.bytes.subarray(this.start, this.end);
  }
}

/** The version of the protocol since 3.4, in LearnerInfo and LEADERINFO. */
export const PROTOCOL_VERSION = 0x10000;

/** type, zxid, length of the data */
const HEAD_BYTES = 16;
const MOST_AUTH_BYTES = 64 * 1024;
const EMPTY = Buffer.alloc(0);
const NO_IDS: readonly Id[] = [];

/** Cuts a stream into packets. They have no length in front, so one is read where all of it is there. */
export class PacketStream {
  private readonly maxDataBytes: number;
  private bytes: Buffer = EMPTY;
  private at = 0;
  /** Chunks that came while a large packet was incomplete. */
  private later: Buffer[] = [];
  private laterBytes = 0;
  private lastIds: readonly Id[] = [];
  private lastIdBytes: Buffer = EMPTY;
  /** So many bytes there must be before another try makes sense. */
  private needed = 0;

  constructor(maxDataBytes: number) {
    this.maxDataBytes = maxDataBytes;
  }

  push(chunk: Buffer): void {
    if (this.at === this.bytes.length && this.later.length === 0) {
      this.bytes = chunk;
      this.at = 0;
      return;
    }
    this.later.push(chunk);
    this.laterBytes += chunk.length;
  }

  /** The next packet; null: more bytes are needed. Throws a WireError. */
  next(): ReceivedPacket | null {
    if (!this.gather()) return null;
    const { bytes, at } = this;
    const available = bytes.length - at;
    if (available < HEAD_BYTES) return this.wait(HEAD_BYTES);
    const type = getInt32(bytes, at);
    const zxid = getInt64(bytes, at + 4);
    if (zxid < -1 || zxid > LAST_ZXID)
      throw new WireError('zxid of a packet', at + 4, 'its epoch is one that no ensemble gets to');
    const dataBytes = getInt32(bytes, at + 12);
    if (dataBytes < -1 || dataBytes > this.maxDataBytes)
      throw new WireError(
        'data of a packet',
        at + HEAD_BYTES,
        `${dataBytes} bytes, which is more than jute.maxbuffer`,
      );
    const end = HEAD_BYTES + Math.max(0, dataBytes) + 4;
    if (available < end) return this.wait(end);
    const start = at + HEAD_BYTES;
    const dataEnd = dataBytes < 0 ? -1 : start + dataBytes;
    const count = getInt32(bytes, at + end - 4);
    if (count <= 0) {
      this.at = at + end;
      return new ReceivedPacket(type, zxid, bytes, start, dataEnd, count < 0 ? null : NO_IDS);
    }
    try {
      return new ReceivedPacket(type, zxid, bytes, start, dataEnd, this.readIds(at + end - 4));
    } catch (error) {
      if (!(error instanceof WireError) || available > end + MOST_AUTH_BYTES) throw error;
      return this.wait(available + 1);
    }
  }

  /** Most are those of the packet before. */
  private readIds(start: number): readonly Id[] {
    const { bytes, lastIdBytes } = this;
    const sameEnd = start + lastIdBytes.length;
    if (lastIdBytes.length > 0 && sameEnd <= bytes.length && isAt(lastIdBytes, bytes, start)) {
      this.at = sameEnd;
      return this.lastIds;
    }
    const r = new Reader(bytes, start);
    const ids = readIds(r);
    this.lastIds = ids;
    this.lastIdBytes = Buffer.from(bytes.subarray(start, r.position));
    this.at = r.position;
    return ids;
  }

  /** All bytes that no packet was read from; they are the caller's now. */
  takeRest(): Buffer {
    const rest = Buffer.concat([this.bytes.subarray(this.at), ...this.later]);
    this.bytes = EMPTY;
    this.at = 0;
    this.later = [];
    this.laterBytes = 0;
    this.needed = 0;
    return rest;
  }

  private wait(needed: number): null {
    this.needed = needed;
    return null;
  }

  /** Joins what came, once there is enough of it. */
  private gather(): boolean {
    const available = this.bytes.length - this.at;
    if (this.later.length > 0) {
      if (available + this.laterBytes < this.needed) return false;
      this.bytes = Buffer.concat([this.bytes.subarray(this.at), ...this.later]);
      this.at = 0;
      this.later = [];
      this.laterBytes = 0;
    } else if (available < this.needed) return false;
    this.needed = 0;
    return this.at < this.bytes.length;
  }
}

function readIds(r: Reader): Id[] {
  const count = r.int32();
  if (count > MOST_AUTH_BYTES / 8) throw new WireError('authinfo', r.position - 4, `${count} entries`);
  const ids: Id[] = [];
  for (let i = 0; i < count; i++) ids.push({ scheme: readUstring(r) ?? '', id: readUstring(r) ?? '' });
  return ids;
}

function isAt(expected: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
