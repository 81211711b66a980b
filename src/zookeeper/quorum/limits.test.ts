import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import type { Log } from '../../runtime/runtime.ts';
import { silentLog } from '../../runtime/silent-log.ts';

// A tick is 500 ms, initLimit 10 of them, syncLimit 4.
const INIT_LIMIT_MS = 5000;
const SYNC_LIMIT_MS = 2000;

/** Three that serve, and what they say. Who comes later gets the whole tree: `znodes` of `bytes` each. */
async function started(seed: number, { zooCfg = '', znodes = 0, bytes = 0 } = {}) {
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const log: Log = { ...silentLog, info: say, warn: say, error: say, with: () => log };
  const ensemble = new SimulatedEnsemble({
    seed,
    servers: 3,
    log,
    zooCfg: `forceSnapshotSync=true\n${zooCfg}`,
  });
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const leader = ensemble.leader!;
  const away = ensemble.servers.find((server) => server !== leader)!;
  const client = ensemble.client('client', [leader]);
  const paths = Array.from({ length: znodes }, (_, i) => `/n${i}`);
  await ensemble.world.play(async () => {
    await Promise.all(paths.map((path) => client.create(path, Buffer.alloc(bytes, path))));
    await client.close();
  });
  said.length = 0;
  const { world } = ensemble;
  const untilSaid = (begin: string): Promise<boolean> =>
    world.run(() => said.some((line) => line.startsWith(begin)), 20_000);
  return { ensemble, world, said, untilSaid, leader, away };
}

/** Nothing gets from the server to the others any more, nor from them to it, and nobody is told. */
function cutOff(ensemble: SimulatedEnsemble, server: EnsembleServer): void {
  const others = ensemble.servers.filter((other) => other !== server);
  ensemble.world.separate(
    [server.host.name],
    others.map(({ host }) => host.name),
  );
}

test('when the leader falls silent in the middle of its tree, who waits for it leaves after initLimit and elects with the others', async () => {
  const { ensemble, world, said, untilSaid, leader, away } = await started(1, { znodes: 60, bytes: 20_000 });
  ensemble.kill(away);
  ensemble.start(away);
  expect(await untilSaid('this server gets the whole tree')).toBe(true);
  cutOff(ensemble, leader);
  const cutAtMs = world.nowMs;
  const serve = (): boolean => ensemble.serving.filter((one) => one !== leader).length === 2;
  expect(await world.run(serve, 30_000)).toBe(true);
  expect(world.nowMs - cutAtMs).toBeLessThan(INIT_LIMIT_MS + 1000);
  expect(said.join('\n')).toContain('nothing more of its tree came within initLimit');
  world.heal();
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 1000);
  expect(new Set(ensemble.servers.map((server) => ensemble.treeOf(server))).size).toBe(1);
});

test('a tree that takes longer to get over than initLimit and syncLimit arrives at the first go', async () => {
  const { ensemble, world, said, untilSaid, leader, away } = await started(2, { znodes: 24, bytes: 500_000 });
  ensemble.kill(away);
  ensemble.start(away);
  const way = world.link(leader.host.name, away.host.name);
  expect(await untilSaid('this server gets the whole tree')).toBe(true);
  const beganAtMs = world.nowMs;
  // A megabyte at a time is on its way.
  way.delayMs = () => 1000;
  expect(await untilSaid("this server begins from the leader's zxid")).toBe(true);
  way.delayMs = () => 1;
  expect(world.nowMs - beganAtMs).toBeGreaterThan(INIT_LIMIT_MS + SYNC_LIMIT_MS + 1000);
  expect(await ensemble.untilServing(3)).toBe(true);
  expect(said.filter((line) => line.startsWith('this server gets'))).toHaveLength(1);
  expect(ensemble.leader === leader).toBe(true);
});

test('a leader that is cut off while one is being brought up to date leads no longer than syncLimit', async () => {
  const { ensemble, world, untilSaid, leader, away } = await started(3, { znodes: 20, bytes: 20_000 });
  ensemble.kill(away);
  ensemble.start(away);
  expect(await untilSaid('this server gets the whole tree')).toBe(true);
  cutOff(ensemble, leader);
  const cutAtMs = world.nowMs;
  expect(await world.run(() => leader.member?.mode !== 'leader', 30_000)).toBe(true);
  // It looks twice a tick.
  expect(world.nowMs - cutAtMs).toBeLessThan(SYNC_LIMIT_MS + 300);
});

test.each([
  // The last try may take as long as each may.
  ['', INIT_LIMIT_MS, INIT_LIMIT_MS + SYNC_LIMIT_MS],
  ['connectToLearnerMasterLimit=3\n', 1500, 1600],
])(
  'an elected leader whose machine does not answer is tried for so long (%j)',
  async (zooCfg, least, most) => {
    const { ensemble, world, untilSaid, leader, away } = await started(4, { zooCfg });
    ensemble.kill(away);
    ensemble.start(away);
    expect(await untilSaid(`server ${leader.id} was elected`)).toBe(true);
    cutOff(ensemble, leader);
    const electedAtMs = world.nowMs;
    expect(await untilSaid(`server ${leader.id} could not be followed: it does not take connections`)).toBe(
      true,
    );
    expect(world.nowMs - electedAtMs).toBeGreaterThanOrEqual(least);
    expect(world.nowMs - electedAtMs).toBeLessThan(most);
  },
);

test('when an elected server dies before it serves, the others do not wait for its port to open', async () => {
  const { ensemble, world, said, untilSaid, leader } = await started(5);
  ensemble.kill(leader);
  ensemble.start(leader);
  const isElected = (server: EnsembleServer): boolean =>
    said.some((line) => line.startsWith(`server ${server.id} (this one) was elected`));
  expect(await world.run(() => ensemble.servers.some(isElected), 5000)).toBe(true);
  const elected = ensemble.servers.find(isElected)!;
  ensemble.kill(elected);
  const diedAtMs = world.nowMs;
  expect(await ensemble.untilServing(2)).toBe(true);
  expect(world.nowMs - diedAtMs).toBeLessThan(400);
  expect(await untilSaid(`server ${elected.id} could not be followed`)).toBe(true);
});
