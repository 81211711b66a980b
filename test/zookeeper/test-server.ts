import type {
  Clock,
  Connection,
  ConnectionHandler,
  Endpoint,
  Runtime,
  Timer,
} from '../../src/runtime/runtime.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { FrameSplitter } from '../../src/wire/frames.ts';
import { Reader } from '../../src/wire/reader.ts';
import { Writer } from '../../src/wire/writer.ts';
import * as messages from '../../src/zookeeper/jute/messages.ts';
import { OpCode } from '../../src/zookeeper/jute/op-code.ts';
import { openAcl } from '../../src/zookeeper/tree/acl/acl.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';
import { zooKeeperDefaults, type ZooKeeperConfig } from '../../src/zookeeper/server/config/config.ts';
import { standaloneRole, type ServerRole } from '../../src/zookeeper/server/role.ts';
import { Server, type ServerStorage } from '../../src/zookeeper/server/server.ts';

/** Time that tests move. */
export class TestClock implements Clock {
  private nowMs = 1_000;
  private readonly timers = new Set<{ at: number; run: () => void }>();
  private jobs: (() => void)[] = [];

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.nowMs + delayMs, run };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }

  soon(run: () => void): void {
    this.jobs.push(run);
  }

  /** Runs all that is to happen now, until nothing is left. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      const due = [...this.timers].filter((timer) => timer.at <= this.nowMs);
      for (const timer of due) this.timers.delete(timer);
      const jobs = [...due.map((timer) => timer.run), ...this.jobs];
      this.jobs = [];
      if (jobs.length > 0) idle = 0;
      for (const job of jobs) job();
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  }

  /** Lets time pass; everything that is due on the way happens at its time. */
  async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      await this.settle();
      const [next] = [...this.timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    this.nowMs = end;
    await this.settle();
  }
}

/** Storage without a disk. `sync` waits while `isStalled`. */
export class MemoryStorage implements ServerStorage {
  readonly tree: DataTree;
  readonly snapshotBytes = 0;
  readonly logBytes = 0;
  readonly slowSyncs = 0;
  readonly lastSnapshot = null;
  lastZxid = 0;
  readonly log: Transaction[] = [];
  syncs = 0;
  /** How many snapshots each purge was to keep. */
  readonly purges: number[] = [];
  isStalled = false;
  private waiting: (() => void)[] = [];

  constructor(runtime: Runtime) {
    this.tree = new DataTree(runtime.digests);
  }

  append(transaction: Transaction): void {
    this.lastZxid = transaction.header.zxid;
    this.log.push(transaction);
  }

