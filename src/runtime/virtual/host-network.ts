import { NetworkError, type Connection, type Endpoint, type Listener, type Network } from '../runtime.ts';
import { isLoopback, isWildcard } from './addresses.ts';
import type { Fabric, FabricNode } from './fabric.ts';
import type { Life } from './life.ts';
import { Channel } from './link.ts';
import { MemoryConnection } from './memory-connection.ts';
import { MortalConnection } from './mortal-connection.ts';

/** How long a connection is asked for when nothing answers, as on Linux. */
const CONNECT_TIMEOUT_MS = 127_000;

export interface FabricListener extends Listener {
  readonly accept: (connection: Connection) => void;
  /** Whether it listens on the loopback alone. */
  readonly loopbackOnly: boolean;
  takes(address: string): boolean;
}

/** The virtual network as one process on one host sees it. */
export class HostNetwork implements Network {
  readonly hostName: string;
  private readonly fabric: Fabric;
  private readonly node: FabricNode;
  private readonly life: Life;

  constructor(fabric: Fabric, node: FabricNode, life: Life) {
    this.fabric = fabric;
    this.node = node;
    this.life = life;
    this.hostName = node.hostName;
  }

  addresses(): string[] {
    return this.node.addresses;
  }

  resolve(host: string): Promise<string[]> {
    return this.whileAlive(this.fabric.resolve(this.node, host));
  }

  async listen(at: Endpoint, accept: (connection: Connection) => void): Promise<Listener> {
    const { node, fabric } = this;
    const [address] = isWildcard(at.host) ? [at.host] : fabric.resolveHere(node, at.host);
    if (address === undefined)
      throw new NetworkError(
        'ENOTFOUND',
        `can't listen on ${place(at)}: ${node.name} knows no address for that name`,
      );
    if (!fabric.owns(node, address))
      throw new NetworkError(
        'EADDRNOTAVAIL',
        `can't listen on ${place(at)}: that is not an address of ${node.name}`,
      );
    const port = at.port === 0 ? node.freePort() : at.port;
    const everywhere = isWildcard(address);
    const taken = node.listeners.some(
      (other) => other.endpoint.port === port && (everywhere || other.takes(address)),
    );
    if (taken)
      throw new NetworkError(
        'EADDRINUSE',
        `can't listen on ${place(at)}: port ${port} is in use already on ${node.name}`,
      );
    const listener: FabricListener = {
      endpoint: { host: at.host, port },
      accept,
      loopbackOnly: isLoopback(address),
      takes: (to) => everywhere || to === address || (isLoopback(address) && isLoopback(to)),
      close: () => {
        node.listeners = node.listeners.filter((one) => one !== listener);
        return Promise.resolve();
      },
    };
    node.listeners.push(listener);
    return listener;
  }

  async connect(to: Endpoint, options: { timeoutMs?: number } = {}): Promise<Connection> {
    const addresses = await this.whileAlive(this.fabric.resolve(this.node, to.host));
    let failure: unknown;
    for (const address of addresses)
      try {
        return await this.whileAlive(this.connectTo(address, to, options.timeoutMs ?? CONNECT_TIMEOUT_MS));
      } catch (error) {
        failure = error;
      }
    throw failure;
  }

  private connectTo(address: string, to: Endpoint, timeoutMs: number): Promise<Connection> {
    const { fabric, node } = this;
    const target = isLoopback(address) ? node : fabric.nodeAt(address);
    if (target === undefined && fabric.outside !== null) {
      const real = fabric.isGateway(address) ? '127.0.0.1' : address;
      return this.connectOutside({ host: real, port: to.port }, { host: address, port: to.port }, timeoutMs);
    }
    if (target === undefined || !fabric.isUp(target) || (target !== node && !fabric.reaches(node, address)))
      return Promise.reject(
        new NetworkError(
          'EHOSTUNREACH',
          `can't connect to ${place(to)}: ${node.name} has no way to ${address}`,
        ),
      );
    return this.connectInside(target, address, to, timeoutMs);
  }

  private async connectOutside(real: Endpoint, shown: Endpoint, timeoutMs: number): Promise<Connection> {
    const connection = await this.fabric.outside!.connect(real, { timeoutMs });
    if (!this.life.alive) connection.destroy();
    const local = { host: this.node.addresses[0] ?? '127.0.0.1', port: connection.local.port };
    return new MortalConnection(connection, this.life, local, shown);
  }

  private connectInside(
    target: FabricNode,
    address: string,
    to: Endpoint,
    timeoutMs: number,
  ): Promise<Connection> {
    const { fabric, node, life } = this;
    const { clock } = fabric;
    const network = target === node ? null : target.networkOf(address);
    const there = new Channel(fabric.link(node.name, target.name, network), clock);
    const back = new Channel(fabric.link(target.name, node.name, network), clock);
    const near = { host: target === node ? address : this.addressTowards(address), port: node.freePort() };
    const far = { host: address, port: to.port };
    return new Promise((resolve, reject) => {
      let waiting = true;
      const settle = (run: () => void): void => {
        timer.cancel();
        life.remove(mortal);
        if (waiting) run();
        waiting = false;
      };
      const timer = clock.after(timeoutMs, () =>
        settle(() => reject(new NetworkError('ETIMEDOUT', `${place(to)} didn't answer in ${timeoutMs} ms`))),
      );
      const mortal = { die: () => settle(() => undefined) };
      life.add(mortal);
      const knock = (): void => {
        if (target.life.silent) return;
        const listener = target.listenerAt(address, to.port);
        if (listener === undefined) {
          back.send(() => settle(() => reject(refused(to, target))));
          return;
        }
        const client = new MemoryConnection(clock, life, there, near, far);
        const server = new MemoryConnection(clock, target.life, back, far, near);
        MemoryConnection.join(client, server);
        back.send(() => {
          if (waiting) settle(() => resolve(client));
          else client.destroy();
        });
        try {
          listener.accept(server);
        } catch (error) {
          target.life.threw(error);
        }
      };
      clock.soon(() => there.send(knock));
    });
  }

  /** This host's address in the network in which `address` is. */
  private addressTowards(address: string): string {
    const { node, fabric } = this;
    const target = fabric.nodeAt(address);
    for (const [network, own] of node.addressByNetwork)
      if (target?.addressByNetwork.get(network) === address) return own;
    return node.addresses[0] ?? '127.0.0.1';
  }

  /** The same promise while the process lives; afterwards nobody hears of it. */
  private whileAlive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.life.alive) resolve(value);
        },
        (error: unknown) => {
          if (this.life.alive) reject(error as Error);
        },
      );
    });
  }
}

function place(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`;
}

function refused(to: Endpoint, target: FabricNode): NetworkError {
  const local = target.listeners.some((one) => one.endpoint.port === to.port && one.loopbackOnly);
  const reason = local
    ? `${target.name} listens there on its own localhost only; let it listen on 0.0.0.0`
    : `nothing listens there on ${target.name}`;
  return new NetworkError('ECONNREFUSED', `can't connect to ${place(to)}: ${reason}`);
}
