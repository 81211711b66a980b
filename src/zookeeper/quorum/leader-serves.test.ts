import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';

test('with leaderServes=no the leader sends clients away and only leads', async () => {
  const zooCfg = 'leaderServes=no\n';
  const ensemble = new SimulatedEnsemble({ seed: 51, servers: 3, zooCfg });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const leader = ensemble.leader!;
  const { runtime } = world.host('reader');
  const refused = await RawClient.connect(world, runtime, leader.host.name);
  expect(await refused.open()).toBe(null);
  expect(await RawClient.ask(world, runtime, leader.host.name, 'srvr')).toBe(
    'This ZooKeeper instance is not currently serving requests\n',
  );
  const client = ensemble.client('client');
  await world.play(() => client.create('/a', Buffer.from('x')));
  expect(leader.member!.storage.tree.find('/a')).toBeDefined();
});