  sync(): Promise<void> {
    this.syncs += 1;
    if (!this.isStalled) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The disk is back. */
  release(): void {
    this.isStalled = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  maybeSnapshot(): void {}

  snapshot(): Promise<void> {
    return Promise.resolve();
  }

  purge(retain: number): string[] {
    this.purges.push(retain);
    return [];
  }
}

/** The client's end of a connection to a server, in memory. */
export class TestPeer {
  /** Frames without their length, as they came. */
  readonly frames: Buffer[] = [];
  /** All bytes as they came. */
  raw = Buffer.alloc(0);
  /** How many writes they came in. */
  writes = 0;
  isClosed = false;
  /** Whether the server stopped reading. */
  isPaused = false;
  /** Whether this end takes no more for now. */
  isFull = false;
  bufferedBytes = 0;
  private handler: ConnectionHandler | null = null;
  private readonly splitter = new FrameSplitter(1 << 26);
  private isWord = false;
  private isFirst = true;

  constructor(server: Server, host = '127.0.0.1', port = 40_000) {
    const local: Endpoint = { host: '127.0.0.1', port: 2181 };
    const remote: Endpoint = { host, port };
    const connection: Connection = {
      local,
      remote,
      bufferedBytes: 0,
      start: (handler) => (this.handler = handler),
      write: (bytes) => {
        this.writes += 1;
        this.raw = Buffer.concat([this.raw, bytes]);
        if (!this.isWord) this.splitter.push(bytes, (frame) => this.frames.push(frame));
        return !this.isFull;
      },
      pause: () => (this.isPaused = true),
      resume: () => (this.isPaused = false),
      end: () => this.close(),
      destroy: () => this.close(),
    };
    server.accept(connection);
  }

  send(bytes: Buffer): void {
    if (this.isClosed) return;
    this.isWord ||= this.isFirst && /^[a-z]{4}$/.test(bytes.toString('latin1'));
    this.isFirst = false;
    this.handler?.data(bytes);
  }

  /** What was sent has been read. */
  drain(): void {
    this.isFull = false;
    this.handler?.drained?.();
  }

  /** The same, and what comes next fills it again. */
  takeSome(): void {
    this.handler?.drained?.();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler?.closed();
  }
}

export interface TestServer {
  readonly server: Server;
  readonly clock: TestClock;
  readonly storage: MemoryStorage;
}

/** A server in memory: reach it by `TestPeer`, or let a listener of a virtual network call its `accept`. */
export function startTestServer(
  config: Partial<ZooKeeperConfig> = {},
  clock: TestClock = new TestClock(),
  role: ServerRole = standaloneRole,
): TestServer {
  const runtime: Runtime = { ...createNodeRuntime({ log: silentLog }), clock };
  const storage = new MemoryStorage(runtime);
  const tickTimeMs = config.tickTimeMs ?? 1000;
  const server = new Server(
    runtime,
    {
      ...zooKeeperDefaults,
      dataDir: '/data',
      dataLogDir: '/data',
      tickTimeMs,
      minSessionTimeoutMs: 2 * tickTimeMs,
      maxSessionTimeoutMs: 20 * tickTimeMs,
      ...config,
    },
    storage,
    {},
    role,
  );
  return { server, clock, storage };
}

/** A ConnectRequest with its length. */
export function connectFrame(
  options: { timeoutMs?: number; sessionId?: bigint; password?: Buffer; readOnly?: boolean } = {},
): Buffer {
  const frame = Buffer.alloc(49);
  frame.writeInt32BE(45, 0);
  frame.writeInt32BE(options.timeoutMs ?? 10_000, 16);
  frame.writeBigInt64BE(options.sessionId ?? 0n, 20);
  frame.writeInt32BE(16, 28);
  options.password?.copy(frame, 32);
  if (options.readOnly === true) frame[48] = 1;
  return frame;
}

/** A request with its length. */
export function requestFrame(xid: number, op: number, encode: (w: Writer) => void = () => {}): Buffer {
  const w = new Writer();
  w.int32(0);
  w.int32(xid);
  w.int32(op);
  encode(w);
  w.setInt32(0, w.position - 4);
  return w.finish();
}

/** xid, error and body of an answer. */
export function readReply(frame: Buffer): { xid: number; zxid: number; error: number; body: Reader } {
  const body = new Reader(frame);
  return { xid: body.int32(), zxid: Number(body.int64()), error: body.int32(), body };
}

export const requests = {
  create: (xid: number, path: string, data = Buffer.alloc(0), flags = 0): Buffer =>
    requestFrame(xid, OpCode.create, (w) =>
      messages.createRequest.encode(w, {
        path,
        data,
        acl: [...openAcl],
        flags,
      }),
    ),
  /** Creates in one: the operation, the path and the flags of each. */
  multi: (xid: number, ...parts: readonly (readonly [op: number, path: string, flags: number])[]): Buffer =>
    requestFrame(xid, OpCode.multi, (w) => {
      for (const [type, path, flags] of parts) {
        messages.multiHeader.encode(w, { type, done: false, err: -1 });
        messages.createRequest.encode(w, { path, data: Buffer.alloc(0), acl: [...openAcl], flags });
      }
      messages.multiHeader.encode(w, { type: -1, done: true, err: -1 });
    }),
  setData: (xid: number, path: string, data: Buffer): Buffer =>
    requestFrame(xid, OpCode.setData, (w) => messages.setDataRequest.encode(w, { path, data, version: -1 })),
  getData: (xid: number, path: string, watch = false): Buffer =>
    requestFrame(xid, OpCode.getData, (w) => messages.getDataRequest.encode(w, { path, watch })),
  exists: (xid: number, path: string, watch = false): Buffer =>
    requestFrame(xid, OpCode.exists, (w) => messages.existsRequest.encode(w, { path, watch })),
  close: (xid: number): Buffer => requestFrame(xid, OpCode.closeSession),
};
