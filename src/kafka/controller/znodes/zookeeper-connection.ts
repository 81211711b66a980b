import type { Clock, Log } from '../../../runtime/runtime.ts';
import type { ZooKeeperClient } from '../../../zookeeper/client/client.ts';
import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import { creatorAcl, openAcl, readAcl } from '../../../zookeeper/client/types.ts';
import type {
  Acl,
  CreateMode,
  MultiOp,
  MultiResult,
  Stat,
  Watcher,
} from '../../../zookeeper/client/types.ts';
import { isSensitive, paths } from './paths.ts';

/** What is needed of a ZooKeeper client. */
export type ZooKeeperSession = Pick<
  ZooKeeperClient,
  | 'start'
  | 'connected'
  | 'close'
  | 'sessionId'
  | 'state'
  | 'onState'
  | 'create'
  | 'delete'
  | 'exists'
  | 'getData'
  | 'getChildren'
  | 'setData'
  | 'multi'
>;

export interface ZooKeeperConnectionOptions {
  /** Makes a client (not started yet) whose paths are below `chroot`; '' is the root. */
  open(chroot: string): ZooKeeperSession;
  /** '' or like `/some/chroot`; made with its parents when absent. */
  chroot: string;
  /** zookeeper.set.acl: znodes belong to who made them. */
  protectZnodes: boolean;
}

/** After a connection loss with the session still shown as connected: time for the client to notice. */
const RETRY_PAUSE_MS = 50;

/**
 * ZooKeeper as a broker uses it: requests survive lost connections, a new session follows an expired one, and watches are
 * handlers that stay: each read of a watched path arms its watch again. Requests of one turn are pipelined.
 */
export class ZooKeeperConnection {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly options: ZooKeeperConnectionOptions;
  private session: ZooKeeperSession;
  private readonly oldSessions = new Set<bigint>();
  private readonly dataWatches = new Map<string, PathWatch>();
  private readonly childWatches = new Map<string, PathWatch>();
  private waiting: (() => void)[] = [];
  private readonly expiredListeners: (() => void)[] = [];
  private readonly sessionListeners: (() => void)[] = [];
  private closed = false;

  constructor(clock: Clock, log: Log, options: ZooKeeperConnectionOptions) {
    this.clock = clock;
    this.log = log;
    this.options = options;
    this.session = options.open(options.chroot);
  }

  /** Makes the chroot and connects. Rejects as the client's `connected` does. */
  async start(): Promise<void> {
    if (this.options.chroot !== '') await this.makeChroot();
    this.follow(this.session);
    this.session.start();
    await this.session.connected();
  }

  /** Ends the session: ephemeral znodes vanish at once. */
  async close(): Promise<void> {
    this.closed = true;
    await this.session.close();
    this.wake();
  }

  get sessionId(): bigint {
    return this.session.sessionId;
  }

  /** Whether that session was an earlier one of this connection. */
  isOldSession(sessionId: bigint): boolean {
    return this.oldSessions.has(sessionId);
  }

  /** The session is over: its ephemeral znodes are gone. Called before a new one is tried. */
  onExpired(listener: () => void): void {
    this.expiredListeners.push(listener);
  }

  /** A session follows an expired one. Called before the handlers of watches. */
  onNewSession(listener: () => void): void {
    this.sessionListeners.push(listener);
  }

  /** Calls `changed` when the path was created, deleted or its data changed since it was last read, and on a new session. */
  watchData(path: string, changed: () => void): () => void {
    return register(this.dataWatches, path, changed);
  }

  /** Calls `changed` when the children of the path changed since they were last read, and on a new session. */
  watchChildren(path: string, changed: () => void): () => void {
    return register(this.childWatches, path, changed);
  }

  create(path: string, data: Buffer | null, mode: CreateMode = 'persistent'): Promise<string> {
    const acl = this.aclFor(path);
    return this.retry(async (session) => (await session.create(path, data, { mode, acl })).path);
  }

  /** Makes a znode and its parents; false when it was there. */
  async createWithParents(path: string, data: Buffer | null = null): Promise<boolean> {
    try {
      await this.create(path, data);
      return true;
    } catch (error) {
      if (isZooKeeperError(error, 'NodeExists')) return false;
      if (!isZooKeeperError(error, 'NoNode')) throw error;
    }
    await this.createWithParents(path.slice(0, path.lastIndexOf('/')));
    return this.createWithParents(path, data);
  }

  delete(path: string, version = -1): Promise<void> {
    return this.retry((session) => session.delete(path, version));
  }

  exists(path: string): Promise<Stat | null> {
    const watch = this.dataWatches.get(path);
    return this.retry((session) => armed(watch, (watcher) => session.exists(path, watcher)));
  }

  /** Null when there is no such znode; also then a watch is armed. */
  async read(path: string): Promise<{ data: Buffer | null; stat: Stat } | null> {
    for (;;) {
      try {
        return await this.getData(path);
      } catch (error) {
        if (!isZooKeeperError(error, 'NoNode')) throw error;
      }
      if (!this.dataWatches.has(path) || (await this.exists(path)) === null) return null;
    }
  }

