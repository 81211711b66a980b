import type { Connection, Endpoint, Runtime, Timer } from '../../runtime/runtime.ts';
import type { TlsContext } from '../../runtime/tls.ts';
import { FrameSplitter } from '../../wire/frames.ts';
import type { Reader } from '../../wire/reader.ts';
import { Writer } from '../../wire/writer.ts';
import {
  Op,
  firstFailure,
  readAcl,
  readBuffer,
  readMulti,
  readStat,
  readString,
  readStrings,
  writeAcl,
  writeBuffer,
  writeCreate,
  writeMulti,
  writeString,
} from './codec.ts';
import { ZooKeeperError, ZooKeeperErrorCode } from './errors.ts';
import { ClientSession, type Output } from './session.ts';
import {
  openAcl,
  type Acl,
  type AuthInfo,
  type CreateMode,
  type MultiOp,
  type MultiResult,
  type SessionState,
  type Stat,
  type Watcher,
} from './types.ts';
import type { Credentials } from '../security/sasl/logins.ts';
import { SaslError, type SaslClient, type SaslClients } from '../security/sasl/mechanism.ts';
import { withPassword } from '../security/sasl/mechanisms.ts';
import { ClientWatches } from './watches.ts';

export interface ZooKeeperClientOptions {
  readonly servers: readonly Endpoint[];
  /** All paths are below it, e.g. `/kafka`. It must exist (or be created through a client without it). */
  readonly chroot?: string;
  readonly sessionTimeoutMs: number;
  /** Sent anew on each connection. */
  readonly auth?: readonly AuthInfo[];
  /** `context` is asked for at each connection, so that keys may change. */
  readonly tls?: { context(): TlsContext; verifiesHost: boolean };
  /**
   * Proves by SASL whose session it is, on each connection: by DIGEST-MD5, or as `saslToServers` has it. When a server doesn't believe it,
   * that is final.
   */
  readonly sasl?: Credentials | SaslClients;
  /** For a connection and the server's greeting. */
  readonly connectTimeoutMs?: number;
}

/** A node of a large cluster's metadata is megabytes at most; Apache's own client takes 1 MiB unless told otherwise. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/**
 * A session with a ZooKeeper ensemble. Requests are pipelined: those of one turn leave in one write, answers come in order. Calls
 * made before the first connection wait for it; while disconnected later, they reject with ConnectionLoss, and so do those whose
 * answer was lost. `expired` is final: make a new client.
 */
export class ZooKeeperClient {
  private readonly runtime: Runtime;
  private readonly servers: Endpoint[];
  private readonly chroot: string;
  private readonly connectTimeoutMs: number;
  private readonly tls: ZooKeeperClientOptions['tls'];
  private readonly sasl: SaslClients | undefined;
  private readonly session: ClientSession;
  private readonly watches = new ClientWatches();
  private readonly listeners: ((state: SessionState) => void)[] = [];
  private currentState: SessionState = 'connecting';
  private everConnected = false;
  private nextServer = 0;
  private connection: Connection | null = null;
  /** Counts the tries to connect: what belongs to an older one is ignored. */
  private attempt = 0;
  private unsent: Buffer[] = [];
  private timer: Timer | null = null;
  private timerAt = Infinity;

  constructor(runtime: Runtime, options: ZooKeeperClientOptions) {
    this.runtime = runtime;
    this.servers = shuffled(options.servers, runtime);
    this.chroot = options.chroot === undefined || options.chroot === '/' ? '' : options.chroot;
    this.tls = options.tls;
    this.sasl = typeof options.sasl === 'object' ? withPassword(runtime, options.sasl) : options.sasl;
    this.connectTimeoutMs =
      options.connectTimeoutMs ?? Math.max(1000, Math.ceil(options.sessionTimeoutMs / this.servers.length));
    this.session = new ClientSession(
      {
        sessionTimeoutMs: options.sessionTimeoutMs,
        connectTimeoutMs: this.connectTimeoutMs,
        servers: this.servers.length,
        auth: options.auth ?? [],
      },
      this.watches,
    );
  }

