import type { Clock, Connection, Log, Runtime, Timer } from '../../runtime/runtime.ts';
import { Writer } from '../../wire/writer.ts';
import { OpCode } from '../jute/op-code.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import type { ApplyResult } from '../tree/apply-result.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { RequestPreparer } from '../tree/request-preparer.ts';
import type { Transaction } from '../tree/transaction.ts';
import { Authentication } from './auth.ts';
import type { ZooKeeperConfig } from './config.ts';
import type { ConnectionHost } from './connection-host.ts';
import { ClientConnection } from './connection.ts';
import { answerWord } from './four-letter.ts';
import { ServerMetrics } from './metrics.ts';
import { RequestPipeline, type PipelineEvents } from './pipeline.ts';
import { StandaloneProposer } from './proposer.ts';
import { Reads } from './reads.ts';
import { Request } from './request.ts';
import type { ServerView } from './server-view.ts';
import { SessionIds } from './session-id.ts';
import { SessionTracker, type TrackedSession } from './session-tracker.ts';
import { Stats } from './stats.ts';
import { Whitelist, type FourLetterWord } from './words.ts';

/** What a server needs of its storage. */
export type ServerStorage = Pick<
  ZooKeeperStorage,
  'tree' | 'lastZxid' | 'append' | 'sync' | 'maybeSnapshot' | 'purge' | 'snapshotBytes' | 'logBytes' | 'close'
>;

/** As Apache's standalone server: ids look like 0x100… */
const STANDALONE_ID = 1;
const WRITERS_KEPT = 64;
const WRITER_BYTES = 16 * 1024;
/** The `hash` word tells the digest after each of so many transactions. */
const DIGEST_INTERVAL = 128;
const DIGESTS_KEPT = 1024;
const HOUR_MS = 3_600_000;

/**
 * A standalone server: its connections, sessions and the pipeline, over the tree and its storage. Everything that happens comes in
 * through connections, the disk and three timers.
 */
export class StandaloneServer implements ConnectionHost, PipelineEvents, ServerView {
  readonly config: ZooKeeperConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly runtime: Runtime;
  readonly storage: ServerStorage;
  readonly reads: Reads;
  readonly authentication: Authentication;
  readonly sessions: SessionTracker<ClientConnection>;
  readonly stats = new Stats();
  readonly metrics = new ServerMetrics();
  readonly connections = new Set<ClientConnection>();
  readonly startedAtMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly digestLog: { zxid: number; digest: bigint }[] = [];
  clientPort = 0;
  readonly whitelist: Whitelist;
  /** Settles when the server can't go on: rejected with the reason. */
  readonly failure: Promise<never>;
  private readonly fail: (reason: unknown) => void;
  private readonly pipeline: RequestPipeline;
  private readonly ids: SessionIds;
  private readonly byAddress = new Map<string, number>();
  private readonly writers: Writer[] = [];
  private unsent: ClientConnection[] = [];
  private readonly held = new Set<ClientConnection>();
  private readonly timers = new Set<Timer>();
  private isStopped = false;
  private nowMs = 0;

  constructor(
    runtime: Runtime,
    config: ZooKeeperConfig,
    storage: ServerStorage,
    environment: Readonly<Record<string, string>>,
  ) {
    this.environment = environment;
    this.runtime = runtime;
    this.config = config;
    this.clock = runtime.clock;
    this.log = runtime.log;
    this.storage = storage;
    this.startedAtMs = this.clock.monotonicMs();
    this.whitelist = new Whitelist(config.fourLetterWords);
    let fail: (reason: unknown) => void = () => {};
    this.failure = new Promise<never>((_, reject) => (fail = reject));
    this.failure.catch(() => {});
    this.fail = fail;
    this.authentication = new Authentication(runtime.digests, config);
    const schemes = this.authentication.schemes;
    this.reads = new Reads(storage.tree, schemes, config.skipAcl);
    this.sessions = new SessionTracker(config.tickTimeMs, this.startedAtMs);
    this.ids = new SessionIds(this.startedAtMs + (this.clock.wallMs() % 86_400_000), STANDALONE_ID);
    const preparer = new RequestPreparer(storage.tree, {
      schemes,
      skipAcl: config.skipAcl,
      enforceQuota: config.enforceQuota,
      extendedTypesEnabled: config.extendedTypesEnabled,
      reconfigEnabled: config.reconfigEnabled,
    });
    this.pipeline = new RequestPipeline(
      storage,
      preparer,
      this.clock,
      this,
      (listener) => new StandaloneProposer(storage, this.clock, this.metrics, listener),
    );
    // Who was connected before a restart gets its whole timeout again.
    for (const [id, timeoutMs] of storage.tree.sessions)
      this.sessions.add(id, timeoutMs, this.startedAtMs, null);
    this.watchTime();
  }

  get tree(): DataTree {
    return this.storage.tree;
  }

  /** Requests in the pipeline. */
  get outstanding(): number {
    return this.pipeline.outstanding;
  }

  accept(connection: Connection): void {
    const { maxClientCnxns, maxCnxns } = this.config;
    const address = connection.remote.host;
    const fromThere = this.byAddress.get(address) ?? 0;
    if (
      this.isStopped ||
      (maxClientCnxns > 0 && fromThere >= maxClientCnxns) ||
      (maxCnxns > 0 && this.connections.size >= maxCnxns)
    ) {
      this.metrics.connectionsRejected += 1;
      this.log.warn(
        `refused a connection of ${address}: ${fromThere} from there are open and ${this.connections.size} in all, which is what maxClientCnxns (${maxClientCnxns}) or maxCnxns (${maxCnxns}) allows`,
      );
      connection.destroy();
      return;
    }
    this.byAddress.set(address, fromThere + 1);
    this.metrics.connectionRequests += 1;
    const client = new ClientConnection(this, connection);
    this.connections.add(client);
    connection.start(client);
  }

