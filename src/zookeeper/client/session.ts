import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { Writer } from '../../wire/writer.ts';
import { Op, readBuffer, readString, writeBuffer, writeString } from './codec.ts';
import { ZooKeeperErrorCode } from './errors.ts';
import type { AuthInfo, SessionState, WatchEvent } from './types.ts';
import type { SaslClient } from '../security/sasl/mechanism.ts';
import type { ClientWatches } from './watches.ts';

/** Something that was asked of the server. */
export interface Request {
  readonly type: number;
  /** What follows the header. */
  readonly body: Buffer;
  /** Called exactly once; `reply` stands behind the header. It may throw a WireError, which ends the connection. */
  answer(code: number, reply: Reader): void;
}

/** What the shell is to do. */
export type Output =
  | { readonly kind: 'dial'; readonly delayMs: number }
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'hangUp' }
  | { readonly kind: 'answer'; readonly request: Request; readonly code: number; readonly reply: Reader }
  | { readonly kind: 'event'; readonly type: WatchEvent['type']; readonly path: string }
  | { readonly kind: 'state'; readonly state: SessionState };

type Phase =
  | { readonly name: 'idle' }
  /** Waiting for a connection, or for the end of the pause before the next try. */
  | { readonly name: 'dialing' }
  /** The connection is there, the server's answer to ours isn't. */
  | { readonly name: 'greeting'; readonly since: number; readonly sasl: SaslClient | null }
  /** The session is there, and it is being proven whose it is. */
  | { readonly name: 'proving'; readonly since: number; readonly sasl: SaslClient }
  | { readonly name: 'connected' }
  | { readonly name: 'closing'; readonly since: number }
  | { readonly name: 'over' };

const eventTypes: Record<number, WatchEvent['type']> = {
  1: 'created',
  2: 'deleted',
  3: 'changed',
  4: 'children',
};

const NOTIFICATION_XID = -1;
const PING_XID = -2;
const AUTH_XID = -4;
/** No request of the caller's has it. */
const SASL_XID = 0;
const SET_WATCHES_XID = -8;
/** Apache's servers take packets of up to 1 MiB; lists of watches are cut well below it. */
const SET_WATCHES_BYTES = 128 * 1024;
/** A connection that lived so long was a good one. */
const STABLE_MS = 1000;
const MAX_WAITING = 10_000;
const MAX_OUTSTANDING = 100_000;
const NO_REPLY = new Reader(Buffer.alloc(0));

export interface SessionOptions {
  readonly sessionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How many servers there are: after a try of each comes a pause. */
  readonly servers: number;
  readonly auth: readonly AuthInfo[];
}

/**
 * A client's session: who is asked, when, and what becomes of the answers. It decides; a shell owns sockets and the clock.
 * Times are ms of a monotonic clock. A server that is silent for two thirds of the timeout is left for another, and after a third
 * without traffic it is pinged. Only a server can say that the session is expired.
 */
export class ClientSession {
  sessionId = 0n;
  private phase: Phase = { name: 'idle' };
  private password: Buffer = Buffer.alloc(16);
  private lastZxid = 0n;
  private timeoutMs: number;
  private wasConnected = false;
  private xid = 0;
  private heardAt = 0;
  private sentAt = 0;
  private connectedAt = 0;
  /** Tries since the last connection that lasted. */
  private failures = 0;
  private authFailed = false;
  /** Sent, not answered, in order. */
  private outstanding: Request[] = [];
  private answered = 0;
  /** Asked before the first connection. */
  private waiting: Request[] = [];

  private readonly options: SessionOptions;
  private readonly watches: ClientWatches;

  constructor(options: SessionOptions, watches: ClientWatches) {
    this.options = options;
    this.watches = watches;
    this.timeoutMs = options.sessionTimeoutMs;
  }

  start(out: Output[]): void {
    if (this.phase.name !== 'idle') return;
    this.phase = { name: 'dialing' };
    out.push({ kind: 'dial', delayMs: 0 });
  }

  /** Sends a request, or keeps it until the first connection, or refuses it. */
  submit(request: Request, now: number, out: Output[]): void {
    if (this.phase.name === 'connected') {
      if (this.outstanding.length - this.answered >= MAX_OUTSTANDING) refuse(request, this.lostCode(), out);
      else this.send(request, now, out);
    } else if (!this.wasConnected && this.isOpen() && this.waiting.length < MAX_WAITING)
      this.waiting.push(request);
    else refuse(request, this.lostCode(), out);
  }

  /** A connection is there: greet. sasl: an exchange to prove whose session it is. */
  opened(now: number, sasl: SaslClient | null, out: Output[]): void {
    if (this.phase.name !== 'dialing') {
      out.push({ kind: 'hangUp' });
      return;
    }
    this.phase = { name: 'greeting', since: now, sasl };
    const w = new Writer(64);
    w.int32(45);
    w.int32(0);
    w.int64(this.lastZxid);
    w.int32(this.options.sessionTimeoutMs);
    w.int64(this.sessionId);
    writeBuffer(w, this.password);
    w.bool(false);
    this.sentAt = now;
    out.push({ kind: 'send', bytes: w.finish() });
  }

