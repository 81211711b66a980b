import { getBigInt64 } from '../../../../wire/bigint64.ts';
import { Writer } from '../../../../wire/writer.ts';
import { ErrorCode } from '../../../jute/error-code.ts';
import { OpCode } from '../../../jute/op-code.ts';
import { syncResult } from '../sync-result.ts';
import { RequestPipeline, type WritePath } from '../../../server/pipeline/pipeline.ts';
import type { Proposer } from '../../../server/pipeline/proposer.ts';
import { Queue } from '../../../server/pipeline/queue.ts';
import { Request } from '../../../server/pipeline/request.ts';
import { isAlive, type ServerRole } from '../../../server/role.ts';
import type { Server } from '../../../server/server.ts';
import type { MemberStats } from '../../../server/metrics/member-stats.ts';
import { Sizes, type MemberView } from '../../../server/member-view.ts';
import { getInt32 } from '../../../tree/znodes/stat-bytes.ts';
import { digestAfter } from '../../../tree/digest/predicted-digest.ts';
import type { Reconfigure } from '../../../tree/requests/request-preparer.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { proposalOf, type Proposal } from '../history.ts';
import { PacketType, type Packet, type ReceivedPacket } from '../packets/packets.ts';
import { asksBeyond34 } from './release34.ts';
import { LAST_COUNTER, counterOf, firstZxid } from '../../../tree/transactions/zxid.ts';

const REQUEST_HEAD_BYTES = 16;
const PAYLOAD_SLAB_BYTES = 64 * 1024;

const maybeBeyond34 = new Set<number>([
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.reconfig,
  OpCode.multi,
]);

/** Whether a REQUEST is for a sync. */
export const asksSync = ({ bytes, start, end }: ReceivedPacket): boolean =>
  end - start >= REQUEST_HEAD_BYTES && getInt32(bytes, start + 12) === OpCode.sync;

/** Writes at the leader: its own clients' and those that followers forward; and whose each session is. */
export class LeaderWrites implements WritePath, Proposer {
  readonly role: ServerRole;
  /** Of the proposals' bytes. */
  readonly sizes = new Sizes();
  private readonly stats: MemberStats | null;
  private readonly self: number;
  /** Where the proposals' bytes lie, until they are committed. */
  private readonly payloads = new Writer(PAYLOAD_SLAB_BYTES);
  private readonly send: (proposal: Proposal) => void;
  private readonly askSync: () => void;
  private readonly has34: () => boolean;
  private readonly resign: (reason: string) => void;
  private pipeline!: RequestPipeline;
  private server!: Server;
  private lastProposed: number;
  private lastCommitted: number;
  /** The server that each session is at: only that one may write for it. */
  private readonly owners = new Map<bigint, number>();
  /** What is to happen when each is confirmed. */
  private readonly syncs = new Queue<() => void>();

  constructor(
    self: number,
    epoch: number,
    send: (proposal: Proposal) => void,
    /** Asks for a call of `confirmed`. */
    askSync: () => void,
    has34: () => boolean,
    resign: (reason: string) => void,
    member?: MemberView,
    reconfigure: Reconfigure | null = null,
  ) {
    this.self = self;
    this.send = send;
    this.askSync = askSync;
    this.has34 = has34;
    this.resign = resign;
    this.lastProposed = firstZxid(epoch);
    this.lastCommitted = this.lastProposed;
    this.stats = member?.stats ?? null;
    this.role = {
      ...(member && { member }),
      mode: 'leader',
      serverId: self,
      decides: true,
      makeWrites: (server) => {
        this.server = server;
        this.pipeline = new RequestPipeline(
          server.storage,
          server.newPreparer(reconfigure),
          server.clock,
          server,
          () => this,
        );
        return this;
      },
      revalidate: (server, sessionId, _timeoutMs, then) => {
        const alive = isAlive(server, sessionId);
        if (alive) this.owners.set(sessionId, self);
        then(alive);
      },
    };
  }

  get outstanding(): number {
    return this.pipeline.outstanding;
  }

  get pendingSyncs(): number {
    return this.syncs.length;
  }

  nextZxid(): number {
    return this.lastProposed + 1;
  }

