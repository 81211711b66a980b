/** An ensemble in a simulated world: servers that can be killed and started again, and clients. */
import { afterPromises } from '../../src/runtime/node/after-promises.ts';
import { createNodeCodecs } from '../../src/runtime/node/codecs.ts';
import { createNodeDigests } from '../../src/runtime/node/digests.ts';
import type { Log, Runtime } from '../../src/runtime/runtime.ts';
import type { SimulatedHost } from '../../src/runtime/simulated/simulated-world.ts';
import { SimulatedWorld } from '../../src/runtime/simulated/simulated-world.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import type { Server } from '../../src/zookeeper/server/server.ts';
import type { Member } from '../../src/zookeeper/quorum/member.ts';
import { startMember } from '../../src/zookeeper/quorum/start-member.ts';
import { regenerateConfig, withDynamicFile } from '../../src/zookeeper/quorum/configuration/config-files.ts';
import { parseZooKeeperConfig, type ZooKeeperConfig } from '../../src/zookeeper/server/config/config.ts';
import { textOf } from './tree-text.ts';

const ZOO_CFG = '/conf/zoo.cfg';

export interface EnsembleOptions {
  readonly seed: number;
  readonly servers: number;
  /** Of these the last ones observe. */
  readonly observers?: number;
  /** So many are in the configuration at the start; the rest knows itself and those, and may be added. */
  readonly founders?: number;
  readonly lossRate?: number;
  readonly log?: Log;
  readonly zooCfg?: string;
  /** How long a sync takes at most, ms. */
  readonly slowestSyncMs?: number;
  readonly tickTimeMs?: number;
  /** How long bytes take between two hosts, ms: from, to. */
  readonly networkMs?: readonly [number, number];
  /** Each host is in all of these, with an address in each (`zk1-NETWORK`); default: one network, in which it is `zk1`. */
  readonly networks?: readonly string[];
  /** Sees each server for clients that a member makes, before it serves. */
  readonly equip?: (server: EnsembleServer, made: Server) => void;
  /** Hears when a server ends by itself. */
  readonly gaveUp?: (server: EnsembleServer, reason: string) => void;
}

export interface EnsembleServer {
  readonly id: number;
  readonly host: SimulatedHost;
  /** Null while it doesn't run. */
  member: Member | null;
  /** What it ended of by itself, if it did. */
  failures: string[];
}

export class SimulatedEnsemble {
  readonly world: SimulatedWorld;
  readonly servers: EnsembleServer[];
  /** What the founders' zoo.cfg says. */
  readonly config: ZooKeeperConfig;
  private readonly networks: readonly string[];
  private readonly zooCfgs: Map<number, string>;
  /** What zoo.cfg says beside the servers. */
  private readonly settings: string;
  private readonly equip: (server: EnsembleServer, made: Server) => void;
  private readonly gaveUp: (server: EnsembleServer, reason: string) => void;

  constructor({
    seed,
    servers,
    observers = 0,
    founders = servers,
    lossRate = 0,
    log,
    zooCfg = '',
    slowestSyncMs = 3,
    tickTimeMs = 500,
    networkMs,
    networks = [],
    equip = () => {},
    gaveUp = () => {},
  }: EnsembleOptions) {
    this.world = new SimulatedWorld({
      seed,
      digests: createNodeDigests(),
      codecs: createNodeCodecs(),
      afterPromises,
      lossRate,
      disk: { syncMs: [0.1, slowestSyncMs] },
      ...(log === undefined ? {} : { log }),
      ...(networkMs === undefined ? {} : { networkMs }),
    });
    this.equip = equip;
    this.gaveUp = gaveUp;
    const ids = Array.from({ length: servers }, (_, i) => i + 1);
    const addresses = (id: number): string =>
      networks.length === 0
        ? `zk${id}:2888:3888`
        : networks.map((network, i) => `zk${id}-${network}:${2888 + i}:${3888 + i}`).join('|');
    const line = (id: number): string =>
      `server.${id}=${addresses(id)}${id > servers - observers ? ':observer' : ''}\n`;
    this.settings = `tickTime=${tickTimeMs}\ninitLimit=10\nsyncLimit=4\ndataDir=/data\nclientPort=2181\nadmin.enableServer=false\npreAllocSize=64\n${zooCfg}`;
    const textOf = (known: readonly number[]): string => this.settings + known.map(line).join('');
    const first = ids.slice(0, founders);
    this.config = parse(textOf(first));
    this.zooCfgs = new Map(ids.map((id) => [id, textOf(id > founders ? [...first, id] : first)]));
    this.networks = networks;
    this.servers = ids.map((id) => {
      const name = `zk${id}`;
      const memberships = networks.map((network) => ({ network, aliases: [`${name}-${network}`] }));
      const host = this.world.host(name, memberships.length === 0 ? {} : { networks: memberships });
      return { id, host, member: null, failures: [] };
    });
  }

