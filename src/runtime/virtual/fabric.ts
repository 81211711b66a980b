import { NetworkError, type Clock, type Network } from '../runtime.ts';
import { HostNetwork, type FabricListener } from './host-network.ts';
import { isAddress, isLoopback, isWildcard } from './addresses.ts';
import { Life } from './life.ts';
import { Link } from './link.ts';

/** A network that a host is in, and what else it is called there. */
export interface Membership {
  readonly network: string;
  readonly aliases?: readonly string[];
}

export interface NodeOptions {
  /** What the host calls itself; default: its name. */
  readonly hostName?: string;
  /** Default: the network `default`. */
  readonly networks?: readonly Membership[];
  /** Further names and the addresses they stand for on this host alone, as in /etc/hosts. */
  readonly extraHosts?: ReadonlyMap<string, string>;
  /** See `Life`. */
  readonly crashed?: (error: unknown) => void;
}

export interface FabricOptions {
  readonly clock: Clock;
  /** The real network behind the virtual one, for names and addresses that it doesn't have; null: there is none. */
  readonly outside: Network | null;
  /**
   * What hosts without a process are to the others. `unknown`: gone with their names, as stopped containers; `refusing`: there,
   * but nothing listens, as machines whose server died.
   */
  readonly downHosts: 'unknown' | 'refusing';
  /** Called for each link when it is first used. */
  readonly prepareLink?: (link: Link, from: string, to: string) => void;
}

interface Subnet {
  readonly prefix: string;
  readonly gateway: string;
  hosts: number;
}

/** One host's place in the fabric. */
export class FabricNode {
  readonly name: string;
  readonly hostName: string;
  /** By network, in the order of its networks. */
  readonly addressByNetwork = new Map<string, string>();
  readonly options: NodeOptions;
  life: Life;
  listeners: FabricListener[] = [];
  private nextPort = 32768;

  constructor(name: string, options: NodeOptions) {
    this.name = name;
    this.hostName = options.hostName ?? name;
    this.options = options;
    this.life = new Life(options.crashed);
  }

  get addresses(): string[] {
    return [...this.addressByNetwork.values()];
  }

  get firstNetwork(): string | undefined {
    return this.addressByNetwork.keys().next().value;
  }

  /** The network in which it has an address. */
  networkOf(address: string): string | null {
    for (const [network, own] of this.addressByNetwork) if (own === address) return network;
    return null;
  }

  /** The name or an alias, as hosts in `network` know them. */
  isCalled(name: string, network: string): boolean {
    if (name === this.name || name === this.hostName) return true;
    const membership = (this.options.networks ?? []).find((one) => one.network === network);
    return membership?.aliases?.includes(name) ?? false;
  }

  /** A port for the near end of a connection, or for a listener that takes any. */
  freePort(): number {
    const port = this.nextPort;
    this.nextPort = port === 60999 ? 32768 : port + 1;
    return this.listeners.some((listener) => listener.endpoint.port === port) ? this.freePort() : port;
  }

  /** Who takes a connection to `address`, which may be a loopback address. */
  listenerAt(address: string, port: number): FabricListener | undefined {
    return this.listeners.find((one) => one.endpoint.port === port && one.takes(address));
  }

  /** `silent`: the others aren't told, as when a machine loses its power; until a new process starts there, nothing answers. */
  kill(silent = false): void {
    this.listeners = [];
    if (this.life.alive) this.life.silent = silent;
    this.life.end();
  }

  /** A new process. Who still sends to the old one is told now. */
  start(): void {
    this.kill();
    this.life.silent = false;
    this.life = new Life(this.options.crashed);
  }
}

/** Hosts, their names and addresses, and the links between them. It knows no files and no clock but the one it is given. */
export class Fabric {
  readonly clock: Clock;
  readonly outside: Network | null;
  private readonly options: FabricOptions;
  private readonly nodes = new Map<string, FabricNode>();
  private readonly byAddress = new Map<string, FabricNode>();
  private readonly subnets = new Map<string, Subnet>();
  private readonly links = new Map<string, Link>();

  constructor(options: FabricOptions) {
    this.clock = options.clock;
    this.outside = options.outside;
    this.options = options;
  }