  /** Null when there is no such znode. */
  children(path: string): Promise<string[] | null> {
    const watch = this.childWatches.get(path);
    return this.retry(async (session) => {
      try {
        return await armed(watch, (watcher) => session.getChildren(path, watcher));
      } catch (error) {
        if (isZooKeeperError(error, 'NoNode')) return null;
        throw error;
      }
    });
  }

  setData(path: string, data: Buffer | null, version = -1): Promise<Stat> {
    return this.retry((session) => session.setData(path, data, version));
  }

  multi(ops: readonly MultiOp[]): Promise<MultiResult[]> {
    return this.retry((session) => session.multi(ops));
  }

  aclFor(path: string): readonly Acl[] {
    if (!this.options.protectZnodes || path === paths.consumers) return openAcl;
    return isSensitive(path) ? creatorAcl : [...creatorAcl, ...readAcl];
  }

  private getData(path: string): Promise<{ data: Buffer | null; stat: Stat }> {
    const watch = this.dataWatches.get(path);
    return this.retry((session) => armed(watch, (watcher) => session.getData(path, watcher)));
  }

  private async makeChroot(): Promise<void> {
    const root = this.options.open('');
    root.start();
    try {
      await root.connected();
      const parts = this.options.chroot.split('/').slice(1);
      for (let count = 1; count <= parts.length; count++) {
        const path = `/${parts.slice(0, count).join('/')}`;
        await root.create(path, null, { acl: this.aclFor(path) }).catch((error: unknown) => {
          if (!isZooKeeperError(error, 'NodeExists')) throw error;
        });
      }
    } finally {
      await root.close();
    }
  }

  private follow(session: ZooKeeperSession): void {
    session.onState((state) => {
      if (state === 'connected' || state === 'closed') this.wake();
      if (state === 'expired' && session === this.session && !this.closed) this.renew(session);
    });
  }

  private renew(expired: ZooKeeperSession): void {
    this.log.warn('The ZooKeeper session expired; starting a new one.', { sessionId: expired.sessionId });
    this.oldSessions.add(expired.sessionId);
    const session = this.options.open(this.options.chroot);
    this.session = session;
    this.wake();
    for (const watch of this.allWatches()) watch.armed = false;
    for (const listener of this.expiredListeners) listener();
    this.follow(session);
    // A server that ends every session at once must not be asked without a pause.
    this.clock.after(RETRY_PAUSE_MS, () => {
      if (!this.closed && session === this.session) this.begin(session);
    });
  }

  private begin(session: ZooKeeperSession): void {
    session.start();
    session.connected().then(
      () => {
        if (session !== this.session || this.closed) return;
        for (const listener of this.sessionListeners) listener();
        for (const watch of this.allWatches()) watch.fire();
      },
      (error: unknown) => {
        if (!this.closed) this.log.error('ZooKeeper can not be reached.', { cause: String(error) });
      },
    );
  }

  private allWatches(): PathWatch[] {
    return [...this.dataWatches.values(), ...this.childWatches.values()];
  }

  /** Repeats what failed for a lost connection; what it changes must be told from a first success by the caller. */
  private async retry<T>(run: (session: ZooKeeperSession) => Promise<T>): Promise<T> {
    for (;;) {
      const session = this.session;
      try {
        return await run(session);
      } catch (error) {
        if (!isZooKeeperError(error, 'ConnectionLoss') || this.closed) throw error;
        if (session !== this.session) throw error;
      }
      if (session.state === 'connected') {
        await new Promise<void>((resolve) => {
          this.clock.after(RETRY_PAUSE_MS, resolve);
        });
      } else {
        await new Promise<void>((resolve) => {
          this.waiting.push(resolve);
        });
      }
    }
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The handlers of one path. ZooKeeper's watches are one-shot: the next read arms it again. */
class PathWatch {
  armed = false;
  readonly handlers = new Set<() => void>();
  readonly watcher: Watcher = () => {
    this.armed = false;
    this.fire();
  };

  fire(): void {
    for (const handler of this.handlers) handler();
  }
}

/** Reads with the watch, unless an earlier read's watch is still waiting. A failed read leaves none. */
async function armed<T>(watch: PathWatch | undefined, read: (watcher?: Watcher) => Promise<T>): Promise<T> {
  if (watch === undefined || watch.armed) return read();
  watch.armed = true; // before the answer: the event may arrive in the same packet
  try {
    return await read(watch.watcher);
  } catch (error) {
    watch.armed = false;
    throw error;
  }
}

function register(watches: Map<string, PathWatch>, path: string, changed: () => void): () => void {
  const watch = watches.get(path) ?? new PathWatch();
  watches.set(path, watch);
  watch.handlers.add(changed);
  return () => {
    watch.handlers.delete(changed);
    if (watch.handlers.size === 0 && watches.get(path) === watch) watches.delete(path);
  };
}
