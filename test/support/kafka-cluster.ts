import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveBrokerConfig } from '../../src/kafka/broker/config/broker-config.ts';
import { parseProperties } from '../../src/wire/properties.ts';
import { startBroker, type Broker } from '../../src/kafka/broker/start.ts';
import { BrokerClient } from '../../src/kafka/client/broker-client.ts';
import type { Api, RequestDraft, ResponseOf } from '../../src/kafka/protocol/api.ts';
import { metadata } from '../../src/kafka/protocol/messages/03-metadata.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import type { Log, Runtime } from '../../src/runtime/runtime.ts';
import { VirtualNetwork, type Host } from '../../src/runtime/virtual/virtual-network.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { parseZooKeeperConfig } from '../../src/zookeeper/server/config.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../src/zookeeper/server/start.ts';

const BROKER_PORT = 9092;

export interface ClusterOptions {
  readonly brokers: number;
  /** Lines for every server.properties; `{id}` becomes the broker's id. */
  readonly properties?: readonly string[];
  readonly log?: Log;
}

/** One ZooKeeper and some brokers, each a host of its own in a virtual network, with their files in a folder of the test's. */
export class KafkaCluster {
  readonly brokers = new Map<number, Broker>();
  readonly zooKeeper: ZooKeeperClient;
  private readonly options: ClusterOptions;
  private readonly folder: string;
  private readonly network: VirtualNetwork;
  private readonly hosts = new Map<number, Host>();
  private readonly clients = new Map<number, BrokerClient>();
  private readonly clientHost: Host;
  private readonly zooKeeperServer: ZooKeeperServer;

  private constructor(
    options: ClusterOptions,
    folder: string,
    network: VirtualNetwork,
    zooKeeperServer: ZooKeeperServer,
  ) {
    this.options = options;
    this.folder = folder;
    this.network = network;
    this.zooKeeperServer = zooKeeperServer;
    this.clientHost = network.host('client');
    for (let id = 1; id <= options.brokers; id++) this.hosts.set(id, network.host(`kafka${id}`));
    const servers = [{ host: 'zookeeper', port: 2181 }];
    this.zooKeeper = new ZooKeeperClient(this.clientHost.runtime, { servers, sessionTimeoutMs: 6000 });
  }

  static async start(options: ClusterOptions): Promise<KafkaCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'gregor-cluster-'));
    const network = new VirtualNetwork(createNodeRuntime({ log: options.log ?? silentLog }));
    const host = network.host('zookeeper');
    const zooCfg = `dataDir=${join(folder, 'zookeeper')}\nclientPort=2181\ntickTime=200\nadmin.enableServer=false\n`;
    const { config, problems } = parseZooKeeperConfig(zooCfg, 'zoo.cfg');
    if (config === null) throw new Error(problems.map(({ message }) => message).join('; '));
    const server = await startZooKeeper(host.runtime, config);
    const cluster = new KafkaCluster(options, folder, network, server);
    cluster.zooKeeper.start();
    await Promise.all([...cluster.hosts.keys()].map((id) => cluster.startBroker(id)));
    return cluster;
  }

  /** The machine of the test's clients. */
  get client(): Runtime {
    return this.clientHost.runtime;
  }

  /** Breaks the connections between the test's clients and ZooKeeper; their sessions live on. */
  breakZooKeeperConnections(): void {
    this.network.link('client', 'zookeeper').resetConnections();
  }

  async startBroker(id: number): Promise<Broker> {
    const host = this.hosts.get(id)!;
    const file = 'server.properties';
    const text = [
      `broker.id=${id}`,
      'zookeeper.connect=zookeeper:2181',
      'zookeeper.session.timeout.ms=1000',
      `listeners=PLAINTEXT://:${BROKER_PORT}`,
      `log.dirs=${join(this.folder, `kafka${id}`)}`,
      'auto.leader.rebalance.enable=false',
      'controlled.shutdown.retry.backoff.ms=50',
      ...(this.options.properties ?? []).map((line) => line.replace('{id}', String(id))),
    ].join('\n');
    const { config, problems } = resolveBrokerConfig(parseProperties(text), file);
    if (config === null) throw new Error(problems.map(({ message }) => message).join('; '));
    const broker = await startBroker(host.runtime, config);
    this.brokers.set(id, broker);
    return broker;
  }

  /** Nothing gets through between a broker and ZooKeeper any more; neither is told. */
  cutFromZooKeeper(id: number): void {
    for (const link of this.zooKeeperLinks(id)) link.cut();
  }

  healToZooKeeper(id: number): void {
    for (const link of this.zooKeeperLinks(id)) link.heal();
  }

  private zooKeeperLinks(id: number) {
    const [name, zooKeeper] = [`kafka${id}`, 'zookeeper'];
    return [this.network.link(name, zooKeeper), this.network.link(zooKeeper, name)];
  }

  /** As kill -9. */
  kill(id: number): void {
    this.hosts.get(id)?.kill();
    this.brokers.delete(id);
  }

  async restart(id: number): Promise<Broker> {
    this.hosts.get(id)?.restart();
    return await this.startBroker(id);
  }

  /** Asks a broker, in the newest version of the table or the given one. */
  ask<A extends Api>(id: number, api: A, body: RequestDraft<A>, version?: number): Promise<ResponseOf<A>> {
    let client = this.clients.get(id);
    if (client === undefined) {
      const endpoint = { host: `kafka${id}`, port: BROKER_PORT };
      client = new BrokerClient(this.clientHost.runtime, { endpoint, clientId: 'test' });
      this.clients.set(id, client);
    }
    return client.send(api, version ?? api.versions[1], body);
  }

  /** Which broker decides, as all brokers say. */
  async controller(): Promise<number> {
    let found = -1;
    await until(async () => {
      const ids = await Promise.all([...this.brokers.keys()].map((id) => this.controllerOf(id)));
      found = ids[0] ?? -1;
      return found >= 0 && ids.every((id) => id === found) && this.brokers.has(found);
    });
    return found;
  }

  private async controllerOf(id: number): Promise<number> {
    const answer = await this.ask(id, metadata, { topics: [] }, 9);
    return answer.brokers.length === this.brokers.size ? answer.controllerId : -1;
  }

  /** The JSON of a znode. */
  async znode(path: string): Promise<unknown> {
    const { data } = await this.zooKeeper.getData(path);
    return data === null ? null : JSON.parse(data.toString());
  }

  async stop(): Promise<void> {
    for (const client of this.clients.values()) client.close();
    await Promise.all([...this.brokers.values()].map((broker) => broker.stop()));
    await this.zooKeeper.close();
    await this.zooKeeperServer.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Looks again until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let error: unknown = null; ;) {
    try {
      if (await holds()) return;
    } catch (caught) {
      error = caught;
    }
    if (Date.now() > deadline) throw new Error('it did not come about in time', { cause: error });
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
