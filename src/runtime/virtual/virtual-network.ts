import type { Connection, Listener, Log, Runtime } from '../runtime.ts';
import { Fabric, type FabricNode, type Membership } from './fabric.ts';
import { mortalTls } from './mortal-tls.ts';
import { mortalClock } from './life.ts';
import type { Link } from './link.ts';
import { mappedFiles } from './mapped-files.ts';
import { mappedGssapi } from './mapped-gssapi.ts';
import { MortalConnection } from './mortal-connection.ts';

export interface HostOptions {
  /** What the host calls itself; default: its name. */
  readonly hostName?: string;
  /** Further names in the network `default`; for others see `networks`. */
  readonly aliases?: readonly string[];
  /** Default: the network `default`, where all hosts meet that say nothing else. */
  readonly networks?: readonly Membership[];
  /** Names for this host alone, as in /etc/hosts; `host-gateway` is the machine. */
  readonly extraHosts?: ReadonlyMap<string, string>;
  /** The machine's path for a path on this host (see `mapMounts`). Default: the same path. */
  readonly mapFile?: (path: string) => string;
  /** The process threw an exception that it didn't catch, and has ended. Default: whoever called it gets the exception. */
  readonly crashed?: (error: unknown) => void;
  /** Default: the base runtime's, with the field `service`. */
  readonly log?: Log;
}

/** A connection to a published port that the service didn't take. */
export interface Refusal {
  readonly host: string;
  readonly publishedPort: number;
  readonly containerPort: number;
  /** Something listens there, on the service's own localhost only. */
  readonly loopbackOnly: boolean;
  /** For people: what is wrong and how to put it right. */
  readonly message: string;
}

/**
 * Hosts of their own within one process, over a real runtime, as a container engine makes them: names and aliases, an own
 * address, an own localhost. Between hosts, connections are memory; only published ports are real sockets.
 */
export class VirtualNetwork {
  private readonly base: Runtime;
  private readonly fabric: Fabric;

  constructor(base: Runtime) {
    this.base = base;
    this.fabric = new Fabric({ clock: base.clock, outside: base.network, downHosts: 'unknown' });
  }

  /** A new host, with a process that lives. */
  host(name: string, options: HostOptions = {}): Host {
    const networks = options.networks ?? [{ network: 'default', aliases: options.aliases ?? [] }];
    const node = this.fabric.addNode(name, { ...options, networks });
    return new Host(this.base, this.fabric, node, options);
  }

  /** The way from one host to another, to slow it, cut it or watch it. The way back is another one. */
  link(from: string, to: string): Link {
    return this.fabric.link(from, to);
  }
}

export class Host {
  readonly name: string;
  /** The outside world for the process that runs on the host now. */
  runtime: Runtime;
  private readonly base: Runtime;
  private readonly fabric: Fabric;
  private readonly node: FabricNode;
  private readonly options: HostOptions;

  constructor(base: Runtime, fabric: Fabric, node: FabricNode, options: HostOptions) {
    this.name = node.name;
    this.base = base;
    this.fabric = fabric;
    this.node = node;
    this.options = options;
    this.runtime = this.makeRuntime();
  }

  get alive(): boolean {
    return this.node.life.alive;
  }

  /** Its address in its first network. */
  get address(): string {
    return this.node.addresses[0]!;
  }

  /**
   * Ends the process at once, as kill -9 does: no timer fires, nothing is received, its connections are reset, its files closed,
   * its locks released, its published ports closed.
   */
  kill(): void {
    this.node.kill();
  }

  /** A new process on the same host, after `kill`. Ports have to be published anew. */
  restart(): Runtime {
    this.node.start();
    return (this.runtime = this.makeRuntime());
  }

  /**
   * Listens on the machine and leads connections to the host's own address: not to its localhost, so what listens there only
   * refuses them. They seem to come from the network's gateway. Port 0: a free one, see `Listener.endpoint`.
   */
  async publish(
    at: { host: string; port: number },
    containerPort: number,
    refused: (refusal: Refusal) => void = () => undefined,
  ): Promise<Listener> {
    const { node, fabric } = this;
    const { life } = node;
    const listener = await this.base.network.listen(at, (real) => {
      const taker = node.listenerAt(this.address, containerPort);
      if (taker === undefined || !life.alive) {
        real.destroy();
        refused(this.refusal(listener.endpoint.port, containerPort));
        return;
      }
      const remote = { host: fabric.gatewayOf(node), port: real.remote.port };
      const local = { host: this.address, port: containerPort };
      const connection: Connection = new MortalConnection(real, life, local, remote);
      try {
        taker.accept(connection);
      } catch (error) {
        life.threw(error);
      }
    });
    const close = (): Promise<void> => {
      life.remove(mortal);
      return listener.close();
    };
    const mortal = { die: () => void listener.close() };
    life.add(mortal);
    if (!life.alive) await listener.close();
    return { endpoint: listener.endpoint, close };
  }

  private refusal(publishedPort: number, containerPort: number): Refusal {
    const { name, node } = this;
    const local = node.listeners.some((one) => one.endpoint.port === containerPort && one.loopbackOnly);
    const ports = node.listeners.map((one) => one.endpoint.port).join(', ');
    const reason = local
      ? `listens on its own localhost only, which nothing outside of it reaches; let it listen on 0.0.0.0:${containerPort}`
      : `doesn't listen there${ports === '' ? ' or anywhere yet' : `; it listens on ${ports}`}`;
    const message = `A connection to port ${publishedPort} leads to ${name}:${containerPort}, but ${name} ${reason}.`;
    return { host: name, publishedPort, containerPort, loopbackOnly: local, message };
  }

  private makeRuntime(): Runtime {
    const { base, node, options } = this;
    const { life } = node;
    const mapFile = options.mapFile ?? ((path: string) => path);
    return {
      clock: mortalClock(base.clock, life),
      network: this.fabric.networkOf(node),
      tls: mortalTls(base.tls, life),
      files: mappedFiles(base.files, mapFile, life),
      gssapi: mappedGssapi(base.gssapi, mapFile, life),
      random: base.random,
      digests: base.digests,
      codecs: base.codecs,
      log: options.log ?? base.log.with({ service: this.name }),
    };
  }
}
