import { RareWarnings } from '../../runtime/rare-warnings.ts';
import type { Clock, Connection, Log, Runtime } from '../../runtime/runtime.ts';
import type { TlsConnection } from '../../runtime/tls.ts';
import { Writer } from '../../wire/writer.ts';
import { ErrorCode } from '../jute/error-code.ts';
import { OpCode } from '../jute/op-code.ts';
import { explainDiskFailure, messageOf } from '../storage/disk-failure.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import type { ApplyResult } from '../tree/transactions/apply-result.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { AuditLog } from '../security/audit.ts';
import type { SaslServer, SaslServers } from '../security/sasl/mechanism.ts';
import { RequestPreparer, type Reconfigure } from '../tree/requests/request-preparer.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { Admission } from './connection/admission.ts';
import { Authentication } from './connection/auth.ts';
import type { ZooKeeperConfig } from './config/config.ts';
import type { ConnectionHost } from './connection/connection-host.ts';
import { ClientConnection } from './connection/connection.ts';
import { answerWord } from './admin/four-letter.ts';
import type { MemberView } from './member-view.ts';
import { Housekeeping } from './housekeeping.ts';
import { ServerMetrics } from './metrics/metrics.ts';
import { makesEphemeral } from './sessions/local-sessions.ts';
import type { PipelineEvents, WritePath } from './pipeline/pipeline.ts';
import type { ProcessFacts } from './metrics/process-facts.ts';
import { Reads } from './connection/reads.ts';
import { Request } from './pipeline/request.ts';
import type { ServerMode, ServerRole } from './role.ts';
import type { ServerView } from './server-view.ts';
import { SessionIds } from './sessions/session-id.ts';
import { SessionTracker, type TrackedSession } from './sessions/session-tracker.ts';
import { Stats } from './metrics/stats.ts';
import { Whitelist, type FourLetterWord } from './admin/words.ts';

/** What a server needs of its storage. */
export type ServerStorage = Pick<
  ZooKeeperStorage,
  | 'tree'
  | 'lastZxid'
  | 'append'
  | 'sync'
  | 'maybeSnapshot'
  | 'purge'
  | 'snapshotBytes'
  | 'logBytes'
  | 'snapshot'
  | 'lastSnapshot'
  | 'slowSyncs'
>;

const WRITERS_KEPT = 64;
const WRITER_BYTES = 16 * 1024;
/** The `hash` word tells the digest after each of so many transactions; a power of two. */
const DIGEST_INTERVAL = 128;
const DIGESTS_KEPT = 1024;
/** Apache's: client requests, sessions, … without pings. */
export const DEFAULT_TRACE_MASK = 306n;

/**
 * A server as its clients see it: connections, sessions and the way of their requests, over the tree and its storage. What it does
 * with writes is its role's affair. Everything that happens comes in through connections, the disk, three timers and the role. A
 * member of an ensemble makes a new one each time its role changes.
 */
export class Server implements ConnectionHost, PipelineEvents, ServerView {
  readonly config: ZooKeeperConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly warnings: RareWarnings;
  readonly runtime: Runtime;
  readonly storage: ServerStorage;
  readonly reads: Reads;
  readonly authentication: Authentication;
  readonly sessions: SessionTracker<ClientConnection>;
  readonly stats = new Stats();
  readonly metrics = new ServerMetrics();
  readonly startedAtMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly digestLog: { zxid: number; digest: bigint }[] = [];
  clientPort = 0;
  /** -1: there is none. */
  secureClientPort = -1;
  initialConfiguration: string | null = null;
  /** Null: there is none. */
  audit: AuditLog | null = null;
  /** How clients authenticate by SASL; null: they can't. */
  saslServers: SaslServers | null = null;
  traceMask = DEFAULT_TRACE_MASK;
  processFacts: () => ProcessFacts | null = () => null;
  readonly whitelist: Whitelist;
  /** Settles when the server can't go on: rejected with the reason. */
  readonly failure: Promise<never>;
  private readonly fail: (reason: unknown) => void;
  private readonly role: ServerRole;
  private readonly writes: WritePath;
  private readonly ids: SessionIds;
  private readonly admission: Admission<ClientConnection>;
  private readonly writers: Writer[] = [];
  private unsent: ClientConnection[] = [];
  private readonly held = new Set<ClientConnection>();
  private readonly outstandingLimit: number;
  private readonly housekeeping: Housekeeping;
  private isStopped = false;
  private nowMs = 0;

