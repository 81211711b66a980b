import { expect, test } from 'vitest';
import type { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';
import { serving } from '../../../test/zookeeper/serving.ts';

// Hierarchical quorums: more than half of the groups, and of each more than half of its weight.

const THREE_GROUPS = 'group.1=1:2:3\ngroup.2=4:5:6\ngroup.3=7:8:9\n';

function kill(ensemble: SimulatedEnsemble, ids: readonly number[]): void {
  for (const id of ids) ensemble.kill(ensemble.servers[id - 1]!);
}

async function write(ensemble: SimulatedEnsemble, path: string): Promise<void> {
  await ensemble.world.play(() => ensemble.client(`client for ${path}`).create(path, null));
}

test('two of three groups serve without the third, and with two servers of three in each, though most are gone', async () => {
  const ensemble = await serving(1, 9, THREE_GROUPS);
  kill(ensemble, [7, 8, 9]);
  expect(await ensemble.untilServing(6)).toBe(true);
  await write(ensemble, '/a');
  kill(ensemble, [3, 6]);
  expect(await ensemble.untilServing(4)).toBe(true);
  await write(ensemble, '/b');
  for (const id of [3, 6, 7, 8, 9]) ensemble.start(ensemble.servers[id - 1]!);
  expect(await ensemble.untilServing(9)).toBe(true);
  await ensemble.world.run(ensemble.world.nowMs + 1000);
  expect(new Set(ensemble.servers.map((server) => ensemble.treeOf(server))).size).toBe(1);
});

test('a majority of the servers serves nobody when two of three groups have lost theirs', async () => {
  const ensemble = await serving(2, 9, THREE_GROUPS);
  const { world } = ensemble;
  kill(ensemble, [1, 2, 4, 5]);
  expect(await world.run(() => ensemble.serving.length === 0, 10_000)).toBe(true);
  const cameBack = await world.run(() => ensemble.serving.length > 0, 20_000);
  expect(cameBack).toBe(false);
  ensemble.start(ensemble.servers[0]!);
  expect(await ensemble.untilServing(6)).toBe(true);
  await write(ensemble, '/again');
});

test('a server of weight 0 follows, and neither leads nor counts, whoever dies', async () => {
  const ensemble = await serving(3, 4, 'group.1=1:2:3:4\nweight.4=0\n');
  const { world } = ensemble;
  const light = ensemble.servers[3]!;
  let hasLed = false;
  world.afterEvent = () => void (hasLed ||= light.member?.mode === 'leader');
  for (let round = 0; round < 3; round++) {
    const leader = ensemble.leader!;
    ensemble.kill(leader);
    expect(await ensemble.untilServing(3)).toBe(true);
    await write(ensemble, `/round${round}`);
    ensemble.start(leader);
    expect(await ensemble.untilServing(4)).toBe(true);
  }
  expect(light.member?.mode).toBe('follower');
  kill(ensemble, [1, 2]);
  expect(await world.run(() => ensemble.serving.length === 0, 10_000)).toBe(true);
  expect(await world.run(() => ensemble.serving.length > 0, 20_000)).toBe(false);
  expect(hasLed).toBe(false);
});
