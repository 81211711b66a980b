/** ZooKeeper of any maker: one server alone, or an ensemble, one process a server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gregor, java, type ZooKeeperMaker } from '../interop/support/clusters.ts';
import { root } from '../interop/support/install.ts';
import { freePorts, Service, until } from '../interop/support/processes.ts';
import type { Side } from './sides.ts';

/** What Apache's zkServer.sh gives a server. */
const HEAP = '1000m';

/** What `gregor up --processes` gives one. */
const YOUNG_MEMORY = '--max-semi-space-size=4';

const peers = {
  'apache 3.4.14': 'zookeeper-3.4.14',
  'apache 3.9.5': 'zookeeper-3.9.5-admin',
} as const;

export interface ZooKeeperSide extends Side {
  /** Data is in `data-1` and so on. */
  readonly folder: string;
  /** Where gregor tells, on SIGUSR2, what is alive. */
  readonly memoryFile: string;
}

export interface ZooKeeperOptions {
  /** More for zoo.cfg. */
  readonly lines?: string;
  /** Of Java's. */
  readonly heap?: string;
  readonly tellsMemory?: boolean;
}

/** Resolves when all of them serve clients. */
export async function zookeeperSide(
  maker: ZooKeeperMaker,
  servers: number,
  { lines = '', heap = HEAP, tellsMemory = false }: ZooKeeperOptions = {},
): Promise<ZooKeeperSide> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-bench-zk-'));
  const removed = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removed);
  const ports = await freePorts(servers * 3);
  const clientPorts = ports.slice(0, servers);
  const list = clientPorts.map(
    (_, i) => `server.${i + 1}=127.0.0.1:${ports[servers + i]}:${ports[2 * servers + i]}\n`,
  );
  const memoryFile = join(folder, 'alive');
  const watched = tellsMemory ? ['--expose-gc', '--import', join(root, 'bench/loads/tell-memory.mjs')] : [];
  const services = clientPorts.map((port, i) => {
    const data = join(folder, `data-${i + 1}`);
    mkdirSync(data);
    const config = join(folder, `zoo-${i + 1}.cfg`);
    const common = `tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=${data}\nclientPort=${port}\nmaxClientCnxns=0\n`;
    writeFileSync(config, `${common}${lines}${servers > 1 ? list.join('') : ''}`);
    writeFileSync(join(data, 'myid'), String(i + 1));
    const options = {
      cwd: folder,
      log: join(folder, `server-${i + 1}.log`),
      env: { TELL_MEMORY_TO: memoryFile },
    };
    const name = `${maker} ${i + 1}`;
    return maker === 'gregor'
      ? new Service(
          name,
          process.execPath,
          [YOUNG_MEMORY, ...watched, ...gregor('zookeeper', config)],
          options,
        )
      : new Service(
          name,
          'java',
          java(peers[maker], 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [config], heap),
          options,
        );
  });
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop('SIGKILL')));
    process.removeListener('exit', removed);
    removed();
  };
  try {
    await until(`${servers} × ${maker}`, async () => {
      const ended = services.find((service) => !service.running);
      if (ended !== undefined) throw new Error(`${ended.name} ended:\n${ended.log}`);
      return (await Promise.all(clientPorts.map(serves))).every(Boolean);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: maker,
    address: clientPorts.map((port) => `127.0.0.1:${port}`).join(','),
    pids: services.map((service) => service.pid),
    folder,
    memoryFile,
    stop,
  };
}

/** Whether a server has a leader: only then does `srvr` tell its mode. */
function serves(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(answer.includes('Mode: ')));
  });
}
