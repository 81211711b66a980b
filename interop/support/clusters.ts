/** The same cluster by gregor and by Apache: one ZooKeeper and some brokers with the same properties, on loopback ports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterClient } from '../../simulation/clients.ts';
import { BrokerClient } from '../../src/kafka/client/broker-client.ts';
import { metadata } from '../../src/kafka/protocol/messages/03-metadata.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { classPath, root } from './install.ts';
import { freePorts, listening, run, Service, until } from './processes.ts';
import { tells } from './words.ts';

export type Maker = 'gregor' | 'apache 2.3.0' | 'apache 3.9.1';
export type ZooKeeperMaker = 'gregor' | 'apache 3.4.14' | 'apache 3.9.5';

export interface ZooKeeper {
  readonly maker: ZooKeeperMaker;
  readonly connect: string;
  readonly port: number;
  readonly folder: string;
  readonly service: Service;
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

export interface Broker {
  readonly id: number;
  /** Of the process that runs now. */
  readonly pid: number;
  readonly address: string;
  /** Ends the process at once, as kill -9 does. */
  kill(): Promise<void>;
  /** Ends it as an operator does. */
  stop(): Promise<void>;
  start(): Promise<void>;
  readonly log: string;
}

export interface KafkaCluster {
  readonly maker: Maker;
  readonly bootstrap: string;
  readonly zookeeper: ZooKeeper;
  readonly brokers: readonly Broker[];
  stop(): Promise<void>;
}

/** In suites, Java lives for seconds: compiling twice and many collecting threads cost more than they bring. Not so in benchmarks. */
const forShortLives =
  process.env['VITEST'] === undefined ? [] : ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export const java = (peer: string, main: string, args: string[], heap = '256m') => [
  `-Xmx${heap}`,
  ...forShortLives,
  '-Dlog4j.configuration=file:' + join(root, 'interop/peers/log4j.properties'),
  '-Dzookeeper.admin.enableServer=false',
  '-cp',
  classPath(peer),
  main,
  ...args,
];

export const gregor = (...args: string[]) => [join(root, 'bin/gregor.js'), ...args];

const zooKeeperPeers = {
  'apache 3.4.14': 'zookeeper-3.4.14',
  'apache 3.9.5': 'zookeeper-3.9.5-admin',
} as const;

