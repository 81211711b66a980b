/**
 * One story: clients write to an ensemble while everything breaks, then all is mended. What must hold: at most one leader an epoch;
 * every write that was acknowledged is there; all servers come to the same tree; no ephemeral outlives its session; and a healed
 * ensemble makes progress.
 */
import type { SeededRandom } from '../src/runtime/simulated/seeded-random.ts';
import type { ZooKeeperClient } from '../src/zookeeper/client/client.ts';
import { SimulatedEnsemble, type EnsembleServer } from '../test/zookeeper/simulated-ensemble.ts';

const writers = 3;
/** Virtual ms after which a healed ensemble must serve and agree. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 5;

export interface EnsembleOutcome {
  readonly broken: readonly string[];
  readonly acknowledged: number;
  readonly epochs: number;
  readonly virtualMs: number;
  readonly traceHash: string;
}

export interface EnsembleStory {
  readonly seed: number;
  /** Virtual ms during which things break. */
  readonly faultsMs: number;
  readonly onTrace?: (line: string) => void;
}

export async function runEnsembleStory({ seed, faultsMs, onTrace }: EnsembleStory): Promise<EnsembleOutcome> {
  const servers = [3, 3, 5, 4, 7][seed % 5]!;
  const ensemble = new SimulatedEnsemble({
    seed,
    servers,
    observers: servers === 4 ? 1 : 0,
    lossRate: 0.001,
    slowestSyncMs: seed % 2 === 0 ? 60 : 3,
    zooCfg: seed % 3 === 0 ? 'snapCount=20\n' : '',
  });
  const { world } = ensemble;
  world.onTrace = onTrace ?? null;
  const random = world.random.fork('faults');
  const broken: string[] = [];
  const acknowledged = new Set<string>();
  const leaders = watchLeaders(ensemble, broken);
  ensemble.startAll();
  let writing = true;
  for (let w = 0; w < writers; w++) void write(ensemble, w, acknowledged, () => writing);
  await breakThings(ensemble, random, faultsMs);

  // The world is whole again.
  world.heal();
  for (const server of ensemble.servers) if (!server.host.alive) ensemble.start(server);
  const before = acknowledged.size;
  if (!(await ensemble.untilServing(servers, PATIENCE_MS)))
    broken.push(
      `${PATIENCE_MS} ms after everything was mended only ${ensemble.serving.length} of ${servers} servers serve`,
    );
  else if (!(await world.run(() => acknowledged.size > before + 10, PATIENCE_MS)))
    broken.push('the healed ensemble acknowledges no writes');
  writing = false;
  const agree = (): boolean =>
    new Set(ensemble.servers.map((server) => server.member?.storage.tree.lastZxid ?? -1)).size === 1;
  await world.run(world.nowMs + 15_000);
  if (!(await world.run(agree, PATIENCE_MS))) broken.push('the servers do not come to the same zxid');
  for (const server of ensemble.servers)
    for (const failure of server.failures) broken.push(`server ${server.id} gave up: ${failure}`);
  if (broken.length === 0) check(ensemble, acknowledged, broken);
  return {
    broken,
    acknowledged: acknowledged.size,
    epochs: leaders.size,
    virtualMs: world.nowMs,
    traceHash: world.traceHash,
  };
}

/** Looks often, for two leaders of one epoch. */
function watchLeaders(ensemble: SimulatedEnsemble, broken: string[]): Map<number, number> {
  const leaders = new Map<number, number>();
  const look = (): void => {
    for (const { id, member } of ensemble.servers) {
      if (member?.mode !== 'leader') continue;
      const known = leaders.get(member.currentEpoch);
      if (known === undefined) leaders.set(member.currentEpoch, id);
      else if (known !== id) broken.push(`servers ${known} and ${id} both led epoch ${member.currentEpoch}`);
    }
    ensemble.world.after(LOOK_EVERY_MS, look);
  };
  look();
  return leaders;
}

