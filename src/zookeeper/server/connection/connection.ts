import type { Connection, ConnectionHandler } from '../../../runtime/runtime.ts';
import type { TlsConnection } from '../../../runtime/tls.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { Writer } from '../../../wire/writer.ts';
import { EventType, KeeperState, Perms, SpecialXid } from '../../jute/constants.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import { OpCode } from '../../jute/op-code.ts';
import { writeUstring } from '../../jute/primitives.ts';
import { allows, type Acl, type Id } from '../../tree/acl/acl.ts';
import type { ApplyResult } from '../../tree/transactions/apply-result.ts';
import { ConnectionAccount } from './connection-account.ts';
import type { ConnectionHost } from './connection-host.ts';
import { ConnectionAuth } from './connection-auth.ts';
import { beginAnswer, endAnswer, writeHeader, writeResult } from './answers.ts';
import { isRead, isWrite } from './op-kinds.ts';
import type { FourLetterWord } from '../admin/words.ts';
import { Queue } from '../pipeline/queue.ts';
import type { Client } from './reads.ts';
import { RequestStream, type RequestSink } from './request-stream.ts';
import { Request, type Requester } from '../pipeline/request.ts';
import { SessionOpening } from '../sessions/session-opening.ts';
import type { TrackedSession } from '../sessions/session-tracker.ts';
import { whyClosed } from './why-closed.ts';

/** Reading stops while so many requests of one client wait behind its writes. */
const MAX_WAITING = 1000;
/** Who doesn't read what is sent is cut off from here on (watch events come without being asked for). */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
/** Answers leave when there are so many, and what was asked behind them waits until the client took them: a small question may have a large answer. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Why a connection isn't read at the moment. */
const PAUSED_BY_PEER = 1;
const PAUSED_BY_WAITING = 2;
const PAUSED_BY_SERVER = 4;

/**
 * One client's connection. All requests of a socket read are handled in one go: reads with nothing of this client in front of them
 * are answered straight from the tree, writes go into the pipeline, and what the client asks behind its writes waits for them, so
 * that answers come in the order of the requests. What a turn answers leaves as one write.
 */
export class ClientConnection implements ConnectionHandler, RequestSink, Client, Requester {
  readonly account: ConnectionAccount;
  readonly connection: Connection;
  readonly isSecure: boolean;
  /** Wall clock. */
  readonly establishedAtMs: number;
  /** Monotonic clock. */
  readonly openedAtMs: number;
  session: TrackedSession<ClientConnection> | null = null;
  /** Monotonic clock, of what is handled right now. */
  nowMs = 0;
  private readonly auth: ConnectionAuth;
  private readonly opening: SessionOpening;
  private readonly host: ConnectionHost;
  private readonly requests: RequestStream;
  private readonly waiting = new Queue<Request>();
  /** What came while the client didn't take its answers: no more than was read in one go. */
  private readonly stalled = new Queue<Buffer>();
  private output: Writer | null = null;
  private paused = 0;
  /** It closed, or is about to: nothing more is answered. */
  isOver = false;
  /** A command came: nothing more is read. */
  private isDeaf = false;

  constructor(host: ConnectionHost, connection: Connection, tls: TlsConnection | null) {
    this.isSecure = tls !== null;
    this.host = host;
    this.account = new ConnectionAccount(host);
    this.connection = connection;
    this.requests = new RequestStream(host.config.juteMaxBuffer, this);
    this.auth = new ConnectionAuth(host, connection.remote, tls);
    this.opening = new SessionOpening(host, this);
    this.nowMs = host.clock.monotonicMs();
    this.establishedAtMs = host.clock.wallMs();
    this.openedAtMs = this.nowMs;
  }

  get authIds(): readonly Id[] {
    return this.auth.ids;
  }

  get sessionId(): bigint {
    return this.session?.id ?? 0n;
  }

  /** Whether it is read at the moment; not while a command is answered. */
  get isReading(): boolean {
    return this.paused === 0 && !this.isDeaf;
  }

  /** Requests of this client that wait. */
  get queued(): number {
    return this.waiting.length;
  }

  data(bytes: Buffer): void {
    if (this.isOver || this.isDeaf) return;
    this.nowMs = this.host.clock.monotonicMs();
    this.account.came(bytes.length);
    if (this.session !== null) this.session.touchedAtMs = this.nowMs;
    this.handle(bytes);
  }

  drained(): void {
    if (this.isOver || !this.isStalled) return;
    this.paused &= ~PAUSED_BY_PEER;
    this.nowMs = this.host.clock.monotonicMs();
    this.handle(null);
    if (this.paused === 0 && !this.isOver) this.connection.resume();
  }