export async function startZooKeeper(maker: ZooKeeperMaker, extra = '', reuse?: string): Promise<ZooKeeper> {
  const folder = reuse ?? mkdtempSync(join(tmpdir(), 'gregor-interop-zk-'));
  const [port] = await freePorts(1);
  const config = join(folder, 'zoo.cfg');
  writeFileSync(
    config,
    `tickTime=2000\ndataDir=${folder}/data\nclientPort=${port}\nmaxClientCnxns=0\n${maker === 'apache 3.4.14' ? '' : '4lw.commands.whitelist=*\nadmin.enableServer=false\n'}${extra}`,
  );
  mkdirSync(join(folder, 'data'), { recursive: true });
  const log = join(folder, 'server.log');
  const launch = async () => {
    const service =
      maker === 'gregor'
        ? new Service('zookeeper', process.execPath, gregor('zookeeper', config), { log })
        : new Service(
            'zookeeper',
            'java',
            java(zooKeeperPeers[maker], 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [config]),
            { log },
          );
    try {
      await until(
        () => `${maker}'s ZooKeeper on port ${port}\n${service.log}`,
        async () => {
          if (!service.running) throw new Error(`${maker}'s ZooKeeper ended:\n${service.log}`);
          return (await tells(port!, 'srvr')).includes('Mode: ');
        },
      );
    } catch (error) {
      await service.stop('SIGKILL');
      throw error;
    }
    return service;
  };
  let service = await launch();
  return {
    maker,
    connect: `127.0.0.1:${port}`,
    port: port!,
    folder,
    get service() {
      return service;
    },
    async restart(signal = 'SIGTERM') {
      await service.stop(signal);
      service = await launch();
    },
    async stop() {
      await service.stop();
      if (reuse === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface ClusterOptions {
  readonly brokers?: number;
  /** More lines for each server.properties. */
  readonly properties?: string;
  readonly zookeeper?: ZooKeeperMaker;
  /** Where in ZooKeeper's tree the cluster lives: '/kafka'. */
  readonly chroot?: string;
  /** The brokers start one after the other: the first becomes the controller. */
  readonly inTurn?: boolean;
  /** The heap of Apache's brokers. */
  readonly heap?: string;
}

/** Settings that make short tests possible; the same for every maker. */
const common = `offsets.topic.num.partitions=5
transaction.state.log.num.partitions=5
group.initial.rebalance.delay.ms=0
num.partitions=3
log.segment.bytes=10485760
`;

export async function startCluster(
  maker: Maker | readonly Maker[],
  options: ClusterOptions = {},
): Promise<KafkaCluster> {
  const count = options.brokers ?? 3;
  const makers = typeof maker === 'string' ? Array<Maker>(count).fill(maker) : maker;
  const zookeeper = await startZooKeeper(options.zookeeper ?? usualZooKeeper(makers[0]!));
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-kafka-'));
  const ports = await freePorts(makers.length);
  const brokers = makers.map((each, i) =>
    makeBroker(each, {
      id: i + 1,
      port: ports[i]!,
      folder,
      zookeeper,
      properties: `zookeeper.connect=${zookeeper.connect}${options.chroot ?? ''}
offsets.topic.replication.factor=${Math.min(3, makers.length)}
transaction.state.log.replication.factor=${Math.min(3, makers.length)}
${options.properties ?? ''}`,
      heap: options.heap,
    }),
  );
  try {
    if (options.inTurn === true) for (const b of brokers) await b.start();
    else await Promise.all(brokers.map((b) => b.start()));
    const ids = brokers.map((b) => b.id);
    for (const [i, { id }] of brokers.entries())
      await until(`broker ${id} to know brokers ${ids.join(', ')}`, () => knows(ports[i]!, ids));
  } catch (error) {
    await Promise.all(brokers.map((b) => b.kill()));
    await zookeeper.stop();
    throw error;
  }
  return {
    maker: makers[0]!,
    bootstrap: brokers.map((b) => b.address).join(','),
    zookeeper,
    brokers,
    async stop() {
      await Promise.all(brokers.map((b) => b.kill()));
      await zookeeper.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The one of the same age. */
function usualZooKeeper(maker: Maker): ZooKeeperMaker {
  return maker === 'gregor' ? 'gregor' : maker === 'apache 2.3.0' ? 'apache 3.4.14' : 'apache 3.9.5';
}

export interface BrokerSetup {
  readonly id: number;
  readonly port: number;
  /** Of its configuration, log and data. */
  readonly folder: string;
  readonly zookeeper: ZooKeeper;
  /** Lines, zookeeper.connect among them. */
  readonly properties: string;
  readonly heap?: string | undefined;
}

/** A broker that isn't started yet. */
export function makeBroker(
  maker: Maker,
  { id, port, folder, zookeeper, properties, heap }: BrokerSetup,
): Broker {
  const config = join(folder, `broker-${id}.properties`);
  const log = join(folder, `broker-${id}.log`);
  writeFileSync(
    config,
    `broker.id=${id}
listeners=PLAINTEXT://127.0.0.1:${port}
log.dirs=${folder}/logs-${id}
${common}${properties}`,
  );
  let service: Service | null = null;
  return {
    id,
    address: `127.0.0.1:${port}`,
    get pid() {
      if (service === null) throw new Error(`broker ${id} was never started`);
      return service.pid;
    },
    get log() {
      return service?.log ?? '';
    },
    async start() {
      // Apache's brokers end at once while the session of their predecessor lives on; gregor's wait for its end.
      if (maker !== 'gregor')
        await until(`the end of broker ${id}'s session`, async () => {
          const sessions = await tells(zookeeper.port, 'dump');
          return /ephemeral/i.test(sessions) && !new RegExp(`/brokers/ids/${id}\\b`).test(sessions);
        });
      const started =
        maker === 'gregor'
          ? new Service(`broker ${id}`, process.execPath, gregor('broker', config), { log })
          : new Service(
              `broker ${id}`,
              'java',
              java(`kafka-${maker.split(' ')[1]}`, 'kafka.Kafka', [config], heap),
              { log },
            );
      service = started;
      await until(
        () => `${maker}'s broker ${id} on port ${port}\n${started.log}`,
        async () => {
          if (!started.running) throw new Error(`${maker}'s broker ${id} ended:\n${started.log}`);
          return (await listening(port)) && (await knows(port, [id]));
        },
      );
    },
    async stop() {
      await service?.stop('SIGTERM');
    },
    async kill() {
      await service?.stop('SIGKILL');
    },
  };
}

/** That of the suites themselves. */
export const world = createNodeRuntime({ log: silentLog });

/** gregor's own producer and reader. */
export function ownClient(cluster: KafkaCluster): ClusterClient {
  const endpoints = cluster.brokers.map(({ address }) => {
    const [host, port] = address.split(':');
    return { host: host!, port: Number(port) };
  });
  return new ClusterClient(world, endpoints);
}

/** Whether each of so many partitions of its topic has so many replicas in sync, as some broker says. */
export async function allInSync(
  client: ClusterClient,
  partitions: number,
  replicas: number,
): Promise<boolean> {
  const inSync = await client.inSync().catch(() => []);
  return inSync.length === partitions && inSync.every((count) => count === replicas);
}

/** Whether the broker was told by the controller that these are the cluster's. Until it knows itself, it knows of no topics. */
async function knows(port: number, ids: readonly number[]): Promise<boolean> {
  const client = new BrokerClient(world, {
    endpoint: { host: '127.0.0.1', port },
    clientId: 'interop',
    requestTimeoutMs: 5000,
  });
  try {
    const { brokers } = await client.send(metadata, 1, { topics: [] });
    return ids.every((id) => brokers.some((broker) => broker.nodeId === id));
  } catch {
    return false; // it is still starting
  } finally {
    client.close();
  }
}

/** Runs one of Apache's command-line tools. `main` is its Java class. */
export async function tool(
  version: '2.3.0' | '3.9.1',
  main: string,
  args: string[],
  options: { input?: string; timeoutMs?: number } = {},
) {
  return run('java', java(`kafka-${version}`, main, args, '128m'), options);
}
