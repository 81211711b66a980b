import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveBrokerConfig } from '../../src/kafka/broker/config/broker-config.ts';
import { parseProperties } from '../../src/wire/properties.ts';
import type { Broker } from '../../src/kafka/broker/start.ts';
import { startBroker } from '../../src/kafka/broker/start.ts';
import { createLog, silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import type { Log, Runtime } from '../../src/runtime/runtime.ts';
import { VirtualNetwork } from '../../src/runtime/virtual/virtual-network.ts';
import type { Host } from '../../src/runtime/virtual/virtual-network.ts';
import { formatProblem } from '../../src/wire/problem.ts';
import { parseZooKeeperConfig } from '../../src/zookeeper/server/config.ts';
import type { ZooKeeperServer } from '../../src/zookeeper/server/start.ts';
import { startZooKeeper } from '../../src/zookeeper/server/start.ts';

/** One ZooKeeper and brokers, each a host of its own in one process: `zookeeper`, `broker-1`, `broker-2`, …; clients are on `client`. */
export class TestCluster {
  readonly network: VirtualNetwork;
  /** Where clients of the test run. */
  readonly client: Runtime;
  readonly brokers = new Map<number, Broker>();
  private readonly folder = mkdtempSync(join(tmpdir(), 'gregor-cluster-'));
  private readonly log: Log;
  private readonly hosts = new Map<number, Host>();
  private readonly properties: Readonly<Record<string, string>>;
  private zooKeeper: ZooKeeperServer | null = null;
  private zooKeeperHost: Host | null = null;

  private constructor(properties: Readonly<Record<string, string>>) {
    this.properties = properties;
    // GREGOR_TEST_LOG=info shows what the servers say
    const level = process.env['GREGOR_TEST_LOG'];
    this.log =
      level === undefined
        ? silentLog
        : createLog({ level: level === 'debug' ? 'debug' : 'info', format: 'pretty' });
    this.network = new VirtualNetwork(createNodeRuntime({ log: this.log }));
    this.client = this.network.host('client').runtime;
  }

  static async start(count: number, properties: Readonly<Record<string, string>> = {}): Promise<TestCluster> {
    const cluster = new TestCluster(properties);
    const { config, problems } = parseZooKeeperConfig(
      `dataDir=${join(cluster.folder, 'zookeeper')}\nclientPort=2181\ntickTime=100\nadmin.enableServer=false\n`,
      'zoo.cfg',
    );
    if (config === null) throw new Error(problems.map(formatProblem).join('\n'));
    cluster.zooKeeperHost = cluster.network.host('zookeeper');
    cluster.zooKeeper = await startZooKeeper(cluster.zooKeeperHost.runtime, config);
    await Promise.all(Array.from({ length: count }, (_, i) => cluster.startBroker(i + 1)));
    return cluster;
  }

  /** Starts a broker, or starts one again that was stopped or killed. */
  async startBroker(id: number): Promise<Broker> {
    let host = this.hosts.get(id);
    if (host === undefined) this.hosts.set(id, (host = this.network.host(`broker-${id}`)));
    else host.restart();
    const { config, problems } = resolveBrokerConfig(
      parseProperties(
        Object.entries({
          'broker.id': String(id),
          'zookeeper.connect': 'zookeeper:2181/kafka',
          'zookeeper.session.timeout.ms': '1000',
          listeners: 'PLAINTEXT://:9092',
          'advertised.listeners': `PLAINTEXT://broker-${id}:9092`,
          'log.dirs': join(this.folder, `broker-${id}`),
          'offsets.topic.num.partitions': '3',
          'group.initial.rebalance.delay.ms': '0',
          ...this.properties,
        })
          .map(([key, value]) => `${key}=${value}`)
          .join('\n'),
      ),
      'server.properties',
    );
    if (config === null) throw new Error(problems.map(formatProblem).join('\n'));
    const broker = await startBroker(host.runtime, config);
    this.brokers.set(id, broker);
    return broker;
  }

  /** As kill -9 does. */
  kill(id: number): void {
    this.hosts.get(id)?.kill();
    this.brokers.delete(id);
  }

  killZooKeeper(): void {
    this.zooKeeperHost?.kill();
    this.zooKeeper = null;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.brokers.values()].map((broker) => broker.stop()));
    await this.zooKeeper?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until `look` gives something; the test's own timeout bounds it. */
export async function eventually<T>(
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
