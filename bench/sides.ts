/** The brokers that are compared: gregor's and Apache's, each with the same properties and a process (or, for `up`, one process) to look at. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, type Maker } from '../interop/support/clusters.ts';
import { root } from '../interop/support/install.ts';
import { freePorts, listening, run, Service, until } from '../interop/support/processes.ts';

/** Something to put a load on. */
export interface Side {
  readonly name: string;
  readonly address: string;
  /** The processes whose CPU and memory count. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const brokerProperties =
  'default.replication.factor=REPLICAS\nnum.partitions=3\nlog.segment.bytes=1073741824\n';

export async function kafkaSide(maker: Maker, brokers: number): Promise<Side> {
  const cluster = await startCluster(maker, {
    brokers,
    properties: brokerProperties.replace('REPLICAS', String(brokers)),
    heap: '1g',
  });
  return {
    name: maker,
    address: cluster.bootstrap,
    pids: cluster.brokers.map((broker) => broker.pid),
    stop: () => cluster.stop(),
  };
}

/** The same cluster by `gregor up`: one ZooKeeper and the brokers in one process. */
export async function upSide(brokers: number): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-bench-'));
  const ports = await freePorts(brokers);
  const file = join(folder, 'docker-compose.yml');
  writeFileSync(file, composeFile(ports));
  const service = new Service('up', process.execPath, [join(root, 'bin/gregor.js'), 'up', '-f', file], {
    cwd: folder,
    log: join(folder, 'up.log'),
  });
  await until(`gregor up\n${service.log}`, async () => {
    if (!service.running) throw new Error(`gregor up ended:\n${service.log}`);
    return (await Promise.all(ports.map((port) => listening(port)))).every(Boolean);
  });
  await until('three brokers in the metadata', async () => {
    const { out } = await run('kcat', ['-b', `127.0.0.1:${ports[0]}`, '-L', '-J']);
    return out !== '' && (JSON.parse(out) as { brokers: unknown[] }).brokers.length === brokers;
  });
  return {
    name: 'gregor up',
    address: ports.map((port) => `127.0.0.1:${port}`).join(','),
    pids: [service.pid],
    async stop() {
      await service.stop('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function composeFile(ports: readonly number[]): string {
  const broker = (port: number, i: number) => `  kafka-${i + 1}:
    image: confluentinc/cp-kafka:5.3.1
    hostname: kafka-${i + 1}
    depends_on: [zookeeper]
    ports: ["${port}:${port}"]
    environment:
      KAFKA_BROKER_ID: ${i + 1}
      KAFKA_ZOOKEEPER_CONNECT: zookeeper:2181
      KAFKA_LISTENERS: INTERNAL://kafka-${i + 1}:19092,EXTERNAL://0.0.0.0:${port}
      KAFKA_ADVERTISED_LISTENERS: INTERNAL://kafka-${i + 1}:19092,EXTERNAL://127.0.0.1:${port}
      KAFKA_INTER_BROKER_LISTENER_NAME: INTERNAL
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT
      KAFKA_DEFAULT_REPLICATION_FACTOR: ${ports.length}
      KAFKA_NUM_PARTITIONS: 3
`;
  return `services:
  zookeeper:
    image: confluentinc/cp-zookeeper:5.3.1
    environment:
      ZOOKEEPER_CLIENT_PORT: 2181
${ports.map(broker).join('')}`;
}
