/** kazoo as the load of an ensemble, and what must be true of its history, of its sessions and of the tree at each server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { world } from './clusters.ts';
import type { Ensemble, EnsembleMember } from './ensembles.ts';
import { linearizable, python } from './install.ts';
import { run, Service, until } from './processes.ts';
import { metric } from './words.ts';

interface Told {
  readonly acknowledged: number;
  /** Of the session with the fewest. */
  readonly least: number;
  /** By the path of its ephemeral node. */
  readonly sessions: Readonly<Record<string, string>>;
  readonly lost: readonly number[];
  readonly problems: readonly string[];
}

/** As the program writes it. Times are ns of a monotonic clock. */
export interface Operation {
  readonly client: number;
  /** Whom it was connected to. */
  readonly server?: string;
  readonly op: 'set' | 'cas' | 'read' | 'create' | 'delete';
  readonly key: string;
  readonly value?: string;
  readonly expected?: number;
  readonly seen?: string;
  readonly version?: number;
  readonly call: number;
  readonly return: number;
  readonly outcome: 'ok' | 'refused' | 'unknown';
}

export interface Verdict {
  readonly operations: number;
  readonly unknown: number;
  readonly illegal: readonly string[];
  readonly undecided: readonly string[];
  /** Of what is illegal, in plain words: which operation can't have been, and what is known that contradicts it. */
  readonly why: readonly string[];
}

const PROGRAM = join(import.meta.dirname, '../clients/python/ensemble_load.py');

export interface LoadOptions {
  /** Where in the tree it works. */
  readonly root: string;
  /** So many use registers; one more keeps the ledger. */
  readonly sessions: number;
  readonly timeoutS: number;
}

/** Sessions of kazoo that write and read without a break until they are told to end. */
export class Load {
  private readonly service: Service;
  private readonly folder = mkdtempSync(join(tmpdir(), 'gregor-interop-load-'));
  private answers = 0;

  private constructor(connect: string, { root, sessions, timeoutS }: LoadOptions) {
    const args = [PROGRAM, connect, root, `${sessions}`, `${timeoutS}`];
    this.service = new Service('load', python, args, { log: join(this.folder, 'log') });
  }

  /** Resolves when all sessions work. */
  static async start(connect: string, options: Partial<LoadOptions> = {}): Promise<Load> {
    const load = new Load(connect, { root: '/load', sessions: 4, timeoutS: 20, ...options });
    await load.answer();
    return load;
  }

  /** Until each session has so many more operations acknowledged. */
  async more(count: number): Promise<void> {
    const { least } = await this.tell('tell');
    await until(`${count} more operations of each session`, async () => {
      const told = await this.tell('tell');
      return told.least >= least + count;
    });
  }

  async rest(): Promise<Told> {
    return this.tell('rest');
  }

  async go(): Promise<void> {
    await this.tell('go');
  }

  tellNow(): Promise<Told> {
    return this.tell('tell');
  }

  /** Rests. @returns the history up to now. */
  async history(): Promise<Operation[]> {
    const file = join(this.folder, 'history');
    await this.tell(`end ${file}`);
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Operation);
  }

  /** Ends the sessions as clients do. */
  async close(): Promise<void> {
    await this.tell('close');
    await this.kill();
  }

  /** Ends the process: its sessions are left to expire. */
  async kill(): Promise<void> {
    await this.service.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async tell(command: string): Promise<Told> {
    this.service.tell(command);
    return this.answer();
  }

  private async answer(): Promise<Told> {
    const awaited = this.answers++;
    return until('an answer of the load', () => {
      const line = this.service.out.split('\n').slice(0, -1)[awaited];
      if (line !== undefined) return JSON.parse(line) as Told;
      if (!this.service.running) throw new Error(`the load ended:\n${this.service.log}`);
      return false;
    });
  }
}

