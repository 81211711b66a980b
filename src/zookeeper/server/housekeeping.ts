import type { Timer } from '../../runtime/runtime.ts';
import { OpCode } from '../jute/op-code.ts';
import type { Admission } from './connection/admission.ts';
import type { ClientConnection } from './connection/connection.ts';
import type { Server } from './server.ts';
import type { TrackedSession } from './sessions/session-tracker.ts';
import { WallClockWatch } from './wall-clock-watch.ts';

const HOUR_MS = 3_600_000;
/** Some 25 days. */
const LONGEST_TIMER_MS = 0x7fffffff;

export interface HousekeepingOptions {
  readonly server: Pick<
    Server,
    'clock' | 'log' | 'warnings' | 'config' | 'storage' | 'tree' | 'sessions' | 'metrics'
  >;
  readonly admission: Admission<ClientConnection>;
  /** Whether this server decides which sessions and containers end: the leader, or who is alone. */
  readonly decides: boolean;
  /** Has the server write something of its own. */
  readonly submitOwn: (op: number, sessionId: bigint, body: Buffer) => void;
}

/** What a server does by itself as time goes by: once a tick sessions expire; containers and old snapshots have their own times. */
export class Housekeeping {
  private readonly options: HousekeepingOptions;
  private readonly timers = new Set<Timer>();

  constructor(options: HousekeepingOptions) {
    this.options = options;
    const { clock, config, warnings } = options.server;
    const wallClock = new WallClockWatch(clock, warnings);
    this.every(config.tickTimeMs, () => {
      const nowMs = clock.monotonicMs();
      wallClock.look();
      this.expireSessions(nowMs);
      this.dropSessionless(nowMs);
    });
    if (options.decides) this.every(config.containerCheckIntervalMs, () => this.expireContainers());
    if (config.purgeIntervalHours > 0) {
      this.timers.add(clock.after(0, () => this.purge()));
      this.every(Math.min(config.purgeIntervalHours * HOUR_MS, LONGEST_TIMER_MS), () => this.purge());
    }
  }

  stop(): void {
    for (const timer of this.timers) timer.cancel();
    this.timers.clear();
  }

  private expireSessions(nowMs: number): void {
    for (const session of this.options.server.sessions.expire(nowMs))
      if (session.isLocal) this.endLocal(session);
      else if (this.options.decides) this.expire(session);
      else this.keep(session, nowMs);
  }

  private endLocal(session: TrackedSession<ClientConnection>): void {
    const { metrics, sessions } = this.options.server;
    metrics.staleSessionsExpired += 1;
    sessions.remove(session.id);
    session.connection?.close();
  }

  /** Others decide whether it lives; what nobody speaks for here is of no interest here. */
  private keep(session: TrackedSession<ClientConnection>, nowMs: number): void {
    const { sessions } = this.options.server;
    session.closing = false;
    if (session.connection === null) sessions.remove(session.id);
    else sessions.renew(session, session.timeoutMs, nowMs, session.connection);
  }

  private expire(session: TrackedSession<ClientConnection>): void {
    const { log, metrics, tree } = this.options.server;
    metrics.staleSessionsExpired += 1;
    const owned = [...tree.ephemeralsOf(session.id)];
    const goes = owned.length === 0 ? '' : `; its ephemeral znodes go with it: ${named(owned)}`;
    log.info(
      `session 0x${session.id.toString(16)} expired: nothing was heard of it for ${session.timeoutMs / 1000} s${goes}`,
    );
    this.options.submitOwn(OpCode.closeSession, session.id, Buffer.alloc(0));
  }

  private dropSessionless(nowMs: number): void {
    const { admission, server } = this.options;
    for (const connection of admission.overdue(nowMs)) {
      server.metrics.sessionlessExpired += 1;
      connection.close();
    }
  }

  private expireContainers(): void {
    const { clock, config, tree } = this.options.server;
    const { containerMaxNeverUsedIntervalMs, containerMaxPerMinute, containerCheckIntervalMs } = config;
    const most = Math.max(1, Math.floor((containerMaxPerMinute * containerCheckIntervalMs) / 60_000));
    const paths = tree.expiredContainers(clock.wallMs(), containerMaxNeverUsedIntervalMs);
    for (const path of paths.slice(0, most))
      this.options.submitOwn(OpCode.deleteContainer, 0n, Buffer.from(path));
  }

  private purge(): void {
    const { config, log, storage } = this.options.server;
    try {
      const removed = storage.purge(config.snapRetainCount);
      if (removed.length > 0) log.info(`purged ${removed.length} old snapshots and logs`);
    } catch (error) {
      log.warn(`old snapshots and logs can't be removed: ${(error as Error).message}`);
    }
  }

  private every(intervalMs: number, run: () => void): void {
    const next = (): void => {
      const timer = this.options.server.clock.after(intervalMs, () => {
        this.timers.delete(timer);
        next();
        run();
      });
      this.timers.add(timer);
    };
    next();
  }
}

/** A few of them, and how many more there are. */
function named(paths: readonly string[]): string {
  const few = paths.slice(0, 3).join(', ');
  return paths.length <= 3 ? few : `${few} and ${paths.length - 3} more`;
}
