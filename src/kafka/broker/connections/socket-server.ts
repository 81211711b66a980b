import type {
  Connection,
  Endpoint,
  Listener as SocketListener,
  Runtime,
  Timer,
} from '../../../runtime/runtime.ts';
import { NetworkError } from '../../../runtime/runtime.ts';
import { SpareBuffers } from '../../../wire/spare-buffers.ts';
import type { Listener } from '../config/listeners.ts';
import { ClientConnection } from './connection.ts';
import type { RequestMetrics } from '../request-metrics.ts';
import type { RequestRouter } from '../request-router.ts';
import { StartError } from '../start-error.ts';

export interface SocketServerOptions {
  readonly listeners: readonly Listener[];
  readonly socketRequestMaxBytes: number;
  readonly connectionsMaxIdleMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
}

const IDLE_CHECK_MS = 1000;
/** Memory that is kept for requests to come. */
const SPARE_BYTES = 4 * 1024 * 1024;

/** The listeners of a broker and the connections that came through them. */
export class SocketServer {
  private readonly runtime: Runtime;
  private readonly options: SocketServerOptions;
  private readonly metrics: RequestMetrics;
  private readonly connections = new Set<ClientConnection>();
  private readonly perAddress = new Map<string, number>();
  private readonly sockets: SocketListener[] = [];
  private readonly bound = new Map<string, Endpoint>();
  private router: RequestRouter | null = null;
  /** Came before the broker was ready: the network keeps what they send. */
  private early: { connection: Connection; listener: string }[] = [];
  private readonly spares = new SpareBuffers(SPARE_BYTES);
  private nextId = 0;
  private idleTimer: Timer | null = null;

  constructor(runtime: Runtime, options: SocketServerOptions, metrics: RequestMetrics) {
    this.runtime = runtime;
    this.options = options;
    this.metrics = metrics;
  }

  /** Where each listener really listens, by name. */
  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.bound;
  }

  /** Binds all listeners; connections wait until `serve`. Throws a StartError. */
  async bind(): Promise<void> {
    for (const listener of this.options.listeners) {
      if (listener.protocol !== 'PLAINTEXT')
        throw new StartError(
          'SECURITY_PROTOCOL_NOT_SERVED',
          `listener ${listener.name} has the security protocol ${listener.protocol}, which gregor doesn't serve yet; map it to PLAINTEXT in listener.security.protocol.map`,
        );
      try {
        const socket = await this.runtime.network.listen(
          { host: listener.host, port: listener.port },
          (connection) => this.accept(connection, listener.name),
          { backlog: 511 },
        );
        this.sockets.push(socket);
        this.bound.set(listener.name, socket.endpoint);
      } catch (error) {
        await this.close();
        if (error instanceof NetworkError) throw bindError(listener, error);
        throw error;
      }
    }
  }

  /** From now on requests are handled. */
  serve(router: RequestRouter): void {
    this.router = router;
    const early = this.early;
    this.early = [];
    for (const { connection, listener } of early) this.open(connection, listener, router);
    this.checkIdle();
  }

  /** Stops accepting; connections that are there stay. */
  async stopListening(): Promise<void> {
    await Promise.all(this.sockets.splice(0).map((socket) => socket.close()));
  }

  async close(): Promise<void> {
    this.idleTimer?.cancel();
    for (const { connection } of this.early) connection.destroy();
    this.early = [];
    await this.stopListening();
    for (const connection of this.connections) connection.destroy();
  }

  private accept(connection: Connection, listener: string): void {
    const address = connection.remote.host;
    const refusal = this.refusal(address);
    if (refusal !== null) {
      this.metrics.connectionsRefused += 1;
      this.runtime.log.warn(`refused a connection from ${address}: ${refusal}`, {
        client: address,
        listener,
      });
      connection.destroy();
      return;
    }
    if (this.router === null) this.early.push({ connection, listener });
    else this.open(connection, listener, this.router);
  }

  private refusal(address: string): string | null {
    const { maxConnections, maxConnectionsPerIp, maxConnectionsPerIpOverrides } = this.options;
    if (this.connections.size + this.early.length >= maxConnections)
      return `max.connections is ${maxConnections}`;
    const limit = maxConnectionsPerIpOverrides.get(address) ?? maxConnectionsPerIp;
    if ((this.perAddress.get(address) ?? 0) >= limit) return `max.connections.per.ip is ${limit} for it`;
    return null;
  }

  private open(connection: Connection, listener: string, router: RequestRouter): void {
    const address = connection.remote.host;
    this.nextId += 1;
    this.metrics.connectionsAccepted += 1;
    this.metrics.connectionsOpen += 1;
    this.perAddress.set(address, (this.perAddress.get(address) ?? 0) + 1);
    const client = new ClientConnection(this.runtime, connection, {
      listener,
      id: `${connection.local.host}:${connection.local.port}-${address}:${connection.remote.port}-${this.nextId}`,
      maxRequestBytes: this.options.socketRequestMaxBytes,
      router,
      metrics: this.metrics,
      spares: this.spares,
      onClosed: (closed) => this.forget(closed),
    });
    this.connections.add(client);
  }

  private forget(connection: ClientConnection): void {
    if (!this.connections.delete(connection)) return;
    this.metrics.connectionsOpen -= 1;
    const left = (this.perAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (left > 0) this.perAddress.set(connection.remoteAddress, left);
    else this.perAddress.delete(connection.remoteAddress);
  }

  private checkIdle(): void {
    this.idleTimer = this.runtime.clock.after(IDLE_CHECK_MS, () => {
      const since = this.runtime.clock.monotonicMs() - this.options.connectionsMaxIdleMs;
      for (const connection of this.connections) {
        if (connection.lastActiveMs > since || !connection.isIdle) continue;
        this.metrics.connectionsExpired += 1;
        connection.destroy();
      }
      this.checkIdle();
    });
  }
}

function bindError(listener: Listener, error: NetworkError): StartError {
  const at = `${listener.host === '' ? '0.0.0.0' : listener.host}:${listener.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        'PORT_IN_USE',
        `listener ${listener.name} can't bind ${at}: another program listens there; stop it or take another port in listeners`,
      );
    case 'EADDRNOTAVAIL':
      return new StartError(
        'ADDRESS_NOT_HERE',
        `listener ${listener.name} can't bind ${at}: that is no address of this host; bind 0.0.0.0 in listeners and put the public address into advertised.listeners`,
      );
    case 'ENOTFOUND':
      return new StartError(
        'ADDRESS_UNKNOWN',
        `listener ${listener.name} can't bind ${at}: this host can't resolve ${listener.host}; bind 0.0.0.0 in listeners and put that name into advertised.listeners`,
      );
    case 'EACCES':
      return new StartError(
        'PORT_FORBIDDEN',
        `listener ${listener.name} can't bind ${at}: this user may not; take a port above 1023 in listeners`,
      );
    default:
      return new StartError('BIND_FAILED', `listener ${listener.name} can't bind ${at}: ${error.message}`);
  }
}
