/** Ensembles of ZooKeeper servers, each member made by gregor or by Apache, on loopback ports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gregor, java, type ZooKeeperMaker } from './clusters.ts';
import { freePorts, Service, until } from './processes.ts';

export interface EnsembleMember {
  readonly id: number;
  readonly maker: ZooKeeperMaker;
  readonly port: number;
  readonly service: Service | null;
  /** As `srvr` tells it: leader, follower, observer, or null while it serves nobody. */
  mode(): Promise<string | null>;
  /** kill -9. */
  kill(): Promise<void>;
  start(): void;
  /** What it runs on from the next start on; its data stays. */
  change(maker: ZooKeeperMaker): void;
}

export interface Ensemble {
  readonly members: readonly EnsembleMember[];
  leader(): Promise<EnsembleMember>;
  /** Until all that run serve. */
  serving(): Promise<void>;
  /** What the servers said, for messages. */
  logs(): string;
  stop(): Promise<void>;
}

export async function startEnsemble(makers: readonly ZooKeeperMaker[]): Promise<Ensemble> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-ensemble-'));
  const ports = await freePorts(makers.length * 3);
  const lines = makers
    .map((_, i) => `server.${i + 1}=127.0.0.1:${ports[3 * i + 1]}:${ports[3 * i + 2]}\n`)
    .join('');
  const members = makers.map((maker, i) =>
    member(i + 1, maker, ports[3 * i]!, join(folder, `${i + 1}`), lines),
  );
  for (const each of members) each.start();
  const ensemble: Ensemble = {
    members,
    async leader() {
      return until('a leader', async () => {
        for (const each of members) if ((await each.mode()) === 'leader') return each;
        return false;
      });
    },
    async serving() {
      try {
        await until(
          'all servers to serve',
          async () => {
            const running = members.filter((each) => each.service !== null);
            const modes = await Promise.all(running.map((each) => each.mode()));
            return modes.every((mode) => mode !== null) && modes.includes('leader');
          },
          30_000,
        );
      } catch (error) {
        throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
      }
    },
    logs: () =>
      members
        .map(
          (m) =>
            `--- ${m.id} ${m.maker}\n${(m.service?.log ?? 'not running').split('\n').slice(-25).join('\n')}`,
        )
        .join('\n'),
    async stop() {
      await Promise.all(members.map((each) => each.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return ensemble;
}

function member(
  id: number,
  firstMaker: ZooKeeperMaker,
  port: number,
  folder: string,
  lines: string,
): EnsembleMember {
  let maker = firstMaker;
  let service: Service | null = null;
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data/myid'), `${id}\n`);
  const config = join(folder, 'zoo.cfg');
  return {
    id,
    port,
    get maker() {
      return maker;
    },
    get service() {
      return service;
    },
    mode: () => mode(port),
    async kill() {
      const dying = service;
      service = null;
      await dying?.stop('SIGKILL');
    },
    start() {
      writeFileSync(
        config,
        `tickTime=1000\ninitLimit=10\nsyncLimit=4\ndataDir=${folder}/data\nclientPort=${port}\nmaxClientCnxns=0\n${
          maker === 'apache 3.4.14'
            ? ''
            : '4lw.commands.whitelist=*\nadmin.enableServer=false\nsnapshot.trust.empty=true\n'
        }${lines}`,
      );
      const log = join(folder, 'server.log');
      service =
        maker === 'gregor'
          ? new Service(`server ${id}`, process.execPath, gregor('zookeeper', config), { log })
          : new Service(
              `server ${id}`,
              'java',
              java(`zookeeper-${maker.split(' ')[1]}`, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [
                config,
              ]),
              { log },
            );
    },
    change(next) {
      maker = next;
    },
  };
}

function mode(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    let answer = '';
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(/^Mode: (\w+)$/m.exec(answer)?.[1] ?? null));
  });
}
