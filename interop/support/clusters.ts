/** The same cluster by gregor and by Apache: one ZooKeeper and some brokers with the same properties, on loopback ports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classPath, root } from './install.ts';
import { freePorts, listening, run, Service, until } from './processes.ts';

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

const java = (peer: string, main: string, args: string[], heap = '256m') => [
  `-Xmx${heap}`,
  '-Dlog4j.configuration=file:' + join(root, 'interop/peers/log4j.properties'),
  '-Dzookeeper.admin.enableServer=false',
  '-cp',
  classPath(peer),
  main,
  ...args,
];

const gregor = (...args: string[]) => [join(root, 'bin/gregor.js'), ...args];

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
            java(`zookeeper-${maker.split(' ')[1]}`, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [
              config,
            ]),
            { log },
          );
    await until(`${maker}'s ZooKeeper on port ${port}\n${service.log}`, () => {
      if (!service.running) throw new Error(`${maker}'s ZooKeeper ended:\n${service.log}`);
      return listening(port!);
    });
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

export async function startCluster(maker: Maker, options: ClusterOptions = {}): Promise<KafkaCluster> {
  const count = options.brokers ?? 3;
  const zookeeper = await startZooKeeper(
    options.zookeeper ??
      (maker === 'gregor' ? 'gregor' : maker === 'apache 2.3.0' ? 'apache 3.4.14' : 'apache 3.9.5'),
  );
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-kafka-'));
  const ports = await freePorts(count);
  const brokers = ports.map((port, i) => broker(maker, i + 1, port, folder, zookeeper, options, count));
  await Promise.all(brokers.map((b) => b.start()));
  return {
    maker,
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

function broker(
  maker: Maker,
  id: number,
  port: number,
  folder: string,
  zookeeper: ZooKeeper,
  options: ClusterOptions,
  count: number,
): Broker {
  const config = join(folder, `broker-${id}.properties`);
  const log = join(folder, `broker-${id}.log`);
  writeFileSync(
    config,
    `broker.id=${id}
listeners=PLAINTEXT://127.0.0.1:${port}
zookeeper.connect=${zookeeper.connect}
log.dirs=${folder}/logs-${id}
offsets.topic.replication.factor=${Math.min(3, count)}
transaction.state.log.replication.factor=${Math.min(3, count)}
${common}${options.properties ?? ''}`,
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
      const started =
        maker === 'gregor'
          ? new Service(`broker ${id}`, process.execPath, gregor('broker', config), { log })
          : new Service(
              `broker ${id}`,
              'java',
              java(`kafka-${maker.split(' ')[1]}`, 'kafka.Kafka', [config], options.heap),
              { log },
            );
      service = started;
      await until(`${maker}'s broker ${id} on port ${port}\n${started.log}`, async () => {
        if (!started.running) throw new Error(`${maker}'s broker ${id} ended:\n${started.log}`);
        return (await listening(port)) && (await registered(zookeeper, id));
      });
    },
    async stop() {
      await service?.stop('SIGTERM');
    },
    async kill() {
      await service?.stop('SIGKILL');
    },
  };
}

/** Whether kcat sees the broker in the cluster's metadata. */
async function registered(zookeeper: ZooKeeper, id: number): Promise<boolean> {
  const { connect } = await import('node:net');
  // `dump` lists the ephemerals of every session: /brokers/ids/<id> is among them once a broker has registered.
  return new Promise((resolve) => {
    const socket = connect(zookeeper.port, '127.0.0.1', () => socket.end('dump'));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(new RegExp(`/brokers/ids/${id}\\b`).test(answer)));
  });
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
