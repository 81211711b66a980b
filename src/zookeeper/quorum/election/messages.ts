import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import { LAST_ROUND, type Notification, type PeerState } from './election.ts';
import type { Endpoint } from '../../../runtime/runtime.ts';
import { bracketed } from '../configuration/ensemble.ts';
import { LAST_EPOCH, LAST_ZXID, epochOf } from '../../tree/transactions/zxid.ts';

/** Instead of a server's number 3.5 and later begin with this, and their address follows. */
const VERSIONED = -65536;
/** The same with several addresses (3.6, multiAddress.enabled). */
const VERSIONED_MULTIPLE = -65535;
const LONGEST_ADDRESS_BYTES = 2048;
const NOTIFICATION_VERSION = 2;

export const LARGEST_MESSAGE_BYTES = 512 * 1024;

const states: readonly PeerState[] = ['looking', 'following', 'leading', 'observing'];

/** What the dialer says first: who it is and where it can be reached. 3.4 skips the address. */
export function encodeInitial(self: number, addresses: readonly Endpoint[], tellsAll = false): Buffer {
  const told = tellsAll ? addresses : addresses.slice(0, 1);
  const address = Buffer.from(told.map(({ host, port }) => `${bracketed(host)}:${port}`).join('|'));
  const w = new Writer();
  w.int64(tellsAll ? VERSIONED_MULTIPLE : VERSIONED);
  w.int64(self);
  w.int32(address.length);
  w.bytes(address);
  return w.finish();
}

export interface Initial {
  readonly from: number;
  /** Where it says that it can be reached; 3.4 doesn't say. */
  readonly addresses: readonly Endpoint[];
  /** How many bytes the message took. */
  readonly bytes: number;
}

/** Null: more bytes are needed. Throws a WireError. */
export function decodeInitial(bytes: Buffer): Initial | null {
  if (bytes.length < 8) return null;
  const r = new Reader(bytes);
  const first = r.int64();
  if (first >= 0) return { from: Number(first), addresses: [], bytes: 8 };
  if (first !== VERSIONED && first !== VERSIONED_MULTIPLE)
    throw new WireError('initial message', 0, `${first} is not a version that anybody knows`);
  if (bytes.length < 20) return null;
  const from = Number(r.int64());
  const length = r.int32();
  if (length < 0 || length > LONGEST_ADDRESS_BYTES)
    throw new WireError('initial message', 16, `an address of ${length} bytes`);
  if (bytes.length < 20 + length) return null;
  return { from, addresses: readAddresses(bytes.toString('utf8', 20, 20 + length)), bytes: 20 + length };
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

/** Those that could be dialed: every address of a host isn't one. */
function readAddresses(text: string): Endpoint[] {
  return text.split('|').flatMap((part) => {
    const match = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(part);
    const host = match?.[1]?.replace(/[[\]]/g, '') ?? '';
    const port = Number(match?.[2]);
    return ['', '0.0.0.0', '::'].includes(host) || !(port > 0 && port < 65536) ? [] : [{ host, port }];
  });
}

/** A notification, and the configuration that its sender knows; '' when it didn't say. */
export interface HeardNotification extends Notification {
  readonly config: string;
}

/** Null: a message that says nothing to us. Throws a WireError for numbers that no ensemble gets to. */
export function decodeNotification(message: Buffer): HeardNotification | null {
  if (message.length < 28) return null;
  const r = new Reader(message);
  const state = states[r.int32()];
  if (state === undefined) return null;
  const leader = Number(r.int64());
  const zxid = upTo(LAST_ZXID, 'zxid of a vote', r);
  const round = upTo(LAST_ROUND, 'round of an election', r);
  const epoch = message.length < 36 ? epochOf(zxid) : upTo(LAST_EPOCH, 'epoch of a vote', r);
  return { state, vote: { leader, zxid, epoch }, round, config: configIn(message) };
}

/** 3.4 stops at 40 bytes. */
function configIn(message: Buffer): string {
  if (message.length < 44) return '';
  const length = message.readInt32BE(40);
  return length > 0 && length <= message.length - 44 ? message.toString('utf8', 44, 44 + length) : '';
}

/** Those of observers, -2^63, are exact, too. */
function upTo(most: number, what: string, r: Reader): number {
  const value = r.int64();
  if (value > most) throw new WireError(what, r.position - 8, `${value} is more than ${most}`);
  return Number(value);
}
