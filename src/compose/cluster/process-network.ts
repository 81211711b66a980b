import type { Connection, Endpoint, Listener, Network } from '../../runtime/runtime.ts';
import { NetworkError } from '../../runtime/runtime.ts';
import type { PublishedPort } from './service-runner.ts';
import { listenPublished } from './service-runner.ts';

export interface ProcessNetworkOptions {
  readonly hostname: string;
  readonly address: string;
  readonly localhost: string;
  readonly names: ReadonlyMap<string, string>;
}

/**
 * A service's network over real sockets: each service has two loopback addresses of the machine, one for the others and one that is
 * its own localhost, so that what listens on localhost stays out of the others' reach, as in a container.
 */
export class ProcessNetwork implements Network {
  readonly hostName: string;
  private readonly base: Network;
  private readonly options: ProcessNetworkOptions;
  /** What takes connections at the service's own address, by port. */
  private readonly takers = new Map<number, (connection: Connection) => void>();
  private readonly localPorts = new Set<number>();

  constructor(base: Network, options: ProcessNetworkOptions) {
    this.base = base;
    this.options = options;
    this.hostName = options.hostname;
  }

  addresses(): string[] {
    return [this.options.address];
  }

  resolve(host: string): Promise<string[]> {
    if (isOwnLocalhost(host)) return Promise.resolve([this.options.localhost]);
    const address = this.options.names.get(host);
    return address === undefined ? this.base.resolve(host) : Promise.resolve([address]);
  }

  connect(to: Endpoint, options?: { timeoutMs?: number }): Promise<Connection> {
    const host = isOwnLocalhost(to.host)
      ? this.options.localhost
      : (this.options.names.get(to.host) ?? to.host);
    return this.base.connect({ host, port: to.port }, options);
  }

  async listen(
    at: Endpoint,
    accept: (connection: Connection) => void,
    options?: { backlog?: number },
  ): Promise<Listener> {
    const everywhere = ['', '0.0.0.0', '::'].includes(at.host);
    if (isOwnLocalhost(at.host)) return this.listenLocal(at, accept, options);
    if (
      !everywhere &&
      this.options.names.get(at.host) !== this.options.address &&
      at.host !== this.options.address
    )
      throw new NetworkError(
        'EADDRNOTAVAIL',
        `can't listen on ${at.host}:${at.port}: ${at.host} is not an address of this service`,
      );
    const { address, localhost } = this.options;
    const listener = await this.base.listen({ host: address, port: at.port }, accept, options);
    const { port } = listener.endpoint;
    this.takers.set(port, accept);
    const local = everywhere ? await this.base.listen({ host: localhost, port }, accept, options) : null;
    return {
      endpoint: { host: at.host, port },
      close: async () => {
        this.takers.delete(port);
        await Promise.all([listener.close(), local?.close()]);
      },
    };
  }

  /** Listens on the machine and hands connections to whoever listens on the service's own address. */
  publish(
    wanted: PublishedPort,
    refused: (message: string) => void,
  ): Promise<{ listeners: Listener[]; port: PublishedPort }> {
    return listenPublished(wanted, async (at) => {
      const listener = await this.base.listen(at, (connection) => {
        const take = this.takers.get(wanted.containerPort);
        if (take !== undefined) return take(connection);
        connection.destroy();
        refused(this.refusal(listener.endpoint.port, wanted.containerPort));
      });
      return listener;
    });
  }

  private refusal(port: number, containerPort: number): string {
    const why = this.localPorts.has(containerPort)
      ? `it listens on its own localhost only; let it listen on 0.0.0.0:${containerPort}`
      : 'nothing listens there';
    return `A connection to port ${port} of this machine leads to port ${containerPort} here: ${why}.`;
  }

  private async listenLocal(
    at: Endpoint,
    accept: (connection: Connection) => void,
    options?: { backlog?: number },
  ): Promise<Listener> {
    const listener = await this.base.listen({ host: this.options.localhost, port: at.port }, accept, options);
    const { port } = listener.endpoint;
    this.localPorts.add(port);
    return {
      endpoint: { host: at.host, port },
      close: () => {
        this.localPorts.delete(port);
        return listener.close();
      },
    };
  }
}

/** Other services' addresses begin with 127, too. */
function isOwnLocalhost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|::1)$/i.test(host);
}