  propose(transaction: Transaction): void {
    this.lastProposed = transaction.header.zxid;
    if (counterOf(this.lastProposed) === LAST_COUNTER) {
      this.resign('the epoch has used up its transaction numbers, so a new one must begin');
      return;
    }
    const proposal = proposalOf(transaction, this.payloads, this.digestOf(transaction));
    this.sizes.add(proposal.payload.length);
    if (this.stats !== null) this.stats.proposals += 1;
    this.send(proposal);
  }

  /** Told where it costs little: with other proposals on their way the tree isn't yet what this one is applied to. */
  private digestOf(transaction: Transaction): bigint | null {
    if (this.pipeline.outstanding > 1 || !this.server.config.digestEnabled) return null;
    return digestAfter(this.server.tree, this.server.runtime.digests, transaction);
  }

  /** Of a client of this server. */
  submit(request: Request): void {
    if (request.op === OpCode.sync)
      this.sync(() => {
        request.requester?.answerWrite(
          request,
          this.server.tree.lastZxid,
          syncResult(request),
          this.server.clock.monotonicMs(),
        );
      });
    else this.submitFrom(this.self, request);
  }

  /** Of a client of the server `from`; no sync. */
  request(from: number, packet: ReceivedPacket): void {
    const { bytes, start, end } = packet;
    const body = start + REQUEST_HEAD_BYTES;
    if (end < body) return;
    const sessionId = getBigInt64(bytes, start);
    const cxid = getInt32(bytes, start + 8);
    const op = getInt32(bytes, start + 12);
    const nowMs = this.server.clock.monotonicMs();
    const { sessions } = this.server;
    if (op === OpCode.createSession && end - body >= 4 && sessions.get(sessionId) === undefined)
      sessions.add(sessionId, getInt32(bytes, body), nowMs, null);
    const closing = op === OpCode.closeSession ? sessions.get(sessionId) : undefined;
    if (closing !== undefined) closing.closing = true;
    const request = new Request(null, sessionId, cxid, op, bytes, body, end, packet.authIds ?? [], nowMs);
    this.submitFrom(from, request);
  }

  /** The commits up to `zxid` are final. */
  committed(zxid: number): void {
    if (this.stats !== null) this.stats.commits += zxid - this.lastCommitted;
    this.lastCommitted = zxid;
    this.pipeline.committed(zxid);
  }

  /** The oldest sync may be answered: all before it is applied. */
  confirmed(): void {
    this.syncs.shift()?.();
    this.server.settled();
  }

  /** Sessions of which a learner has heard: each a long, and its timeout as int. */
  touch(data: Buffer): void {
    const nowMs = this.server.clock.monotonicMs();
    for (let at = 0; at + 12 <= data.length; at += 12) {
      const session = this.server.sessions.get(data.readBigInt64BE(at));
      if (session === undefined) continue;
      session.timeoutMs = data.readInt32BE(at + 8);
      session.touchedAtMs = nowMs;
    }
  }

  /** A client came back at the server `from`: its session is there from now on, if it lives. */
  revalidate(from: number, { data: asked }: Packet): Packet {
    if (this.stats !== null) this.stats.revalidations += 1;
    const data = Buffer.alloc(9);
    if (asked !== null && asked.length >= 12) {
      const sessionId = asked.readBigInt64BE(0);
      data.writeBigInt64BE(sessionId, 0);
      if (isAlive(this.server, sessionId)) {
        data[8] = 1;
        this.owners.set(sessionId, from);
        this.touch(asked);
      }
    }
    return { type: PacketType.REVALIDATE, zxid: -1, data };
  }

  private submitFrom(from: number, request: Request): void {
    const { sessionId, op } = request;
    if (op === OpCode.createSession) this.owners.set(sessionId, from);
    else if (op === OpCode.closeSession) this.owners.delete(sessionId);
    else if (sessionId !== 0n) {
      const owner = this.owners.get(sessionId);
      if (owner === undefined) {
        // A local session of a learner is unknown here, and its end wouldn't be told.
        if (this.server.sessions.get(sessionId) !== undefined) this.owners.set(sessionId, from);
      } else if (owner !== from) request.refusal = ErrorCode.SessionMoved;
    }
    if (maybeBeyond34.has(op) && this.has34() && asksBeyond34(op, request.body, request.start, request.end))
      request.refusal = ErrorCode.Unimplemented;
    this.pipeline.submit(request);
  }

  /** Runs when all before it is committed. */
  sync(run: () => void): void {
    this.syncs.push(run);
    this.askSync();
  }
}