  get sessionId(): bigint {
    return this.session.sessionId;
  }

  get state(): SessionState {
    return this.currentState;
  }

  /** Called on each change, not for the present state. */
  onState(listener: (state: SessionState) => void): void {
    this.listeners.push(listener);
  }

  start(): void {
    this.step((out) => this.session.start(out));
  }

  /** Resolves when connected for the first time; rejects when the client ends before. */
  connected(): Promise<void> {
    if (this.everConnected) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (state: SessionState): void => {
        if (state === 'connected') resolve();
        else if (state !== 'connecting') reject(new ZooKeeperError(ZooKeeperErrorCode.SessionExpired, ''));
      };
      this.onState(settle);
      settle(this.currentState);
    });
  }

  /** Ends the session; its ephemeral nodes are gone when this resolves, if a server could be told. */
  close(): Promise<void> {
    const done = new Promise<void>((resolve) => {
      if (isFinal(this.currentState)) resolve();
      else this.onState((state) => (isFinal(state) ? resolve() : undefined));
    });
    this.step((out) => this.session.close(this.now(), out));
    return done;
  }

  /** `stat` is there for containers only: other creates aren't told. */
  create(
    path: string,
    data: Buffer | null,
    options: { mode?: CreateMode; acl?: readonly Acl[] } = {},
  ): Promise<{ path: string; stat: Stat | null }> {
    const mode = options.mode ?? 'persistent';
    return this.call(
      mode === 'container' ? Op.createContainer : Op.create,
      path,
      (w) => writeCreate(w, this.inServer(path), data, options.acl ?? openAcl, mode),
      (r) => ({ path: this.fromServer(readString(r)), stat: mode === 'container' ? readStat(r) : null }),
    );
  }

  delete(path: string, version = -1): Promise<void> {
    return this.call(
      Op.delete,
      path,
      (w) => {
        writeString(w, this.inServer(path));
        w.int32(version);
      },
      () => {},
    );
  }

  /** Null when there is no such node; the watcher then waits for its creation. */
  exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    const server = this.inServer(path);
    return this.call<Stat | null>(
      Op.exists,
      path,
      (w) => writeRead(w, server, watcher),
      (r) => {
        if (watcher !== undefined) this.watches.add('data', server, watcher);
        return readStat(r);
      },
      (code) => {
        if (code !== ZooKeeperErrorCode.NoNode) return undefined;
        if (watcher !== undefined) this.watches.add('exist', server, watcher);
        return null;
      },
    );
  }

  getData(path: string, watcher?: Watcher): Promise<{ data: Buffer | null; stat: Stat }> {
    const server = this.inServer(path);
    return this.call(
      Op.getData,
      path,
      (w) => writeRead(w, server, watcher),
      (r) => {
        if (watcher !== undefined) this.watches.add('data', server, watcher);
        const data = readBuffer(r);
        return { data, stat: readStat(r) };
      },
    );
  }

  /** Names in no order. */
  getChildren(path: string, watcher?: Watcher): Promise<string[]> {
    const server = this.inServer(path);
    return this.call(
      Op.getChildren2,
      path,
      (w) => writeRead(w, server, watcher),
      (r) => {
        if (watcher !== undefined) this.watches.add('children', server, watcher);
        return readStrings(r);
      },
    );
  }

  setData(path: string, data: Buffer | null, version = -1): Promise<Stat> {
    return this.call(
      Op.setData,
      path,
      (w) => {
        writeString(w, this.inServer(path));
        writeBuffer(w, data);
        w.int32(version);
      },
      readStat,
    );
  }

  getAcl(path: string): Promise<{ acl: Acl[]; stat: Stat }> {
    return this.call(
      Op.getAcl,
      path,
      (w) => writeString(w, this.inServer(path)),
      (r) => {
        const acl = readAcl(r);
        return { acl, stat: readStat(r) };
      },
    );
  }

  setAcl(path: string, acl: readonly Acl[], aversion = -1): Promise<Stat> {
    return this.call(
      Op.setAcl,
      path,
      (w) => {
        writeString(w, this.inServer(path));
        writeAcl(w, acl);
        w.int32(aversion);
      },
      readStat,
    );
  }

  /** Resolves when the server asked has all that was committed before. */
  sync(path: string): Promise<void> {
    return this.call(
      Op.sync,
      path,
      (w) => writeString(w, this.inServer(path)),
      () => {},
    );
  }

  /**
   * Changes the servers of the ensemble: `joining` and `leaving` some, or all by `members`. Resolves with the new configuration, as
   * /zookeeper/config has it.
   */
  reconfig(change: {
    readonly joining?: string;
    readonly leaving?: string;
    readonly members?: string;
    readonly fromVersion?: number;
  }): Promise<{ data: Buffer | null; stat: Stat }> {
    const writeNullable = (w: Writer, text: string | undefined): void => {
      if (text === undefined) w.int32(-1);
      else writeString(w, text);
    };
    return this.call(
      Op.reconfig,
      '/zookeeper/config',
      (w) => {
        writeNullable(w, change.joining);
        writeNullable(w, change.leaving);
        writeNullable(w, change.members);
        w.int64(change.fromVersion ?? -1);
      },
      (r) => ({ data: readBuffer(r), stat: readStat(r) }),
    );
  }

  /** All or nothing. Rejects with the first failing operation's error, whose `results` has one for each. */
  multi(ops: readonly MultiOp[]): Promise<MultiResult[]> {
    const inServer = ops.map((op) => ({ ...op, path: this.inServer(op.path) }));
    return this.call(
      Op.multi,
      '',
      (w) => writeMulti(w, inServer, openAcl),
      (r) => {
        const results = readMulti(r).map((result) =>
          result.kind === 'create' ? { ...result, path: this.fromServer(result.path) } : result,
        );
        const failure = firstFailure(results);
        if (failure !== null) throw new ZooKeeperError(failure.code, ops[failure.index]?.path ?? '', results);
        return results;
      },
    );
  }

  /** `decode` reads a good answer; `absorb` may turn an error's code into a value (undefined: it stays an error). */
  private call<T>(
    type: number,
    path: string,
    encode: (w: Writer) => void,
    decode: (r: Reader) => T,
    absorb?: (code: number) => T | undefined,
  ): Promise<T> {
    const w = new Writer(128);
    encode(w);
    const body = w.finish();
    return new Promise<T>((resolve, reject) => {
      const answer = (code: number, reply: Reader): void => {
        try {
          if (code === 0) resolve(decode(reply));
          else {
            const value = absorb?.(code);
            if (value === undefined) reject(new ZooKeeperError(code, path));
            else resolve(value);
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.step((out) => this.session.submit({ type, body, answer }, this.now(), out));
    });
  }

  private inServer(path: string): string {
    if (this.chroot === '') return path;
    return path === '/' ? this.chroot : this.chroot + path;
  }

  private fromServer(path: string): string {
    if (this.chroot === '' || !path.startsWith(this.chroot)) return path;
    return path === this.chroot ? '/' : path.slice(this.chroot.length);
  }

  private now(): number {
    return this.runtime.clock.monotonicMs();
  }

  /** Lets the session decide and does what it says. */
  private step(decide: (out: Output[]) => void): void {
    const out: Output[] = [];
    decide(out);
    for (const output of out) this.perform(output);
    this.arm();
  }

  private perform(output: Output): void {
    switch (output.kind) {
      case 'send':
        if (this.unsent.length === 0) this.runtime.clock.soon(() => this.flush());
        this.unsent.push(output.bytes);
        break;
      case 'answer':
        output.request.answer(output.code, output.reply);
        break;
      case 'event': {
        const event = { type: output.type, path: this.fromServer(output.path) };
        // In the order of the answers around it, whose callers go on in microtasks.
        for (const watcher of this.watches.take(output.type, output.path))
          queueMicrotask(() => watcher(event));
        break;
      }
      case 'state':
        this.currentState = output.state;
        if (output.state === 'connected') this.everConnected = true;
        if (isFinal(output.state)) this.watches.clear();
        for (const listener of this.listeners.slice()) listener(output.state);
        break;
      case 'dial': {
        const attempt = ++this.attempt;
        const jitter = output.delayMs * (0.5 + this.runtime.random.float() / 2);
        if (output.delayMs === 0) void this.dial(attempt);
        else this.runtime.clock.after(jitter, () => void this.dial(attempt));
        break;
      }
      case 'hangUp':
        this.attempt += 1;
        this.flush();
        this.connection?.end();
        this.connection = null;
        break;
    }
  }

  private flush(): void {
    const unsent = this.unsent;
    if (unsent.length === 0) return;
    this.unsent = [];
    this.connection?.write(unsent.length === 1 ? unsent[0]! : Buffer.concat(unsent));
  }

  private async dial(attempt: number): Promise<void> {
    if (attempt !== this.attempt || isFinal(this.currentState)) return;
    const server = this.servers[this.nextServer++ % this.servers.length]!;
    try {
      const addresses = await this.runtime.network.resolve(server.host);
      const host = addresses[this.runtime.random.below(addresses.length)] ?? server.host;
      const to = { host, port: server.port };
      const timeoutMs = this.connectTimeoutMs;
      let connection = await this.runtime.network.connect(to, { timeoutMs });
      if (this.tls !== undefined) {
        const hosts = this.tls.verifiesHost ? [server.host, host] : [];
        connection = await this.runtime.tls.connect(connection, this.tls.context(), hosts, { timeoutMs });
      }
      const exchange = this.sasl === undefined ? null : await this.sasl(server.host);
      if (attempt === this.attempt) this.use(connection, exchange, attempt);
      else {
        connection.destroy();
        exchange?.dispose?.();
      }
    } catch (error) {
      if (attempt !== this.attempt) return;
      const tell = error instanceof SaslError ? 'warn' : 'debug';
      this.runtime.log[tell](`ZooKeeper at ${server.host}:${server.port} can't be reached: ${String(error)}`);
      this.step((out) => this.session.lost(out));
    }
  }

  private use(connection: Connection, exchange: SaslClient | null, attempt: number): void {
    const splitter = new FrameSplitter(MAX_FRAME_BYTES);
    this.connection = connection;
    this.unsent = [];
    const lost = (): void => {
      exchange?.dispose?.();
      if (attempt !== this.attempt) return;
      this.connection = null;
      this.step((out) => this.session.lost(out));
    };
    connection.start({
      data: (bytes) => {
        try {
          splitter.push(bytes, (frame) => {
            if (attempt === this.attempt) this.step((out) => this.session.frame(frame, this.now(), out));
          });
        } catch (error) {
          this.runtime.log.warn(
            `ZooKeeper at ${connection.remote.host} sent what can't be read: ${String(error)}`,
          );
          connection.destroy();
          lost();
        }
      },
      closed: lost,
    });
    this.step((out) => this.session.opened(this.now(), exchange, out));
  }

  /** One timer for the session's next deadline; a deadline that moved away is found out when it fires. */
  private arm(): void {
    const deadline = this.session.deadline;
    if (deadline >= this.timerAt) return;
    this.timer?.cancel();
    if (deadline === Infinity) return;
    this.timerAt = deadline;
    this.timer = this.runtime.clock.after(Math.max(0, deadline - this.now()), () => {
      this.timer = null;
      this.timerAt = Infinity;
      this.step((out) => this.session.tick(this.now(), out));
    });
  }
}

function isFinal(state: SessionState): boolean {
  return state === 'expired' || state === 'closed';
}

function writeRead(w: Writer, path: string, watcher: Watcher | undefined): void {
  writeString(w, path);
  w.bool(watcher !== undefined);
}

function shuffled(servers: readonly Endpoint[], runtime: Runtime): Endpoint[] {
  const order = [...servers];
  for (let i = order.length - 1; i > 0; i--) {
    const j = runtime.random.below(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}