  constructor(
    runtime: Runtime,
    config: ZooKeeperConfig,
    storage: ServerStorage,
    environment: Readonly<Record<string, string>>,
    role: ServerRole,
  ) {
    this.role = role;
    this.environment = environment;
    this.runtime = runtime;
    this.config = config;
    this.clock = runtime.clock;
    this.log = runtime.log;
    this.warnings = new RareWarnings(runtime.log, runtime.clock);
    this.admission = new Admission(config, this.warnings);
    this.storage = storage;
    this.startedAtMs = this.clock.monotonicMs();
    const { globalOutstandingLimit: limit, requestThrottleLimit: throttle } = config;
    this.outstandingLimit = throttle > 0 ? Math.min(limit, throttle) : limit;
    this.whitelist = new Whitelist(config.fourLetterWords);
    let fail: (reason: unknown) => void = () => {};
    this.failure = new Promise<never>((_, reject) => (fail = reject));
    this.failure.catch(() => {});
    this.fail = fail;
    this.authentication = new Authentication(runtime.digests, config);
    const schemes = this.authentication.schemes;
    this.reads = new Reads(storage.tree, schemes, config.skipAcl);
    this.sessions = new SessionTracker(config.tickTimeMs, this.startedAtMs);
    this.ids = new SessionIds(this.startedAtMs + (this.clock.wallMs() % 86_400_000), role.serverId);
    this.writes = role.makeWrites(this);
    // Who was connected before a restart gets its whole timeout again.
    if (role.decides)
      for (const [id, timeoutMs] of storage.tree.sessions)
        this.sessions.add(id, timeoutMs, this.startedAtMs, null);
    this.housekeeping = new Housekeeping({
      server: this,
      admission: this.admission,
      decides: role.decides,
      submitOwn: (op, sessionId, body) => this.submitOwn(op, sessionId, body),
    });
  }

  get tree(): DataTree {
    return this.storage.tree;
  }

  get connections(): ReadonlySet<ClientConnection> {
    return this.admission.connections;
  }

  get nodeCount(): number {
    return this.tree.nodeCount + 1;
  }

  get mode(): ServerMode {
    return this.role.mode;
  }

  get syncsByWrites(): boolean {
    return this.role.mode !== 'standalone';
  }

  get member(): MemberView | null {
    return this.role.member ?? null;
  }

  get isReadOnly(): boolean {
    return this.role.mode === 'read-only';
  }

  /** Whether sessions begin as this server's own. */
  private get hasLocalSessions(): boolean {
    return this.isReadOnly || (this.config.localSessionsEnabled && this.role.mode !== 'standalone');
  }

  /** Checks writes against the tree as it is from now on. */
  newPreparer(reconfigure: Reconfigure | null = null): RequestPreparer {
    const { config } = this;
    return new RequestPreparer(this.tree, {
      schemes: this.authentication.schemes,
      skipAcl: config.skipAcl,
      enforceQuota: config.enforceQuota,
      extendedTypesEnabled: config.extendedTypesEnabled,
      reconfigEnabled: config.reconfigEnabled,
      reconfigure,
      isLocalSession: this.hasLocalSessions ? (sessionId) => this.maybeLocal(sessionId) : null,
    });
  }

  /** Requests in the pipeline. */
  get outstanding(): number {
    return this.writes.outstanding;
  }

  /** tls: the same connection, if it speaks TLS. */
  accept(connection: Connection, tls: TlsConnection | null = null): void {
    if (this.isStopped || !this.admission.admits(connection)) {
      this.metrics.connectionsRejected += 1;
      connection.destroy();
      return;
    }
    const client = new ClientConnection(this, connection, tls);
    this.admission.add(client);
    connection.start(client);
  }

  newSasl(): SaslServer | null {
    return this.saslServers?.() ?? null;
  }

  submit(request: Request): void {
    if (this.hasLocalSessions && makesEphemeral(request)) this.upgrade(request);
    this.writes.submit(request);
  }