/** What Porcupine says about the registers in a history. */
export async function judge(history: readonly Operation[]): Promise<Verdict> {
  const { code, out, err } = await run(linearizable(), [], {
    input: history.map((operation) => JSON.stringify(operation)).join('\n'),
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as Verdict;
}

/**
 * Apache's leader answers a sync of its own clients at once (ZOOKEEPER-1675): it may not have applied yet what followers have answered, and
 * may have been deposed. What is read there is only held to what its session saw before.
 */
function isSynced({ op, server, call, return: end }: Operation, { members, timeline }: Ensemble): boolean {
  const member = members.find(({ host, port }) => server === `${host}:${port}`);
  if (op !== 'read' || member === undefined) return true;
  const maker = timeline.mayHaveLed(member.id, call, end);
  return maker === null || maker === 'gregor';
}

/** @returns why no registers can have done this, and what befell the servers meanwhile; nothing if all is well. */
export async function whatIsNotLinearizable(
  history: readonly Operation[],
  ensemble: Ensemble,
): Promise<string[]> {
  const { illegal, undecided, why } = await judge(history.filter((each) => isSynced(each, ensemble)));
  const backwards = whatGoesBackwards(history);
  if (illegal.length + undecided.length + backwards.length === 0) return [];
  const file = join(mkdtempSync(join(tmpdir(), 'gregor-interop-history-')), 'history');
  writeFileSync(file, history.map((operation) => `${JSON.stringify(operation)}\n`).join(''));
  const epoch = Math.min(...history.map(({ call }) => call));
  const named = ensemble.members.reduce(
    (lines, { id, maker, host, port }) =>
      lines.map((line) => line.replaceAll(`${host}:${port},`, `server ${id} (${maker}),`)),
    [...why],
  );
  return [
    ...undecided.map((register) => `${register}: could not be decided in time`),
    ...named,
    ...backwards,
    ...ensemble.timeline.told(epoch),
    `all operations are in ${file}`,
  ];
}

/** Where a session saw an older version than before, or two sessions another value of the same version. Holds for all that was read. */
export function whatGoesBackwards(history: readonly Operation[]): string[] {
  const wrong: string[] = [];
  const newest = new Map<string, number>();
  const values = new Map<string, string>();
  for (const { client, server, key, version, seen, value } of history) {
    if (version === undefined) continue;
    const before = newest.get(`${client} ${key}`) ?? 0;
    if (version < before)
      wrong.push(`${key}: client ${client} at ${server} met version ${version} after version ${before}`);
    newest.set(`${client} ${key}`, version);
    const found = seen ?? value ?? '';
    const known = values.get(`${key} ${version}`) ?? found;
    if (known !== found)
      wrong.push(`${key}: version ${version} is "${known}" for some and "${found}" for others`);
    values.set(`${key} ${version}`, known);
  }
  return wrong;
}

/** What the ledger says must be there, or must not, and isn't so in the tree. */
export function brokenPromises(history: readonly Operation[], tree: Tree): string[] {
  const broken: string[] = [];
  const deleted = new Map<string, Operation>();
  for (const each of history) if (each.op === 'delete') deleted.set(each.key, each);
  for (const { op, key, outcome, value } of history) {
    if (outcome !== 'ok') continue;
    const isThere = tree[key] !== undefined;
    if (op === 'delete' && isThere) broken.push(`${key} was deleted, and is there`);
    if (op === 'create' && !deleted.has(key) && tree[key]?.value !== value) broken.push(`${key} is lost`);
  }
  return broken;
}

/** What `work` finds wrong under load is told with the servers' logs; load and ensemble end with it. */
export async function underLoad(ensemble: Ensemble, work: (load: Load) => Promise<void>): Promise<void> {
  let load: Load | null = null;
  try {
    load = await Load.start(ensemble.connect());
    await work(load);
  } catch (error) {
    throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await load?.kill();
    await ensemble.stop();
  }
}

/** All znodes by their path, but ZooKeeper's own. */
export type Tree = Readonly<
  Record<string, { readonly value: string; readonly owner: string; readonly stat: string }>
>;

/** As one server has it, read from it alone; read anew if it is busy finding a leader. */
export async function treeAt(member: EnsembleMember): Promise<Tree> {
  let problem = '';
  return until(`the tree at server ${member.id}`, async () =>
    readTree(member).catch((error: unknown) => {
      problem = String(error);
      return false as const;
    }),
  ).catch(() => {
    throw new Error(`server ${member.id} can't be read: ${problem}`);
  });
}

async function readTree({ host, port }: EnsembleMember): Promise<Tree> {
  const client = new ZooKeeperClient(world, { servers: [{ host, port }], sessionTimeoutMs: 15_000 });
  client.start();
  try {
    await client.connected();
    await client.sync('/');
    const tree: Record<string, { value: string; owner: string; stat: string }> = {};
    const walk = async (path: string): Promise<void> => {
      const [{ data, stat }, children] = await Promise.all([client.getData(path), client.getChildren(path)]);
      const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = stat;
      if (path !== '/')
        tree[path] = {
          value: data?.toString() ?? '',
          owner: stat.ephemeralOwner.toString(),
          stat: `${czxid} ${mzxid} ${pzxid} ${ctime} ${mtime} ${version} ${cversion} ${aversion}`,
        };
      const below = children.filter((name) => path !== '/' || name !== 'zookeeper');
      await Promise.all(below.map((name) => walk(path === '/' ? `/${name}` : `${path}/${name}`)));
    };
    await walk('/');
    return tree;
  } finally {
    await client.close();
  }
}

/**
 * 3.4 knows no digests. A leader of 3.9 sends its tree while it changes, and a follower of 3.9 that gets it so counts digests that differ until
 * it is up to date, without any harm: such a follower isn't asked.
 */
function comparesDigests({ id, maker, log }: EnsembleMember, { members }: Ensemble): boolean {
  if (maker !== 'apache 3.9.5') return maker === 'gregor';
  const times = (text: string, words: string) => text.split(words).length - 1;
  const byGregor = members.map((each) => times(each.log, `server ${id} gets the whole tree`));
  return times(log, 'Getting a snapshot from leader') === byGregor.reduce((sum, count) => sum + count);
}

/**
 * Lets the load rest, and looks at every server: all have the same tree, in which is what was acknowledged, and the ephemerals of the
 * sessions that live and of no others; and no digest that a leader told was another than its follower's. @returns what is wrong.
 */
export async function whatIsWrongWith(
  ensemble: Ensemble,
  load: Load,
  { members = ensemble.members }: { members?: readonly EnsembleMember[] } = {},
): Promise<string[]> {
  const history = await load.history();
  const { sessions, lost, problems } = await load.tellNow();
  const living = new Set(Object.values(sessions).map((id) => BigInt.asIntN(64, BigInt(id)).toString()));
  // A dead session's nodes go when it expires, which may take until now.
  const ephemeralsOf = (tree: Tree) => Object.entries(tree).filter(([, { owner }]) => owner !== '0');
  await until('the end of dead sessions', async () =>
    ephemeralsOf(await treeAt(members[0]!)).every(([, { owner }]) => living.has(owner)),
  );
  const wrong = [...problems, ...lost.map((session) => `session ${session} was lost`)];
  const [first, ...others] = await Promise.all(members.map((each) => treeAt(each)));
  const at = (member: EnsembleMember) => `server ${member.id} (${member.maker})`;
  for (const [i, other] of others.entries()) {
    const different = [...new Set([...Object.keys(first!), ...Object.keys(other)])].filter(
      (path) => JSON.stringify(first![path]) !== JSON.stringify(other[path]),
    );
    for (const path of different.slice(0, 5))
      wrong.push(
        `${path} is ${JSON.stringify(first![path])} at ${at(members[0]!)} and ${JSON.stringify(other[path])} at ${at(members[i + 1]!)}`,
      );
  }
  const broken = brokenPromises(history, first!);
  wrong.push(...broken.slice(0, 10), ...(broken.length > 10 ? [`and ${broken.length - 10} more`] : []));
  for (const [path, id] of Object.entries(sessions))
    if (first![path]?.owner !== BigInt.asIntN(64, BigInt(id)).toString())
      wrong.push(`${path} of a session that lives is gone`);
  for (const member of members.filter((each) => comparesDigests(each, ensemble))) {
    const differ = await metric(member, 'digest_mismatches_count');
    if (differ !== '0') wrong.push(`${at(member)} counts ${differ} digests that differ from its leader's`);
  }
  return wrong;
}
