/** Ensembles of ZooKeeper servers, each member made by gregor or by Apache, on loopback ports or in a network of their own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { gregor, java, world, type ZooKeeperMaker } from './clusters.ts';
import { classPath } from './install.ts';
import { makeNetwork, type Host, type Network } from './network.ts';
import { freePorts, Service, until } from './processes.ts';
import { Timeline, type Mode } from './timeline.ts';
import { tells } from './words.ts';

export interface EnsembleMember {
  readonly id: number;
  readonly maker: ZooKeeperMaker;
  readonly isObserver: boolean;
  readonly host: string;
  readonly port: number;
  readonly service: Service | null;
  /** As `srvr` tells it; null while it serves nobody. */
  mode(): Promise<Mode | null>;
  /** All that it said since the test began, over all its starts. */
  readonly log: string;
  /** Whether its newest transaction log has this text somewhere. */
  hasLogged(text: string): Promise<boolean>;
  /** Stops it in its tracks, its connections open, until it is thawed or killed. */
  freeze(): Promise<void>;
  thaw(): void;
  /** kill -9. */
  kill(): Promise<void>;
  start(): void;
  /** What it runs on from the next start on; its data stays. */
  change(maker: ZooKeeperMaker): void;
  /** Nothing goes in or out between it and the other servers; clients still reach it. Of isolable ensembles only. */
  cutOff(): void;
  join(): void;
}

export interface Ensemble {
  readonly members: readonly EnsembleMember[];
  readonly timeline: Timeline;
  /** null: its servers can't be cut off. */
  readonly network: Network | null;
  /** For clients: the addresses of all, or of some. */
  connect(members?: readonly EnsembleMember[]): string;
  leader(): Promise<EnsembleMember>;
  /** Until all that run serve, one of them as leader. @returns that one. */
  serving(members?: readonly EnsembleMember[]): Promise<EnsembleMember>;
  /** Until all that run have applied the same transactions, so that the highest id is elected next; nobody may write meanwhile. */
  inStep(): Promise<void>;
  /** What the servers said, for messages. */
  logs(): string;
  stop(): Promise<void>;
}

export interface EnsembleOptions {
  /** These have the highest ids. */
  readonly observers?: readonly ZooKeeperMaker[];
  /** In network namespaces, where that may be done. */
  readonly isolable?: boolean;
  /** Of isolable ones: each server has an address at each of so many. */
  readonly switches?: number;
  /** Where the servers find each other, unless they are isolable. */
  readonly loopback?: '127.0.0.1' | '[::1]';
  /** These have their transaction log in a folder of its own (dataLogDir). */
  readonly withLogFolder?: readonly number[];
  /** More lines for zoo.cfg. */
  readonly extra?: (id: number) => string;
  /** Apache's come with what its admin server needs. */
  readonly withAdmin?: boolean;
  /** Of Apache's. */
  readonly javaOptions?: readonly string[];
}

