import type { Connection, Endpoint, Runtime } from '../../../runtime/runtime.ts';
import type { TlsConnection } from '../../../runtime/tls.ts';
import { ClientPorts } from '../../security/client-ports.ts';
import { startAdmin } from '../../server/admin/admin.ts';
import { PROMETHEUS_PROVIDER, type ZooKeeperConfig } from '../../server/config/config.ts';
import type { MemberConfig } from '../../server/config/server-line.ts';
import { startPrometheus } from '../../server/metrics/prometheus.ts';
import type { ServerMode } from '../../server/role.ts';
import type { ServerFacts } from '../../server/server-view.ts';
import { Server } from '../../server/server.ts';
import type { ZooKeeperStorage } from '../../storage/storage.ts';
import { NotServing } from './not-serving.ts';
import { readOnlyRole } from './read-only-role.ts';

/** Read-only mode begins no earlier, though ticks be shorter. */
const LEAST_WAIT_FOR_LEADER_MS = 2000;

/**
 * What clients meet at a member: its ports are open all the time, and behind them a server that comes and goes with its roles. While
 * there is none they are told so, or may read what there is (readonlymode.enabled).
 */
export class Serving {
  clientPort = 0;
  private readonly runtime: Runtime;
  private readonly config: ZooKeeperConfig;
  private readonly facts: ServerFacts;
  private readonly equip: (server: Server) => void;
  private readonly notServing: NotServing;
  private server: Server | null = null;
  private ports: ClientPorts | null = null;
  private closeAdmin: (() => Promise<void>) | null = null;
  /** What lives as long as the server does. */
  private closers: (() => Promise<void>)[] = [];

  /** equip: completes each server before it serves. */
  constructor(facts: ServerFacts, equip: (server: Server) => void) {
    this.runtime = facts.runtime;
    this.config = facts.config;
    this.facts = facts;
    this.equip = equip;
    this.notServing = new NotServing(facts.runtime, facts.config);
  }

  /** Rejects as `ClientPorts.open` does. */
  async open(): Promise<void> {
    const { runtime, config } = this;
    this.ports = await ClientPorts.open(runtime, config, (connection, tls) => this.accept(connection, tls));
    this.clientPort = this.ports.endpoint.port;
  }

  async openAdmin(): Promise<void> {
    if (this.config.adminEnabled) this.closeAdmin = await startAdmin(this.facts, () => this.server);
  }

  /** What it serves as at the moment; null: it doesn't. */
  get mode(): ServerMode | null {
    return this.server?.mode ?? null;
  }

  get secureEndpoint(): Endpoint | null {
    return this.ports?.secureEndpoint ?? null;
  }

  /** Clients are served by that one from now on. */
  begin(server: Server): void {
    this.put(server);
    this.runtime.log.info(
      `ZooKeeper serves clients on ${this.ports?.sentence ?? 'no port'}, ${server.tree.nodeCount} znodes up to zxid 0x${server.tree.lastZxid.toString(16)}`,
    );
    if (this.config.metricsProvider !== PROMETHEUS_PROVIDER) return;
    startPrometheus(server).then(
      (close) => {
        if (this.server === server) this.closers.push(close);
        else void close();
      },
      (error: unknown) => this.runtime.log.warn(String(error)),
    );
  }

  /** Nobody serves any more. */
  end(): void {
    this.server = null;
  }

  /** Resolves when what belonged to the last server is closed. */
  async ended(): Promise<void> {
    this.server = null;
    for (const close of this.closers.splice(0)) await close();
  }

  /** Serves readers once the search for a leader has taken a while. @returns what ends it. */
  readOnlySoon(self: number, storage: ZooKeeperStorage): () => void {
    const { runtime, config, facts } = this;
    if (!config.readOnlyModeEnabled) return () => {};
    let server: Server | null = null;
    const timer = runtime.clock.after(Math.max(LEAST_WAIT_FOR_LEADER_MS, config.tickTimeMs), () => {
      server = new Server(runtime, config, storage, facts.environment, readOnlyRole(self));
      this.put(server);
      runtime.log.warn(
        `no leader is found: this server answers read-only clients from what it has, up to zxid 0x${storage.tree.lastZxid.toString(16)}`,
      );
    });
    return () => {
      timer.cancel();
      if (server === null) return;
      this.server = null;
      server.stop();
    };
  }

  /** The server's own line changed: clients without TLS come where that says, if it says so. */
  move({ client: before }: MemberConfig, { client }: MemberConfig): void {
    const { ports, runtime } = this;
    if (client === null || (client.host === before?.host && client.port === before.port)) return;
    if (client.port === this.clientPort && before === null) return;
    ports?.move(client).then(
      () => {
        this.clientPort = ports.endpoint.port;
        runtime.log.info(`ZooKeeper serves clients on ${ports.sentence} from now on`);
      },
      (error: unknown) => runtime.log.error(`the new client port can't be opened: ${String(error)}`),
    );
  }

  async close(): Promise<void> {
    await this.ports?.close();
    this.notServing.close();
    await this.closeAdmin?.();
  }

  private put(server: Server): void {
    this.equip(server);
    server.clientPort = this.clientPort;
    server.secureClientPort = this.secureEndpoint?.port ?? -1;
    this.server = server;
    if (this.takesClients(server)) this.notServing.close();
  }

  private accept(connection: Connection, tls: TlsConnection | null): void {
    const { server } = this;
    if (this.takesClients(server)) server.accept(connection, tls);
    else this.notServing.accept(connection);
  }

  private takesClients(server: Server | null): server is Server {
    return server !== null && (server.mode !== 'leader' || this.config.leaderServes);
  }
}
