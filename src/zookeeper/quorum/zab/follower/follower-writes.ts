import { ErrorCode } from '../../../jute/error-code.ts';
import { OpCode } from '../../../jute/op-code.ts';
import { syncResult } from '../sync-result.ts';
import { Writer } from '../../../../wire/writer.ts';
import type { WritePath } from '../../../server/pipeline/pipeline.ts';
import { Queue } from '../../../server/pipeline/queue.ts';
import type { Request } from '../../../server/pipeline/request.ts';
import type { ServerRole } from '../../../server/role.ts';
import type { Server } from '../../../server/server.ts';
import type { MemberConfig } from '../../../server/config/server-line.ts';
import type { MemberView } from '../../../server/member-view.ts';
import type { ApplyResult } from '../../../tree/transactions/apply-result.ts';
import type { TreeDigest } from '../../../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import type { PacketSender } from '../packets/packet-sender.ts';
import { DigestCheck } from './digest-check.ts';
import { PacketType, type Packet } from '../packets/packets.ts';
import { asksBeyond34, multiFor34, typesOf } from '../leader/release34.ts';

const REQUEST_HEAD_BYTES = 16;

/** A create that every leader refuses, in the place of what one of 3.4 would break down of. */
const REFUSED_CREATE = Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Writes at a follower or observer: they go to the leader, and what it commits answers them, the oldest of a session first. Reads
 * are its own.
 */
export class FollowerWrites implements WritePath {
  readonly role: ServerRole;
  outstanding = 0;
  readonly leaderIs34: boolean;
  private readonly leader: Pick<PacketSender, 'send' | 'request'>;
  private server!: Server;
  private digests: DigestCheck | null = null;
  private readonly pending = new Map<bigint, Queue<Request>>();
  /** What is to happen when the leader answers the oldest sync. */
  private readonly syncs = new Queue<() => void>();
  /** Sessions that observers heard of. */
  private readonly touchedThere = new Map<bigint, number>();
  private readonly asked = new Map<bigint, ((isAlive: boolean) => void)[]>();
  private readonly lastSynced: number;
  private touchedSinceMs = Number.NEGATIVE_INFINITY;
  private isUnsettled = false;

  constructor(
    self: MemberConfig,
    leaderIs34: boolean,
    leader: Pick<PacketSender, 'send' | 'request'>,
    member?: MemberView,
    /** The last transaction that was logged when the leader was told to be followed. */
    lastSynced = 0,
  ) {
    this.leaderIs34 = leaderIs34;
    this.leader = leader;
    this.lastSynced = lastSynced;
    this.role = {
      ...(member && { member }),
      mode: self.role === 'observer' ? 'observer' : 'follower',
      serverId: self.id,
      decides: false,
      makeWrites: (server) => {
        const { tree, config, log, clock } = server;
        this.server = server;
        if (config.digestEnabled) this.digests = new DigestCheck(tree, this.lastSynced, log, clock);
        return this;
      },
      revalidate: (_server, sessionId, timeoutMs, then) => this.revalidate(sessionId, timeoutMs, then),
    };
  }

  submit(request: Request): void {
    const { sessionId, xid } = request;
    let { op, body, start, end } = request;
    if (op === OpCode.sync) this.syncs.push(() => this.answerSync(request));
    else {
      let queue = this.pending.get(sessionId);
      if (queue === undefined) this.pending.set(sessionId, (queue = new Queue()));
      queue.push(request);
    }
    this.outstanding += 1;
    if (this.leaderIs34) {
      // What differs is the answer, and that is made here.
      if (op === OpCode.create2) op = OpCode.create;
      else if (op === OpCode.deleteContainer || asksBeyond34(op, body, start, end)) {
        request.refusal = ErrorCode.Unimplemented;
        op = OpCode.create;
        [body, start, end] = [REFUSED_CREATE, 0, REFUSED_CREATE.length];
      } else if (op === OpCode.multi) {
        body = multiFor34(body.subarray(start, end));
        [start, end] = [0, body.length];
      }
    }
    const authIds = op === OpCode.createSession ? null : request.authIds;
    this.leader.request(sessionId, xid, op, body, start, end, authIds);
  }