  /** Bytes that came, or null: what waited until the client took its answers. */
  private handle(bytes: Buffer | null): void {
    try {
      if (bytes === null) this.goOn();
      else this.requests.push(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.host.warnings.warn('closed', `closed the connection of ${this.place}: ${whyClosed(error)}`);
      this.close();
      return;
    }
    this.flush();
    this.host.throttle(this);
  }

  closed(): void {
    if (!this.isOver) this.host.metrics.connectionsDropped += 1;
    this.over();
  }

  /** Ends the connection; the session lives on. What was answered still goes out. */
  close(): void {
    if (this.isOver) return;
    this.flush();
    this.over();
    this.connection.end();
  }

  /** Stops reading while the server has too much in work. */
  hold(): void {
    this.pause(PAUSED_BY_SERVER);
  }

  release(): void {
    this.resume(PAUSED_BY_SERVER);
  }

  get place(): string {
    return `${this.connection.remote.host}:${this.connection.remote.port}`;
  }

  /** A watch fired. Since 3.9.2 only who may read what changed is told. */
  notify(eventType: number, path: string, zxid: number, acl: readonly Acl[]): void {
    if (this.isOver) return;
    if (eventType !== EventType.NodeDeleted && !this.mayRead(acl)) return;
    const w = this.writer();
    const at = beginAnswer(w, SpecialXid.notification, zxid, 0);
    w.int32(eventType);
    w.int32(KeeperState.SyncConnected);
    writeUstring(w, path);
    endAnswer(w, at);
    this.host.metrics.watchBytes += w.position - at;
    this.account.responded(w.position - at);
  }

  /** Answers a write that was just applied, then all reads that waited behind it. */
  answerWrite(request: Request, zxid: number, result: ApplyResult, nowMs: number): void {
    this.waiting.shift();
    if (this.isOver) return;
    this.nowMs = nowMs;
    const w = this.writer();
    if (result.error === ErrorCode.SessionMoved) {
      // It speaks to another server now; what this one would say is of no use to it.
      this.close();
      return;
    }
    if (request.op === OpCode.createSession) {
      this.opening.end(zxid, result.error);
      this.account.took(OpCode.createSession, this.nowMs - request.receivedAtMs);
    } else {
      const inBody = request.op === OpCode.multi && result.parts !== null;
      const at = beginAnswer(w, request.xid, zxid, inBody ? 0 : result.error);
      if (inBody || result.error === 0) writeResult(w, request.op, result, this.host.tree);
      endAnswer(w, at);
      this.account.answered(request.op, request.xid, zxid, w.position - at, request.receivedAtMs, this.nowMs);
    }
    if (request.op === OpCode.closeSession) {
      this.close();
      return;
    }
    this.drainReads();
  }

  /** Sends what was answered. */
  flush(): void {
    const w = this.output;
    if (w === null) return;
    this.output = null;
    let takesMore = true;
    const { connection, host } = this;
    for (const part of w.parts()) takesMore = connection.write(part);
    if (connection.onSent === undefined) {
      w.reset();
      host.giveBack(w);
    } else
      connection.onSent(() => {
        w.rewind();
        host.giveBack(w);
      });
    if (takesMore || this.isOver) return;
    this.pause(PAUSED_BY_PEER);
    if (this.connection.bufferedBytes > MAX_UNREAD_BYTES) {
      this.host.warnings.warn('unread', `cut off ${this.place}, which doesn't read what it is sent`);
      this.over();
      this.connection.destroy();
    }
  }

  /** A command came instead of a session. */
  word(word: FourLetterWord, rest: Buffer): void {
    this.account.received();
    this.isDeaf = true;
    this.host.word(this, word, rest);
  }

  private get isStalled(): boolean {
    return (this.paused & PAUSED_BY_PEER) !== 0;
  }

  /** The client takes answers again. */
  private goOn(): void {
    this.drainReads();
    while (!this.isOver && !this.isStalled) {
      const frame = this.stalled.shift();
      if (frame === undefined) return;
      this.frame(frame, 0, frame.length);
    }
  }

  /** A request lies in `body` from `start` to `end`. */
  frame(body: Buffer, start: number, end: number): void {
    if (this.isStalled) {
      this.stalled.push(body.subarray(start, end));
      return;
    }
    this.account.received();
    if (this.session === null) {
      if (this.opening.isUnderway)
        throw new WireError('request', start, 'it came before the session was confirmed');
      this.opening.begin(body.subarray(start, end));
      return;
    }
    if (end - start < 8) throw new WireError('request header', start, `${end - start} bytes instead of 8`);
    const xid = body.readInt32BE(start);
    const op = body.readInt32BE(start + 4);
    if (op === OpCode.auth) this.authenticate(xid, body.subarray(start + 8, end));
    else if (op === OpCode.sasl) this.authenticateBySasl(xid, body.subarray(start + 8, end));
    else if (!this.auth.isEnough) this.refuse(xid, 0, this.auth.refusal());
    else if (op === OpCode.sync && this.host.syncsByWrites) this.write(xid, op, body, start + 8, end);
    else if (isRead.has(op)) {
      if (this.waiting.length === 0) this.read(xid, op, body, start + 8, end, this.nowMs);
      else this.wait(xid, op, body, start + 8, end);
    } else if (op === OpCode.closeSession && this.session.isLocal) {
      if (this.waiting.length === 0) this.closeLocal(xid);
      else this.wait(xid, op, body, start + 8, end);
    } else if (isWrite.has(op)) this.write(xid, op, body, start + 8, end);
    else if (this.waiting.length === 0) this.refuse(xid, -1, ErrorCode.Unimplemented);
    else this.wait(xid, op, body, start + 8, end);
  }

  private read(
    xid: number,
    op: number,
    body: Buffer,
    start: number,
    end: number,
    receivedAtMs: number,
  ): void {
    const w = this.writer();
    const zxid = this.host.tree.lastZxid;
    if (op === OpCode.setWatches || op === OpCode.setWatches2) {
      // What it finds changed is told in front of the answer.
      writeHeader(w, xid, zxid, this.host.reads.answer(this, op, body, start, end, w));
      this.account.answered(op, xid, zxid, 20, receivedAtMs, this.nowMs);
      return;
    }
    const at = beginAnswer(w, xid, zxid, 0);
    const error = this.host.reads.answer(this, op, body, start, end, w);
    if (error !== 0) w.setInt32(at + 16, error);
    const bytes = w.position - at;
    w.setInt32(at, bytes - 4);
    this.account.answered(op, xid, zxid, bytes, receivedAtMs, this.nowMs);
    if (w.position > MAX_UNSENT_BYTES) this.flush();
  }

  /** Puts a write into the pipeline, and what comes behind it waits. */
  write(xid: number, op: number, body: Buffer, start: number, end: number): void {
    const request = new Request(this, this.sessionId, xid, op, body, start, end, this.authIds, this.nowMs);
    this.waiting.push(request);
    if (op === OpCode.closeSession && this.session !== null) this.session.closing = true;
    this.host.submit(request);
  }

  private wait(xid: number, op: number, body: Buffer, start: number, end: number): void {
    this.waiting.push(new Request(null, this.sessionId, xid, op, body, start, end, this.authIds, this.nowMs));
    if (this.waiting.length >= MAX_WAITING) this.pause(PAUSED_BY_WAITING);
  }

  /** Reads up to the next write. Their `requester` is null: nobody else answers them. */
  private drainReads(): void {
    while (!this.isStalled) {
      const next = this.waiting.peek();
      if (next === undefined || next.requester !== null) break;
      this.waiting.shift();
      if (isRead.has(next.op))
        this.read(next.xid, next.op, next.body, next.start, next.end, next.receivedAtMs);
      else if (next.op === OpCode.closeSession) this.closeLocal(next.xid);
      else this.refuse(next.xid, -1, ErrorCode.Unimplemented);
      if (this.isOver) return;
    }
    if (this.waiting.length < MAX_WAITING / 2) this.resume(PAUSED_BY_WAITING);
  }

  /** The end of a session that only this server knows. */
  private closeLocal(xid: number): void {
    this.host.sessions.remove(this.sessionId);
    this.refuse(xid, this.host.tree.lastZxid, 0);
  }

  /** Answers with an error and closes. */
  private refuse(xid: number, zxid: number, error: number): void {
    const w = this.writer();
    writeHeader(w, xid, zxid, error);
    this.account.responded(20);
    this.close();
  }

  private authenticate(xid: number, record: Buffer): void {
    const error = this.auth.byPacket(record);
    if (error !== 0) {
      this.refuse(xid, 0, error);
      return;
    }
    writeHeader(this.writer(), xid, 0, 0);
    this.account.responded(20);
  }

  private authenticateBySasl(xid: number, record: Buffer): void {
    const { error, token } = this.auth.bySasl(record);
    const w = this.writer();
    const at = beginAnswer(w, xid, 0, error);
    w.int32(token?.length ?? -1);
    if (token !== null) w.bytes(token);
    endAnswer(w, at);
    this.account.responded(w.position - at);
    if (error !== 0) this.close();
  }

  private mayRead(acl: readonly Acl[]): boolean {
    return (
      this.host.config.skipAcl || allows(this.host.authentication.schemes, acl, Perms.READ, this.authIds)
    );
  }

  /** Where the answers of this turn go. */
  writer(): Writer {
    this.output ??= this.host.takeWriter(this);
    return this.output;
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.auth.gone();
    if (this.output !== null) {
      this.output.reset();
      this.host.giveBack(this.output);
      this.output = null;
    }
    if (this.session?.connection === this) this.session.connection = null;
    this.host.forget(this);
  }

  private pause(reason: number): void {
    if (this.paused === 0) this.connection.pause();
    this.paused |= reason;
  }

  private resume(reason: number): void {
    if (this.paused === 0) return;
    this.paused &= ~reason;
    if (this.paused === 0 && !this.isOver) this.connection.resume();
  }
}
