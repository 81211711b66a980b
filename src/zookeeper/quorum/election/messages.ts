import { Reader, type Int64 } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import type { Notification, PeerState } from './election.ts';
import { bracketed } from '../configuration/ensemble.ts';
import { epochOf } from './vote.ts';

/** Instead of a server's number 3.5 and later begin with this, and their address follows. */
const VERSIONED = -65536;
/** The same with several addresses (3.6, multiAddress.enabled). */
const VERSIONED_MULTIPLE = -65535;
const LONGEST_ADDRESS_BYTES = 2048;
const NOTIFICATION_VERSION = 2;

export const LARGEST_MESSAGE_BYTES = 512 * 1024;

const states: readonly PeerState[] = ['looking', 'following', 'leading', 'observing'];

/** What the dialer says first: who it is and where it can be reached. 3.4 skips the address. */
export function encodeInitial(self: number, host: string, port: number): Buffer {
  const address = Buffer.from(`${bracketed(host)}:${port}`);
  const w = new Writer();
  w.int64(VERSIONED);
  w.int64(self);
  w.int32(address.length);
  w.bytes(address);
  return w.finish();
}

/** The dialer's number and how many bytes its message took; null: more bytes are needed. Throws a WireError. */
export function decodeInitial(bytes: Buffer): { readonly from: number; readonly bytes: number } | null {
  if (bytes.length < 8) return null;
  const r = new Reader(bytes);
  const first = r.int64();
  if (first >= 0) return { from: Number(first), bytes: 8 };
  if (first !== VERSIONED && first !== VERSIONED_MULTIPLE)
    throw new WireError('initial message', 0, `${first} is not a version that anybody knows`);
  if (bytes.length < 20) return null;
  const from = Number(r.int64());
  const length = r.int32();
  if (length < 0 || length > LONGEST_ADDRESS_BYTES)
    throw new WireError('initial message', 16, `an address of ${length} bytes`);
  return bytes.length < 20 + length ? null : { from, bytes: 20 + length };
}

/** In the form of 3.9, of which 3.4 reads the beginning. With its length. */
export function encodeNotification({ state, vote, round }: Notification, config: string): Buffer {
  const text = Buffer.from(config);
  const w = new Writer(64 + text.length);
  w.int32(44 + text.length);
  w.int32(states.indexOf(state));
  w.int64(vote.leader);
  w.int64(vote.zxid);
  w.int64(round);
  w.int64(vote.epoch);
  w.int32(NOTIFICATION_VERSION);
  w.int32(text.length);
  w.bytes(text);
  return w.finish();
}

/** Null: a message that says nothing to us. */
export function decodeNotification(message: Buffer): Notification | null {
  if (message.length < 28) return null;
  const r = new Reader(message);
  const state = states[r.int32()];
  if (state === undefined) return null;
  const leader = number(r.int64());
  const zxid = number(r.int64());
  const round = number(r.int64());
  const epoch = message.length < 36 ? epochOf(zxid) : number(r.int64());
  return { state, vote: { leader, zxid, epoch }, round };
}

/** Those of observers, -2^63, stay exact; what lies beyond 2^53 otherwise isn't a vote that could be compared. */
function number(value: Int64): number {
  return Number(value);
}