/** Resolves when all serve. Their ids are 1, 2, 3 …: of servers with the same history the last voter is elected, so that one leads. */
export async function startEnsemble(
  voters: readonly ZooKeeperMaker[],
  {
    observers = [],
    isolable = false,
    switches = 1,
    loopback = '127.0.0.1',
    withLogFolder = [],
    extra = () => '',
    withAdmin = false,
    javaOptions = [],
  }: EnsembleOptions = {},
): Promise<Ensemble> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-ensemble-'));
  const makers = [...voters, ...observers];
  const network = isolable ? makeNetwork(makers.length, switches) : null;
  const ports = network === null ? await freePorts(makers.length * 3) : null;
  const portsOf = (i: number) =>
    ports === null ? [2181, 2888, 3888] : [ports[3 * i]!, ports[3 * i + 1]!, ports[3 * i + 2]!];
  const lines = makers.map((_, i) => {
    const [, quorum, election] = portsOf(i);
    const role = i < voters.length ? '' : ':observer';
    const addresses = network?.hosts[i]?.addresses ?? [loopback];
    return `server.${i + 1}=${addresses.map((host) => `${host}:${quorum}:${election}`).join('|')}${role}\n`;
  });
  const timeline = new Timeline();
  const members = makers.map((maker, i) =>
    member({
      timeline,
      id: i + 1,
      firstMaker: maker,
      isObserver: i >= voters.length,
      net: network?.hosts[i] ?? null,
      port: portsOf(i)[0]!,
      folder: join(folder, `${i + 1}`),
      hasLogFolder: withLogFolder.includes(i + 1),
      lines: lines.join('') + extra(i + 1),
      withAdmin,
      javaOptions,
    }),
  );
  // A bare majority decides, so that the one with the highest id must be in it, however long it takes to start.
  const majority = Math.floor(voters.length / 2) + 1;
  const deciding = members.slice(voters.length - majority, voters.length);
  for (const each of deciding) each.start();
  const logs = (): string =>
    members
      .map((m) => `--- ${m.id} ${m.maker}${m.service === null ? ' (killed)' : ''}\n${newest(m.log)}`)
      .join('\n');
  const ensemble: Ensemble = {
    members,
    timeline,
    network,
    connect: (some = members) => some.map(({ host, port }) => `${host}:${port}`).join(','),
    async leader() {
      return until('a leader', async () => {
        for (const each of members) if ((await each.mode()) === 'leader') return each;
        return false;
      });
    },
    async serving(some = members) {
      const seen = new Map<number, Mode | null>();
      try {
        return await until(
          'all servers to serve',
          async () => {
            const running = some.filter((each) => each.service !== null);
            await Promise.all(running.map(async (each) => seen.set(each.id, await each.mode())));
            const leaders = running.filter(({ id }) => seen.get(id) === 'leader');
            return running.every(({ id }) => seen.get(id) !== null) && leaders.length === 1
              ? leaders[0]!
              : false;
          },
          90_000,
        );
      } catch (error) {
        throw new Error(`${String(error)} ${JSON.stringify([...seen])}\n${logs()}`, { cause: error });
      }
    },
    async inStep() {
      await until('all servers to be in step', async () => {
        const running = members.filter((each) => each.service !== null);
        const zxids = await Promise.all(running.map(async ({ host, port }) => (await tell(host, port)).zxid));
        return zxids[0] !== null && new Set(zxids).size === 1;
      });
    },
    logs,
    async stop() {
      await Promise.all(members.map((each) => each.kill()));
      network?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await ensemble.serving();
    for (const each of members) if (!deciding.includes(each)) each.start();
    await ensemble.serving();
  } catch (error) {
    await ensemble.stop();
    throw error;
  }
  return ensemble;
}

/** A client of one member, started; its session lives on while the member is started again. `clients` gets it, too. */
export function clientOf({ host, port }: EnsembleMember, clients: ZooKeeperClient[] = []): ZooKeeperClient {
  const client = new ZooKeeperClient(world, {
    servers: [{ host, port }],
    sessionTimeoutMs: 40_000,
    connectTimeoutMs: 3000,
  });
  clients.push(client);
  client.start();
  return client;
}

function newest(log: string): string {
  return log.split('\n').slice(-25).join('\n');
}

interface MemberSetup {
  readonly timeline: Timeline;
  readonly id: number;
  readonly firstMaker: ZooKeeperMaker;
  readonly isObserver: boolean;
  readonly net: Host | null;
  readonly port: number;
  readonly folder: string;
  readonly hasLogFolder: boolean;
  readonly lines: string;
  readonly withAdmin: boolean;
  readonly javaOptions: readonly string[];
}

/** A session lives long enough for elections of several seconds on a busy machine; a dead one ends within a test. */
const COMMON = 'tickTime=500\ninitLimit=30\nsyncLimit=5\nmaxClientCnxns=0\nmaxSessionTimeout=40000\n';

const SINCE_35 = '4lw.commands.whitelist=*\nadmin.enableServer=false\nsnapshot.trust.empty=true\n';

