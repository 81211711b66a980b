import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveBrokerConfig } from '../../src/kafka/broker/config/broker-config.ts';
import { startBroker, type Broker } from '../../src/kafka/broker/start.ts';
import { BrokerClient } from '../../src/kafka/client/broker-client.ts';
import type { Api, RequestDraft, ResponseOf } from '../../src/kafka/protocol/api.ts';
import { metadata } from '../../src/kafka/protocol/messages/03-metadata.ts';
import { createLog } from '../../src/runtime/node/log.ts';
import type { Endpoint, Listener, Log, Runtime } from '../../src/runtime/runtime.ts';
import { silentLog } from '../../src/runtime/silent-log.ts';
import { VirtualNetwork, type Host } from '../../src/runtime/virtual/virtual-network.ts';
import { formatProblem, type ConfigResult } from '../../src/wire/problem.ts';
import { parseProperties } from '../../src/wire/properties.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { parseZooKeeperConfig } from '../../src/zookeeper/server/config/config.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../src/zookeeper/server/start.ts';
import { eventually } from './eventually.ts';
import { createUnsyncedRuntime } from './unsynced-runtime.ts';

const ZOOKEEPER = { host: 'zookeeper', port: 2181 };

/** Where a broker of a `TestCluster` listens. */
export function endpointOf(brokerId: number): Endpoint {
  return { host: `broker-${brokerId}`, port: 9092 };
}

/** One ZooKeeper and brokers, each a host of its own in one process: `zookeeper`, `broker-1`, `broker-2`, …; clients are on `client`. */
export class TestCluster {
  /** Where clients of the test run. */
  readonly client: Runtime;
  /** A client of the ZooKeeper, at its root. */
  readonly zooKeeper: ZooKeeperClient;
  /** Those that were started and not killed. */
  readonly brokers = new Map<number, Broker>();
  private readonly network: VirtualNetwork;
  private readonly folder = mkdtempSync(join(tmpdir(), 'gregor-cluster-'));
  private readonly hosts = new Map<number, Host>();
  private readonly clients = new Map<number, BrokerClient>();
  private readonly properties: Readonly<Record<string, string>>;
  private readonly zooKeeperHost: Host;
  private readonly published: Listener[] = [];
  private zooKeeperServer: ZooKeeperServer | null = null;

  private constructor(properties: Readonly<Record<string, string>>) {
    this.properties = properties;
    this.network = new VirtualNetwork(createUnsyncedRuntime(chosenLog()));
    this.client = this.network.host('client').runtime;
    this.zooKeeperHost = this.network.host(ZOOKEEPER.host);
    this.zooKeeper = new ZooKeeperClient(this.client, { servers: [ZOOKEEPER], sessionTimeoutMs: 6000 });
  }

  /** @param properties what every server.properties says beside the defaults below. */
  static async start(count: number, properties: Readonly<Record<string, string>> = {}): Promise<TestCluster> {
    const cluster = new TestCluster(properties);
    await cluster.startZooKeeper();
    await Promise.all(Array.from({ length: count }, (_, i) => cluster.startBroker(i + 1)));
    return cluster;
  }

  private async startZooKeeper(): Promise<void> {
    const lines = {
      dataDir: join(this.folder, 'zookeeper'),
      clientPort: ZOOKEEPER.port,
      tickTime: 200,
      'admin.enableServer': false,
    };
    const config = checked(parseZooKeeperConfig(text(lines), 'zoo.cfg'));
    this.zooKeeperServer = await startZooKeeper(this.zooKeeperHost.runtime, config);
    this.zooKeeper.start();
  }

  /** Starts a broker, or starts one again that was stopped or killed. */
  async startBroker(id: number): Promise<Broker> {
    let host = this.hosts.get(id);
    const { host: name, port } = endpointOf(id);
    if (host === undefined) this.hosts.set(id, (host = this.network.host(name)));
    else host.restart();
    const lines = {
      'broker.id': id,
      'zookeeper.connect': `${ZOOKEEPER.host}:${ZOOKEEPER.port}`,
      'zookeeper.session.timeout.ms': 2500,
      'zookeeper.connection.timeout.ms': 30_000,
      listeners: `PLAINTEXT://:${port}`,
      'advertised.listeners': `PLAINTEXT://${name}:${port}`,
      'log.dirs': join(this.folder, name),
      'offsets.topic.num.partitions': 3,
      'group.initial.rebalance.delay.ms': 0,
      'auto.leader.rebalance.enable': false,
      'controlled.shutdown.retry.backoff.ms': 50,
      ...this.properties,
    };
    const config = checked(resolveBrokerConfig(parseProperties(text(lines)), 'server.properties'));
    const broker = await startBroker(host.runtime, config);
    this.brokers.set(id, broker);
    return broker;
  }

  /** Where a broker can be reached over a real socket. */
  async publish(id: number): Promise<Endpoint> {
    const listener = await this.hosts.get(id)!.publish({ host: '127.0.0.1', port: 0 }, endpointOf(id).port);
    this.published.push(listener);
    return listener.endpoint;
  }

  /** As kill -9. */
  kill(id: number): void {
    this.hosts.get(id)?.kill();
    this.brokers.delete(id);
  }

  killZooKeeper(): void {
    this.zooKeeperHost.kill();
    this.zooKeeperServer = null;
  }

  /** Nothing gets through between a broker and ZooKeeper any more; neither is told. */
  cutFromZooKeeper(id: number): void {
    for (const link of this.zooKeeperLinks(id)) link.cut();
  }

  healToZooKeeper(id: number): void {
    for (const link of this.zooKeeperLinks(id)) link.heal();
  }

  private zooKeeperLinks(id: number) {
    const { host } = endpointOf(id);
    return [this.network.link(host, ZOOKEEPER.host), this.network.link(ZOOKEEPER.host, host)];
  }

  /** Breaks the connections between the test's clients and ZooKeeper; their sessions live on. */
  breakZooKeeperConnections(): void {
    this.network.link('client', ZOOKEEPER.host).resetConnections();
  }

  /** Asks a broker, in the newest version of the table or the given one. */
  ask<A extends Api>(id: number, api: A, body: RequestDraft<A>, version?: number): Promise<ResponseOf<A>> {
    let client = this.clients.get(id);
    if (client === undefined) {
      client = new BrokerClient(this.client, { endpoint: endpointOf(id), clientId: 'test' });
      this.clients.set(id, client);
    }
    return client.send(api, version ?? api.versions[1], body);
  }

  /** Which broker decides, once all brokers know each other and say the same. */
  async controller(): Promise<number> {
    return eventually(async () => {
      const ids = await Promise.all([...this.brokers.keys()].map((id) => this.controllerOf(id)));
      const [found = -1] = ids;
      return ids.every((id) => id === found) && this.brokers.has(found) ? found : null;
    });
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
    await Promise.all(this.published.map((listener) => listener.close()));
    await Promise.all([...this.brokers.values()].map((broker) => broker.stop()));
    await this.zooKeeper.close();
    await this.zooKeeperServer?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** GREGOR_TEST_LOG=info or debug shows what the servers say. */
function chosenLog(): Log {
  const level = process.env['GREGOR_TEST_LOG'];
  if (level === undefined) return silentLog;
  return createLog({ level: level === 'debug' ? 'debug' : 'info', format: 'pretty' });
}

function text(properties: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function checked<C>({ config, problems }: ConfigResult<C>): C {
  if (config === null) throw new Error(problems.map(formatProblem).join('\n'));
  return config;
}