  startAll(): void {
    for (const server of this.servers) this.start(server);
  }

  start(server: EnsembleServer): void {
    const wasAlive = server.host.alive && server.member === null;
    const runtime = wasAlive ? server.host.runtime : server.host.restart();
    const { files } = runtime;
    const failed = (error: unknown): void => {
      if (!server.host.alive || server.host.runtime !== runtime) return;
      const reason = error instanceof Error ? error.message : String(error);
      server.failures.push(reason);
      this.kill(server, true);
      this.gaveUp(server, reason);
    };
    try {
      files.makeFolder('/data');
      const file = files.open('/data/myid', 'write');
      file.write(Buffer.from(String(server.id)), 0);
      file.close();
    } catch (error) {
      failed(error);
      return;
    }
    this.member(server, runtime).then((member) => {
      if (!server.host.alive || server.host.runtime !== runtime) return;
      server.member = member;
      member.failure.catch(failed);
    }, failed);
  }

  /** With reconfigurations its zoo.cfg is a file, made anew at each start as an image's scripts do. */
  private async member(server: EnsembleServer, runtime: Runtime): Promise<Member> {
    const equip = (made: Server): void => this.equip(server, made);
    const made = this.zooCfgs.get(server.id)!;
    if (!this.config.reconfigEnabled) return startMember(runtime, parse(made), {}, equip);
    const text = await regenerateConfig(runtime.files, ZOO_CFG, made);
    return startMember(runtime, withDynamicFile(runtime.files, parse(text)), {}, equip, text, ZOO_CFG);
  }

  /** An administrator writes a zoo.cfg with these servers, in the place of what was in force here. It must not run. */
  configure(server: EnsembleServer, serverLines: readonly string[]): void {
    this.zooCfgs.set(server.id, `${this.settings}${serverLines.join('\n')}\n`);
    const { disk } = server.host;
    const { files } = disk;
    // What was to befall the process that ran doesn't befall the administrator.
    disk.before = null;
    files.remove(ZOO_CFG);
    files.remove(`${ZOO_CFG}.bak`);
  }

  /** `silent`: nobody is told, as when a machine loses its power. */
  kill(server: EnsembleServer, keepCache = false, silent = false): void {
    server.member = null;
    server.host.kill({ keepCache, silent });
  }

  /** The one that serves as the leader now. */
  get leader(): EnsembleServer | undefined {
    return this.servers.find((server) => server.member?.mode === 'leader');
  }

  get serving(): EnsembleServer[] {
    return this.servers.filter((server) => server.member !== null && server.member.mode !== null);
  }

  /** Waits until so many serve, one of them as leader. */
  async untilServing(count: number, limitMs = 30_000): Promise<boolean> {
    return this.world.run(() => this.serving.length >= count && this.leader !== undefined, limitMs);
  }

  client(
    name: string,
    servers: readonly EnsembleServer[] = this.servers,
    sessionTimeoutMs = 10_000,
    connectTimeoutMs?: number,
  ): ZooKeeperClient {
    const [network] = this.networks;
    const host = this.world.host(name, network === undefined ? {} : { networks: [{ network }] });
    const client = new ZooKeeperClient(host.runtime, {
      servers: servers.map(({ host }) => ({ host: host.name, port: 2181 })),
      sessionTimeoutMs,
      ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    });
    client.start();
    return client;
  }

  /** The tree of a server as text: every znode with its data and Stat. */
  treeOf(server: EnsembleServer): string {
    return textOf(server.member!.storage.tree);
  }
}

function parse(text: string): ZooKeeperConfig {
  const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');
  if (config === null) throw new Error(problems.map(({ message }) => message).join('; '));
  return config;
}