  addNode(name: string, options: NodeOptions): FabricNode {
    if (this.nodes.has(name)) throw new Error(`there is a host ${name} already`);
    const node = new FabricNode(name, options);
    for (const { network } of options.networks ?? [{ network: 'default' }]) {
      const subnet = this.subnet(network);
      subnet.hosts += 1;
      const number = subnet.hosts + 1;
      const address = `${subnet.prefix}.${number >> 8}.${number & 255}`;
      node.addressByNetwork.set(network, address);
      this.byAddress.set(address, node);
    }
    this.nodes.set(name, node);
    return node;
  }

  /** The network as a process of `node` that lives now sees it. */
  networkOf(node: FabricNode): HostNetwork {
    return new HostNetwork(this, node, node.life);
  }

  /** The link between two hosts, by name, in one direction; where both have several networks in common each of those has its own. */
  link(from: string, to: string, network: string | null = null): Link {
    const isFirst = network === null || network === this.nodes.get(to)?.firstNetwork;
    const key = isFirst ? `${from}>${to}` : `${from}>${to} by ${network}`;
    let link = this.links.get(key);
    if (link === undefined) {
      link = new Link();
      this.links.set(key, link);
      this.options.prepareLink?.(link, from, to);
    }
    return link;
  }

  /** The address of the machine itself in `node`'s first network: where published connections seem to come from. */
  gatewayOf(node: FabricNode): string {
    const [network] = node.addressByNetwork.keys();
    return this.subnet(network ?? 'default').gateway;
  }

  isGateway(address: string): boolean {
    return [...this.subnets.values()].some((subnet) => subnet.gateway === address);
  }

  nodeAt(address: string): FabricNode | undefined {
    return this.byAddress.get(address);
  }

  isUp(node: FabricNode): boolean {
    return node.life.alive || this.options.downHosts === 'refusing';
  }

  /** Whether two hosts share a network. */
  reaches(from: FabricNode, address: string): boolean {
    const to = this.byAddress.get(address);
    return [...from.addressByNetwork.keys()].some((network) => to?.addressByNetwork.get(network) === address);
  }

  /** The addresses of a name as `from` sees it. */
  async resolve(from: FabricNode, host: string): Promise<string[]> {
    const own = this.resolveHere(from, host);
    if (own.length > 0) return own;
    // A host that is down has no address; asking the outside about its name could take a resolver's whole timeout.
    if (this.outside !== null && !this.isNameHere(from, host)) return this.outside.resolve(host);
    throw new NetworkError('ENOTFOUND', `${from.name} knows no address for the name ${host}`);
  }

  resolveHere(from: FabricNode, host: string): string[] {
    if (host === 'localhost' || isWildcard(host)) return ['127.0.0.1'];
    if (isAddress(host)) return [host];
    if (host === from.name || host === from.hostName) return from.addresses.slice(0, 1);
    const extra = from.options.extraHosts?.get(host);
    if (extra !== undefined) return [extra === 'host-gateway' ? this.gatewayOf(from) : extra];
    const found: string[] = [];
    for (const network of from.addressByNetwork.keys())
      for (const node of this.nodes.values()) {
        const address = node.addressByNetwork.get(network);
        if (address !== undefined && node.isCalled(host, network) && this.isUp(node)) found.push(address);
      }
    return [...new Set(found)];
  }

  private isNameHere(from: FabricNode, host: string): boolean {
    for (const network of from.addressByNetwork.keys())
      for (const node of this.nodes.values())
        if (node.addressByNetwork.has(network) && node.isCalled(host, network)) return true;
    return false;
  }

  /** Whether a process on `node` may listen at `host`. */
  owns(node: FabricNode, host: string): boolean {
    return isWildcard(host) || isLoopback(host) || node.addresses.includes(host);
  }

  private subnet(network: string): Subnet {
    let subnet = this.subnets.get(network);
    if (subnet === undefined) {
      const prefix = `172.${18 + this.subnets.size}`;
      subnet = { prefix, gateway: `${prefix}.0.1`, hosts: 0 };
      this.subnets.set(network, subnet);
    }
    return subnet;
  }
}
