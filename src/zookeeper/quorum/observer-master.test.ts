import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';

test('an observer follows a follower: it writes, syncs and keeps sessions by way of it, and goes to another when that dies', async () => {
  const zooCfg = 'observerMasterPort=2191\n4lw.commands.whitelist=*\n';
  const ensemble = new SimulatedEnsemble({ seed: 41, servers: 4, observers: 1, zooCfg });
  const { world } = ensemble;
  const observer = ensemble.servers[3]!;
  for (const server of ensemble.servers.slice(0, 3)) ensemble.start(server);
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 200);
  ensemble.start(observer);
  expect(await ensemble.untilServing(4)).toBe(true);
  const { runtime } = world.host('admin');
  const told = async (host: string, name: string): Promise<number> => {
    const text = await RawClient.ask(world, runtime, host, 'mntr');
    return Number(new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(text)?.[1]);
  };
  const masterOf = async () => ensemble.servers[(await told('zk4', 'observer_master_id')) - 1]!;
  const master = await masterOf();
  expect(master.member?.mode).toBe('follower');
  expect(await told(ensemble.leader!.host.name, 'synced_observers')).toBe(0);
  expect(await told(master.host.name, 'synced_observers')).toBe(1);

  const there = ensemble.client('there', [observer]);
  const here = ensemble.client('here', [ensemble.leader!]);
  await world.play(async () => {
    await there.create('/of-observer', Buffer.from('x'));
    await there.create('/mine', null, { mode: 'ephemeral' });
    await here.create('/of-leader', Buffer.from('y'));
    await there.sync('/');
    expect((await there.getChildren('/')).sort()).toEqual(['mine', 'of-leader', 'of-observer', 'zookeeper']);
  });
  await world.run(world.nowMs + 25_000);
  expect(ensemble.leader!.member!.storage.tree.find('/mine'), 'pings keep its session').toBeDefined();

  ensemble.kill(master);
  expect(await world.run(() => observer.member?.mode === null, 10_000)).toBe(true);
  expect(await world.run(() => observer.member?.mode === 'observer', 10_000)).toBe(true);
  expect(await masterOf()).not.toBe(master);
  await world.run(() => there.state === 'connected', 10_000);
  const session = there.sessionId;
  await world.play(() => there.create('/later', null));
  expect(there.sessionId).toBe(session);
  expect(ensemble.leader!.member!.storage.tree.find('/mine')).toBeDefined();
  await world.run(world.nowMs + 1000);
  expect(ensemble.treeOf(observer)).toBe(ensemble.treeOf(ensemble.leader!));
});

test('an observer that was away gets what it lacks from a follower, or the whole tree', async () => {
  const zooCfg = 'observerMasterPort=2191\ncommitLogCount=20\nsnapshotSizeFactor=-1\n';
  const ensemble = new SimulatedEnsemble({ seed: 42, servers: 4, observers: 1, zooCfg });
  const { world } = ensemble;
  const observer = ensemble.servers[3]!;
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const client = ensemble.client('client', [ensemble.leader!]);
  for (const count of [5, 100]) {
    ensemble.kill(observer);
    await world.play(async () => {
      for (let i = 0; i < count; i++) await client.create(`/n${count}-${i}`, Buffer.alloc(100, i));
    });
    ensemble.start(observer);
    expect(await ensemble.untilServing(4)).toBe(true);
    await world.run(world.nowMs + 1000);
    expect(ensemble.treeOf(observer)).toBe(ensemble.treeOf(ensemble.leader!));
  }
});

test('an observer of a follower learns of a reconfiguration at once, as does one that comes later', async () => {
  const zooCfg = 'observerMasterPort=2191\nreconfigEnabled=true\nskipACL=yes\n';
  const ensemble = new SimulatedEnsemble({ seed: 43, servers: 5, observers: 2, zooCfg });
  const { world, servers } = ensemble;
  const [observer, late] = servers.slice(3);
  for (const server of servers.slice(0, 3)) ensemble.start(server);
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 200);
  ensemble.start(observer!);
  expect(await ensemble.untilServing(4)).toBe(true);
  const { leader } = ensemble;
  const client = ensemble.client('client', [leader!]);
  const there = ensemble.client('there', [observer!]);
  await world.play(() => there.create('/before', null));
  const states: string[] = [];
  there.onState((state) => states.push(state));
  let changed = 0;
  await world.play(() => there.getData('/zookeeper/config', () => (changed += 1)));
  const { data } = await world.play(() => client.reconfig({ leaving: '5' }));
  const knows = (): boolean => observer!.member?.ensemble.text === data?.toString();
  expect(await world.run(knows, 100)).toBe(true);
  expect(await world.run(() => changed === 1, 100)).toBe(true);
  expect(states, 'it goes on following').toEqual([]);
  ensemble.start(late!);
  expect(await world.run(() => late!.member?.ensemble.text === data?.toString(), 5000)).toBe(true);
  // The voters that the observer knows are those that it may follow.
  const follower = servers.find((server) => server.member?.mode === 'follower')!;
  await world.play(() => client.reconfig({ leaving: String(follower.id) }));
  expect(await world.run(() => observer!.member?.ensemble.voters.length === 2, 5000)).toBe(true);
  expect(await world.run(() => observer!.member?.mode === 'observer', 10_000)).toBe(true);
});