  /** Applies what was committed, and answers whoever asked for it here. */
  apply(transaction: Transaction, digest: TreeDigest | null = null): void {
    const { sessionId, cxid, zxid } = transaction.header;
    const result = this.server.tree.apply(transaction);
    if (digest !== null && this.digests !== null) {
      this.digests.applied(zxid, digest);
      this.server.metrics.digestMismatches = this.digests.mismatches;
    }
    const queue = this.pending.get(sessionId);
    let request: Request | null = null;
    if (queue !== undefined && queue.peek()?.xid === cxid) {
      request = queue.shift()!;
      this.outstanding -= 1;
      if (queue.length === 0) this.pending.delete(sessionId);
      if (request.refusal !== 0) {
        result.error = request.refusal;
        // What the leader says of a multi is of what it knows: not that the session is a local one.
        result.parts = null;
      }
      if (this.leaderIs34 && request.op === OpCode.multi) asAsked(request, result);
    }
    this.isUnsettled = true;
    this.server.applied(request, transaction, result);
  }

  /** What an observer asks by way of this server. `synced` is for a sync. */
  forward(packet: Packet, synced: () => void): void {
    const { data } = packet;
    if (data === null || data.length < REQUEST_HEAD_BYTES) return;
    if (data.readInt32BE(12) === OpCode.sync) this.syncs.push(synced);
    this.leader.send(packet);
  }

  /** Sessions that an observer has heard of: each a long, and its timeout as int. */
  touchedBy(data: Buffer): void {
    for (let at = 0; at + 12 <= data.length; at += 12)
      this.touchedThere.set(data.readBigInt64BE(at), data.readInt32BE(at + 8));
  }

  /** The answer to the oldest sync. */
  synced(): void {
    this.syncs.shift()?.();
  }

  private answerSync(request: Request): void {
    this.outstanding -= 1;
    this.isUnsettled = true;
    request.requester?.answerWrite(
      request,
      this.server.tree.lastZxid,
      syncResult(request),
      this.server.clock.monotonicMs(),
    );
  }

  /** Sends what was answered since the last call. */
  settled(): void {
    if (!this.isUnsettled) return;
    this.isUnsettled = false;
    this.server.storage.maybeSnapshot();
    this.server.settled();
  }

  /** Sessions that gave a sign of life here since the last call, for the leader, who decides which of them live. */
  touched(): Buffer {
    const w = new Writer();
    const since = this.touchedSinceMs;
    this.touchedSinceMs = this.server.clock.monotonicMs();
    for (const session of this.server.sessions.all()) {
      if (session.isLocal || session.connection === null || session.touchedAtMs < since) continue;
      w.int64(session.id);
      w.int32(session.timeoutMs);
    }
    for (const [id, timeoutMs] of this.touchedThere) {
      w.int64(id);
      w.int32(timeoutMs);
    }
    this.touchedThere.clear();
    return w.finish();
  }

  /** The leader's answer to a REVALIDATE. */
  revalidated({ data }: Packet): void {
    if (data === null || data.length < 9) return;
    const sessionId = data.readBigInt64BE(0);
    const waiting = this.asked.get(sessionId) ?? [];
    this.asked.delete(sessionId);
    for (const then of waiting) then(data[8] === 1);
  }

  /** Asks the leader whether a session lives; it is at this server from then on. */
  revalidate(sessionId: bigint, timeoutMs: number, then: (isAlive: boolean) => void): void {
    const waiting = this.asked.get(sessionId);
    if (waiting !== undefined) {
      waiting.push(then);
      return;
    }
    this.asked.set(sessionId, [then]);
    const data = Buffer.alloc(12);
    data.writeBigInt64BE(sessionId, 0);
    data.writeInt32BE(timeoutMs, 8);
    this.leader.send({ type: PacketType.REVALIDATE, zxid: -1, data });
  }
}

/** Who asked for create2 in a multi is answered so, though a leader of 3.4 made it a create. */
function asAsked(request: Request, result: ApplyResult): void {
  if (result.error !== 0 || result.parts === null) return;
  const types = typesOf(request.body, request.start, request.end);
  result.parts = result.parts.map((part, i) =>
    types[i] === OpCode.create2 && part.type === OpCode.create ? { ...part, type: OpCode.create2 } : part,
  );
}