  /** A frame came. Throws a WireError when it can't be read. */
  frame(frame: Buffer, now: number, out: Output[]): void {
    this.heardAt = now;
    const r = new Reader(frame);
    if (this.phase.name === 'greeting') this.welcomed(r, this.phase.sasl, now, out);
    else if (this.phase.name === 'proving') this.prove(r, this.phase.sasl, now, out);
    else if (this.phase.name === 'connected' || this.phase.name === 'closing') this.reply(r, out);
  }

  /** The connection is gone, or couldn't be made. */
  lost(out: Output[]): void {
    if (this.phase.name === 'closing') this.finish('closed', out);
    if (this.phase.name === 'over' || this.phase.name === 'idle') return;
    const wasConnected = this.phase.name === 'connected';
    this.phase = { name: 'dialing' };
    if (wasConnected) out.push({ kind: 'state', state: 'connecting' });
    this.refuseOutstanding(this.lostCode(), out);
    // Whoever was served for a while tries the next server at once; who is thrown out again and again waits like the others.
    this.failures = wasConnected && this.heardAt - this.connectedAt >= STABLE_MS ? 0 : this.failures + 1;
    const rounds = Math.floor(this.failures / this.options.servers);
    out.push({ kind: 'dial', delayMs: rounds === 0 ? 0 : Math.min(50 * 2 ** Math.min(rounds, 10), 1000) });
  }

  /** When `tick` is to be called next, at the latest. */
  get deadline(): number {
    switch (this.phase.name) {
      case 'greeting':
      case 'proving':
        return this.phase.since + this.options.connectTimeoutMs;
      case 'closing':
        return this.phase.since + this.timeoutMs / 3;
      case 'connected':
        return Math.min(this.heardAt + (this.timeoutMs * 2) / 3, this.sentAt + this.timeoutMs / 3);
      default:
        return Infinity;
    }
  }

  tick(now: number, out: Output[]): void {
    if (now < this.deadline) return;
    if (this.phase.name === 'closing') this.finish('closed', out);
    const isBeginning = this.phase.name === 'greeting' || this.phase.name === 'proving';
    if (!isBeginning && this.phase.name !== 'connected') return;
    if (isBeginning || now >= this.heardAt + (this.timeoutMs * 2) / 3) {
      out.push({ kind: 'hangUp' });
      this.lost(out);
    } else {
      this.sentAt = now;
      out.push({ kind: 'send', bytes: packet(PING_XID, 11) });
    }
  }

  /** Ends the session: its ephemerals go at once. Without a connection they go when the session expires. */
  close(now: number, out: Output[]): void {
    if (this.phase.name === 'connected') {
      const request: Request = { type: Op.closeSession, body: Buffer.alloc(0), answer: () => {} };
      this.send(request, now, out);
      this.phase = { name: 'closing', since: now };
    } else if (this.isOpen() || this.phase.name === 'idle') this.finish('closed', out);
  }

  private isOpen(): boolean {
    const name = this.phase.name;
    return name !== 'closing' && name !== 'over';
  }

  private lostCode(): number {
    if (this.authFailed) return ZooKeeperErrorCode.AuthFailed;
    return this.isOpen() ? ZooKeeperErrorCode.ConnectionLoss : ZooKeeperErrorCode.SessionExpired;
  }

  private send(request: Request, now: number, out: Output[]): void {
    this.xid = this.xid === 0x7fffffff ? 1 : this.xid + 1;
    this.outstanding.push(request);
    this.sentAt = now;
    out.push({ kind: 'send', bytes: packet(this.xid, request.type, request.body.length) });
    if (request.body.length > 0) out.push({ kind: 'send', bytes: request.body });
  }

  private welcomed(r: Reader, sasl: SaslClient | null, now: number, out: Output[]): void {
    r.int32();
    const timeoutMs = r.int32();
    const sessionId = r.int64Big();
    const password = readBuffer(r) ?? Buffer.alloc(16);
    if (timeoutMs <= 0) {
      this.finish('expired', out);
      return;
    }
    this.timeoutMs = timeoutMs;
    this.sessionId = sessionId;
    this.password = Buffer.from(password);
    if (sasl === null) this.begin(now, out);
    else {
      this.phase = { name: 'proving', since: now, sasl };
      this.sendToken(sasl.first, out);
    }
  }