  /** Ephemeral znodes need a session that all servers know. */
  private upgrade(request: Request): void {
    const session = this.sessions.get(request.sessionId);
    if (session === undefined || !session.isLocal || this.isReadOnly) return;
    if (!this.config.localSessionsUpgradingEnabled) {
      request.refusal = ErrorCode.EphemeralOnLocalSession;
      return;
    }
    session.isLocal = false;
    const timeout = Buffer.alloc(4);
    timeout.writeInt32BE(session.timeoutMs);
    this.submitOwn(OpCode.createSession, session.id, timeout);
  }

  /** A session that isn't in the tree, but may be another server's own, or is this one's. */
  private maybeLocal(sessionId: bigint): boolean {
    const session = this.sessions.get(sessionId);
    if (session !== undefined) return session.isLocal && !session.closing;
    return BigInt.asUintN(64, sessionId) >> 56n !== BigInt(this.role.serverId & 0xff);
  }

  newSession(
    timeoutMs: number,
    connection: ClientConnection,
    nowMs: number,
  ): TrackedSession<ClientConnection> {
    return this.sessions.add(this.ids.take(), timeoutMs, nowMs, connection, this.hasLocalSessions);
  }

  reopen(
    connection: ClientConnection,
    sessionId: bigint,
    timeoutMs: number,
    then: (session: TrackedSession<ClientConnection> | null) => void,
  ): void {
    const local = this.sessions.get(sessionId);
    if (local?.isLocal === true) {
      this.sessions.renew(local, timeoutMs, this.clock.monotonicMs(), connection);
      then(local);
      return;
    }
    this.role.revalidate(this, sessionId, timeoutMs, (isAlive) => {
      if (!isAlive) {
        then(null);
        return;
      }
      const nowMs = this.clock.monotonicMs();
      const session =
        this.sessions.get(sessionId) ?? this.sessions.add(sessionId, timeoutMs, nowMs, connection);
      this.sessions.renew(session, timeoutMs, nowMs, connection);
      then(session);
    });
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
    if (this.writes.outstanding <= this.outstandingLimit || connection.queued === 0) return;
    this.metrics.throttled += 1;
    this.held.add(connection);
    connection.hold();
  }

  word(connection: ClientConnection, word: FourLetterWord, argument: Buffer): void {
    const text = this.whitelist.allows(word)
      ? answerWord(this, word, argument)
      : `${word} is not executed because it is not in the whitelist.\n`;
    if (text !== '') {
      this.stats.sent += 1;
      connection.connection.write(Buffer.from(text, 'utf8'));
    }
    connection.close();
  }

  forget(connection: ClientConnection): void {
    if (!this.admission.remove(connection)) return;
    this.held.delete(connection);
    this.tree.watches.removeWatcher(connection);
  }

  applied(request: Request | null, transaction: Transaction, result: ApplyResult): void {
    const { zxid, sessionId, type } = transaction.header;
    const closes = type === OpCode.closeSession;
    const session = closes ? this.sessions.get(sessionId) : undefined;
    if (closes) this.sessions.remove(sessionId);
    if (this.nowMs === 0) this.nowMs = this.clock.monotonicMs();
    if ((zxid & (DIGEST_INTERVAL - 1)) === 0) this.recordDigest(zxid);
    this.audit?.applied(request, transaction, result);
    if (request !== null) request.requester?.answerWrite(request, zxid, result, this.nowMs);
    if (session !== undefined) session.connection?.close();
  }

  settled(): void {
    this.nowMs = 0;
    this.sendUnsent();
    if (this.held.size === 0 || this.writes.outstanding > this.outstandingLimit / 2) return;
    const held = [...this.held];
    this.held.clear();
    for (const connection of held) connection.release();
  }

  failed(error: unknown): void {
    if (this.isStopped) return;
    const reason = explainDiskFailure(error);
    this.log.error(`the transaction log can't be written, so this server ends: ${messageOf(reason)}`);
    this.fail(reason);
    this.stop();
  }

  resetStats(): void {
    this.stats.reset();
    this.metrics.reset();
  }

  /** Drops all connections. Sessions live on for the next start. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.housekeeping.stop();
    for (const connection of this.connections) connection.close();
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

  /** What the server itself wants. */
  private submitOwn(op: number, sessionId: bigint, body: Buffer): void {
    this.submit(new Request(null, sessionId, 0, op, body, 0, body.length, [], this.clock.monotonicMs()));
  }
}
