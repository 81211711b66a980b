import { expect, test } from 'vitest';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';

test('three servers elect a leader, serve writes at each of them, and agree', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 1, servers: 3 });
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const clients = ensemble.servers.map((server, i) => ensemble.client(`client${i}`, [server]));
  await ensemble.world.play(async () => {
    for (const [i, client] of clients.entries()) {
      await client.create(`/c${i}`, Buffer.from(String(i)));
      await client.create(`/e${i}`, null, { mode: 'ephemeral' });
    }
    for (const client of clients) {
      await client.sync('/');
      expect((await client.getChildren('/')).sort()).toEqual([
        'c0',
        'c1',
        'c2',
        'e0',
        'e1',
        'e2',
        'zookeeper',
      ]);
    }
  });
  await ensemble.world.run(ensemble.world.nowMs + 1000);
  const trees = ensemble.servers.map((server) => ensemble.treeOf(server));
  expect(trees[1]).toBe(trees[0]);
  expect(trees[2]).toBe(trees[0]);
});