  /** The server answered a token. */
  private prove(r: Reader, sasl: SaslClient, now: number, out: Output[]): void {
    r.skip(4 + 8);
    const code = r.int32();
    let next: Buffer | null = null;
    try {
      if (code === 0) next = sasl.answer(readBuffer(r) ?? Buffer.alloc(0));
      else this.authFailed = true;
    } catch (error) {
      if (error instanceof WireError) throw error;
      this.authFailed = true;
    }
    if (this.authFailed) this.finish('closed', out);
    else if (next === null) this.begin(now, out);
    else this.sendToken(next, out);
  }

  private sendToken(token: Buffer, out: Output[]): void {
    const w = new Writer(64);
    writeBuffer(w, token);
    const body = w.finish();
    out.push({ kind: 'send', bytes: packet(SASL_XID, Op.sasl, body.length) }, { kind: 'send', bytes: body });
  }

  /** From now on requests are sent. */
  private begin(now: number, out: Output[]): void {
    this.phase = { name: 'connected' };
    this.connectedAt = now;
    for (const auth of this.options.auth) this.sendAuth(auth, out);
    if (this.wasConnected) this.sendWatches(out);
    this.wasConnected = true;
    this.sentAt = now;
    out.push({ kind: 'state', state: 'connected' });
    const waiting = this.waiting;
    this.waiting = [];
    for (const request of waiting) this.send(request, now, out);
  }

  private sendAuth(auth: AuthInfo, out: Output[]): void {
    const w = new Writer(64);
    w.int32(0);
    writeString(w, auth.scheme);
    writeBuffer(w, auth.auth);
    const body = w.finish();
    out.push({ kind: 'send', bytes: packet(AUTH_XID, Op.auth, body.length) }, { kind: 'send', bytes: body });
  }

  /** What changed while nobody was connected comes back as events. */
  private sendWatches(out: Output[]): void {
    const { data, exist, children } = this.watches.paths();
    const lists = [data, exist, children];
    const at = [0, 0, 0];
    while (at.some((index, list) => index < lists[list]!.length)) {
      const w = new Writer(1024);
      w.int64(this.lastZxid);
      for (const [list, paths] of lists.entries()) {
        const countAt = w.position;
        w.int32(0);
        const first = at[list]!;
        let next = first;
        while (next < paths.length && w.position < SET_WATCHES_BYTES) writeString(w, paths[next++]!);
        w.setInt32(countAt, next - first);
        at[list] = next;
      }
      const body = w.finish();
      out.push(
        { kind: 'send', bytes: packet(SET_WATCHES_XID, Op.setWatches, body.length) },
        { kind: 'send', bytes: body },
      );
    }
  }

  private reply(r: Reader, out: Output[]): void {
    const xid = r.int32();
    const zxid = r.int64Big();
    const code = r.int32();
    switch (xid) {
      case NOTIFICATION_XID: {
        const type = eventTypes[r.int32()];
        r.int32();
        const path = readString(r);
        if (type !== undefined) out.push({ kind: 'event', type, path });
        return;
      }
      case AUTH_XID:
        if (code !== 0) {
          this.authFailed = true;
          this.finish('closed', out);
        }
        return;
      case PING_XID:
      case SET_WATCHES_XID:
        return;
    }
    if (zxid > 0n) this.lastZxid = zxid;
    const request = this.outstanding[this.answered];
    if (request === undefined) return;
    const asked = this.xid - (this.outstanding.length - this.answered) + 1;
    if (xid !== asked && asked > 0)
      throw new WireError(
        'xid',
        r.position,
        `the answer to request ${xid} stands where that to ${asked} must be`,
      );
    this.answered += 1;
    if (this.answered === this.outstanding.length || this.answered === 1024) {
      this.outstanding = this.outstanding.slice(this.answered);
      this.answered = 0;
    }
    if (request.type === Op.closeSession) this.finish('closed', out);
    else out.push({ kind: 'answer', request, code, reply: r });
  }

  private refuseOutstanding(code: number, out: Output[]): void {
    for (const request of this.outstanding.slice(this.answered)) refuse(request, code, out);
    this.outstanding = [];
    this.answered = 0;
  }

  private finish(state: 'expired' | 'closed', out: Output[]): void {
    this.phase = { name: 'over' };
    out.push({ kind: 'hangUp' }, { kind: 'state', state });
    this.refuseOutstanding(this.lostCode(), out);
    for (const request of this.waiting) refuse(request, this.lostCode(), out);
    this.waiting = [];
  }
}

function refuse(request: Request, code: number, out: Output[]): void {
  out.push({ kind: 'answer', request, code, reply: NO_REPLY });
}

/** Length, xid and type; `bodyBytes` follow. */
function packet(xid: number, type: number, bodyBytes = 0): Buffer {
  const head = Buffer.allocUnsafe(12);
  head.writeInt32BE(8 + bodyBytes, 0);
  head.writeInt32BE(xid, 4);
  head.writeInt32BE(type, 8);
  return head;
}