function member({
  timeline,
  id,
  firstMaker,
  isObserver,
  net,
  port,
  folder,
  hasLogFolder,
  lines,
  withAdmin,
  javaOptions,
}: MemberSetup): EnsembleMember {
  let maker = firstMaker;
  let service: Service | null = null;
  let before = '';
  const host = net?.clientAddress ?? '127.0.0.1';
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data/myid'), `${id}\n`);
  const config = join(folder, 'zoo.cfg');
  const logFolder = join(folder, hasLogFolder ? 'log' : 'data');
  const log = () => before + (service?.log ?? '');
  const befell = (what: string, parts = false): void => timeline.befell(id, maker, what, parts);
  return {
    id,
    isObserver,
    host,
    port,
    get maker() {
      return maker;
    },
    get service() {
      return service;
    },
    get log() {
      return log();
    },
    async mode() {
      const asked = timeline.nowNs;
      const { mode } = await tell(host, port);
      if (mode !== null && service !== null) timeline.saw(id, maker, mode, asked);
      return mode;
    },
    async hasLogged(text) {
      const files = join(logFolder, 'version-2');
      const [newest] = readdirSync(files)
        .filter((name) => name.startsWith('log.'))
        .map((name) => ({ name, changedMs: statSync(join(files, name)).mtimeMs }))
        .sort((a, b) => b.changedMs - a.changedMs);
      return newest !== undefined && (await readFile(join(files, newest.name))).includes(text);
    },
    async freeze() {
      await service?.freeze();
      befell('is frozen');
    },
    thaw() {
      befell('goes on');
      service?.thaw();
    },
    async kill() {
      const dying = service;
      before = log();
      service = null;
      await dying?.stop('SIGKILL');
      befell('is killed', true);
    },
    start() {
      befell('starts', true);
      writeFileSync(
        config,
        `${COMMON}dataDir=${folder}/data\ndataLogDir=${logFolder}\nclientPort=${port}\n${
          maker === 'apache 3.4.14' ? '' : SINCE_35
        }${lines}`,
      );
      const [command, args] =
        maker === 'gregor'
          ? [process.execPath, gregor('zookeeper', config)]
          : ['java', [...javaOptions, ...apache(maker, config, withAdmin)]];
      service = new Service(`server ${id}`, ...(net?.inside(command, args) ?? ([command, args] as const)), {
        log: join(folder, 'server.log'),
      });
    },
    change(next) {
      maker = next;
    },
    cutOff() {
      befell('is cut off');
      net!.cutOff();
    },
    join() {
      befell('is joined');
      net!.join();
    },
  };
}

/** Its log tells how a learner was brought up to date. */
function apache(maker: Exclude<ZooKeeperMaker, 'gregor'>, config: string, withAdmin: boolean): string[] {
  const version = maker.split(' ')[1]!;
  const args = java(
    `zookeeper-${version}${withAdmin ? '-admin' : ''}`,
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    [config],
    '192m',
  );
  if (version.startsWith('3.4')) return args;
  const at = args.indexOf('-cp') + 1;
  args[at] = `${args[at]}:${classPath('slf4j-simple')}`;
  const shown = 'org.slf4j.simpleLogger.log.org.apache.zookeeper.server.quorum';
  return [
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    `-D${shown}.Learner=info`,
    `-D${shown}.LearnerHandler=info`,
    ...args,
  ];
}

interface Told {
  readonly mode: Mode | null;
  /** Of what it applied last. */
  readonly zxid: string | null;
}

/** What a server says to `srvr`; nothing while it serves nobody. */
async function tell(host: string, port: number): Promise<Told> {
  const answer = await tells(port, 'srvr', { host, limitMs: 3000 });
  return {
    mode: (/^Mode: (\w+)$/m.exec(answer)?.[1] as Mode | undefined) ?? null,
    zxid: /^Zxid: (\w+)$/m.exec(answer)?.[1] ?? null,
  };
}