  submit(request: Request): void {
    this.pipeline.submit(request);
  }

  newSession(
    timeoutMs: number,
    connection: ClientConnection,
    nowMs: number,
  ): TrackedSession<ClientConnection> {
    return this.sessions.add(this.ids.take(), timeoutMs, nowMs, connection);
  }

  takeWriter(connection: ClientConnection): Writer {
    this.unsent.push(connection);
    return this.writers.pop() ?? new Writer(WRITER_BYTES);
  }

  giveBack(writer: Writer): void {
    if (this.writers.length < WRITERS_KEPT) this.writers.push(writer);
  }

  throttle(connection: ClientConnection): void {
    this.sendUnsent();
    if (this.pipeline.outstanding <= this.config.globalOutstandingLimit || connection.queued === 0) return;
    this.metrics.throttled += 1;
    this.held.add(connection);
    connection.hold();
  }

  word(connection: ClientConnection, word: FourLetterWord): void {
    const text = this.whitelist.allows(word)
      ? answerWord(this, word)
      : `${word} is not executed because it is not in the whitelist.\n`;
    if (text !== '') connection.connection.write(Buffer.from(text, 'utf8'));
    connection.close();
  }

  forget(connection: ClientConnection): void {
    if (!this.connections.delete(connection)) return;
    const address = connection.connection.remote.host;
    const left = (this.byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.byAddress.set(address, left);
    else this.byAddress.delete(address);
    this.held.delete(connection);
    this.tree.watches.removeWatcher(connection);
    this.metrics.connectionsDropped += 1;
  }

  applied(request: Request, transaction: Transaction, result: ApplyResult): void {
    const zxid = transaction.header.zxid;
    const closes = request.op === OpCode.closeSession && result.error === 0;
    const session = closes ? this.sessions.get(request.sessionId) : undefined;
    if (closes) this.sessions.remove(request.sessionId);
    if (this.nowMs === 0) this.nowMs = this.clock.monotonicMs();
    if (zxid % DIGEST_INTERVAL === 0) this.recordDigest(zxid);
    request.requester?.answerWrite(request, zxid, result, this.nowMs);
    if (session !== undefined) session.connection?.close();
  }

  settled(): void {
    this.nowMs = 0;
    this.sendUnsent();
    if (this.held.size === 0 || this.pipeline.outstanding > this.config.globalOutstandingLimit / 2) return;
    const held = [...this.held];
    this.held.clear();
    for (const connection of held) connection.release();
  }

  failed(error: unknown): void {
    if (this.isStopped) return;
    this.log.error(`the transaction log can't be written, so this server ends: ${String(error)}`);
    this.fail(error);
    void this.stop();
  }

  /** Drops all connections, waits for the disk and closes the files. Sessions live on for the next start. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    for (const timer of this.timers) timer.cancel();
    for (const connection of this.connections) connection.close();
    await this.storage.close();
  }

  private sendUnsent(): void {
    const unsent = this.unsent;
    if (unsent.length === 0) return;
    this.unsent = [];
    for (const connection of unsent) connection.flush();
  }

  private recordDigest(zxid: number): void {
    if (!this.config.digestEnabled) return;
    if (this.digestLog.length === DIGESTS_KEPT) this.digestLog.shift();
    this.digestLog.push({ zxid, digest: this.tree.digest });
  }

  /** Once a tick sessions expire; containers and old snapshots have their own times. */
  private watchTime(): void {
    this.every(this.config.tickTimeMs, () => {
      const nowMs = this.clock.monotonicMs();
      for (const session of this.sessions.expire(nowMs)) {
        this.metrics.staleSessionsExpired += 1;
        this.log.info(
          `session 0x${session.id.toString(16)} expired: nothing was heard of it for ${session.timeoutMs} ms`,
        );
        this.submitOwn(OpCode.closeSession, session.id, Buffer.alloc(0));
      }
      for (const connection of this.connections) {
        if (connection.session !== null) continue;
        if (nowMs - connection.openedAtMs < this.config.sessionlessCnxnTimeoutMs) continue;
        this.metrics.sessionlessExpired += 1;
        connection.close();
      }
    });
    this.every(this.config.containerCheckIntervalMs, () => {
      const { containerMaxNeverUsedIntervalMs, containerMaxPerMinute, containerCheckIntervalMs } =
        this.config;
      const most = Math.max(1, Math.floor((containerMaxPerMinute * containerCheckIntervalMs) / 60_000));
      const paths = this.tree.expiredContainers(this.clock.wallMs(), containerMaxNeverUsedIntervalMs);
      for (const path of paths.slice(0, most)) this.submitOwn(OpCode.deleteContainer, 0n, Buffer.from(path));
    });
    if (this.config.purgeIntervalHours > 0)
      this.every(this.config.purgeIntervalHours * HOUR_MS, () => {
        const removed = this.storage.purge(this.config.snapRetainCount);
        if (removed.length > 0) this.log.info(`purged ${removed.length} old snapshots and logs`);
      });
  }

  /** What the server itself wants. */
  private submitOwn(op: number, sessionId: bigint, body: Buffer): void {
    this.submit(new Request(null, sessionId, 0, op, body, 0, body.length, [], this.clock.monotonicMs()));
  }

  private every(intervalMs: number, run: () => void): void {
    const next = (): void => {
      const timer = this.clock.after(intervalMs, () => {
        this.timers.delete(timer);
        if (this.isStopped) return;
        next();
        run();
      });
      this.timers.add(timer);
    };
    next();
  }
}