async function write(
  ensemble: SimulatedEnsemble,
  writer: number,
  acknowledged: Set<string>,
  wanted: () => boolean,
): Promise<void> {
  let sessions = 0;
  const connect = (): ZooKeeperClient => ensemble.client(`writer-${writer}-${sessions++}`);
  const pause = (ms: number) => new Promise<void>((resolve) => ensemble.world.after(ms, resolve));
  let client = connect();
  let hasEphemeral = false;
  for (let n = 0; wanted(); n++) {
    const path = `/w${writer}-${n}`;
    try {
      if (client.state === 'expired' || client.state === 'closed') {
        client = connect();
        hasEphemeral = false;
      }
      if (!hasEphemeral)
        await client.create(`/e${writer}-${client.sessionId}`, null, { mode: 'ephemeral' }).catch(() => {});
      hasEphemeral = true;
      await client.create(path, Buffer.from(String(n)));
      acknowledged.add(path);
    } catch {
      await pause(20);
    }
    if (n % 8 === 0) await pause(10);
  }
}

async function breakThings(ensemble: SimulatedEnsemble, random: SeededRandom, forMs: number): Promise<void> {
  const { world, servers } = ensemble;
  const end = world.nowMs + forMs;
  const names = servers.map(({ host }) => host.name);
  const later = (ms: number, run: () => void): void => world.after(ms, run);
  const restart = (server: EnsembleServer, longerMs = 0): void =>
    later(random.between(50, 4000) + longerMs, () => {
      if (!server.host.alive) ensemble.start(server);
    });
  await world.run(world.nowMs + random.between(500, 3000));
  while (world.nowMs < end) {
    const victim =
      random.below(3) === 0 && ensemble.leader !== undefined
        ? ensemble.leader
        : servers[random.below(servers.length)]!;
    const kind = random.below(8);
    if (kind < 3) {
      if (victim.host.alive) {
        ensemble.kill(victim, kind === 0);
        restart(victim);
      }
    } else if (kind === 3) {
      // All lose their power at once, and who led comes back last: what only its disk has was never acknowledged.
      const { leader } = ensemble;
      for (const server of servers) {
        if (server.host.alive) ensemble.kill(server);
        restart(server, server === leader ? 5000 : 0);
      }
    } else if (kind < 6) {
      const others = names.filter((name) => name !== victim.host.name);
      const alone = [victim.host.name];
      if (random.below(2) === 0 && servers.length > 4) alone.push(others.pop()!);
      world.trace(`${alone.join(' and ')} are alone`);
      world.separate(alone, others);
      later(random.between(200, 8000), () => world.heal());
    } else {
      const to = names[random.below(names.length)]!;
      if (to !== victim.host.name) {
        world.trace(`the way from ${victim.host.name} to ${to} is cut`);
        world.link(victim.host.name, to).cut();
        later(random.between(200, 6000), () => world.heal());
      }
    }
    await world.run(world.nowMs + random.between(100, 3000));
  }
}

function check(ensemble: SimulatedEnsemble, acknowledged: Set<string>, broken: string[]): void {
  const [first, ...others] = ensemble.servers;
  const tree = ensemble.treeOf(first!);
  for (const other of others)
    if (ensemble.treeOf(other) !== tree)
      broken.push(
        `servers ${first!.id} and ${other.id} have different trees: ${difference(tree, ensemble.treeOf(other))}`,
      );
  const { storage } = first!.member!;
  const lost = [...acknowledged].filter((path) => storage.tree.find(path) === undefined);
  if (lost.length > 0) broken.push(`${lost.length} acknowledged writes are lost, the first is ${lost[0]}`);
  for (const [session, paths] of storage.tree.ephemerals)
    if (!storage.tree.sessions.has(session))
      broken.push(`session ${session} is over and still has ${paths.size} ephemerals`);
}

function difference(a: string, b: string): string {
  const has = new Set(b.split('\n'));
  const had = new Set(a.split('\n'));
  const only = (lines: Set<string>, of: Set<string>): string =>
    [...lines]
      .filter((line) => !of.has(line))
      .slice(0, 2)
      .join(', ');
  return `one has ${only(had, has)}; the other ${only(has, had)}`;
}
