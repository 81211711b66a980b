import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';

const zooCfg = 'reconfigEnabled=true\nskipACL=yes\n';
const NEXT = '/conf/zoo.cfg.dynamic.next';
const joins = (id: number): string => `server.${id}=zk${id}:2888:3888:participant;2181`;
const remembersNext = ({ host }: EnsembleServer): boolean => host.runtime.files.exists(NEXT);
/** It has the proposal on its disk, which comes after that, and hasn't heard that it is committed. */
const hasLogged = ({ member }: EnsembleServer): boolean =>
  member !== null && member.proposed !== null && member.storage.syncedZxid >= member.proposed.version;
const votersOf = ({ member }: EnsembleServer): readonly number[] | undefined => member?.ensemble.voters;

/** Four servers, three of which vote, and a client of the leader. */
async function founded(seed: number) {
  const ensemble = new SimulatedEnsemble({ seed, servers: 4, founders: 3, zooCfg });
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const leader = ensemble.leader!;
  const followers = ensemble.servers.filter((server) => server !== leader && server.id !== 4);
  const client = ensemble.client('client', [leader]);
  await ensemble.world.play(() => client.create('/before', null));
  return { ensemble, world: ensemble.world, leader, followers, client };
}

test('a leader that dies between proposal and commit: the next one finishes what the old voters have on their disks', async () => {
  const { ensemble, world, leader, followers, client } = await founded(11);
  client.reconfig({ joining: joins(4) }).catch(() => null);
  expect(await world.run(() => followers.every(remembersNext), 1000)).toBe(true);
  ensemble.kill(leader);
  for (const server of followers) expect(votersOf(server)).toEqual([1, 2, 3]);
  expect(await world.run(() => ensemble.leader !== undefined && ensemble.leader !== leader, 10_000)).toBe(
    true,
  );
  expect(await world.run(() => followers.every((server) => votersOf(server)?.length === 4), 1000)).toBe(true);
  const other = ensemble.client('other', followers);
  const { data } = await world.play(() => other.getData('/zookeeper/config'));
  expect(data?.toString()).toContain('server.4=zk4');
  ensemble.start(leader);
  expect(await world.run(() => votersOf(leader)?.length === 4, 10_000)).toBe(true);
  await world.run(world.nowMs + 500);
  expect(ensemble.servers.filter(remembersNext)).toEqual([]);
});

test('all die between proposal and commit: they come back with the old configuration, and finish the new one', async () => {
  const { ensemble, world, leader, followers, client } = await founded(15);
  client.reconfig({ joining: joins(4) }).catch(() => null);
  const withIt = (): EnsembleServer[] => [leader, ...followers].filter(hasLogged);
  expect(await world.run(() => withIt().length === 2, 1000)).toBe(true);
  const told = withIt();
  for (const server of [leader, ...followers]) expect(votersOf(server)).toEqual([1, 2, 3]);
  for (const server of ensemble.servers) ensemble.kill(server, true);
  for (const server of [leader, ...followers]) ensemble.start(server);
  await world.run(() => told.every(({ member }) => member !== null), 1000);
  for (const server of told) {
    expect(votersOf(server)).toEqual([1, 2, 3]);
    expect(server.member?.proposed?.voters).toEqual([1, 2, 3, 4]);
  }
  expect(await world.run(() => followers.every((server) => votersOf(server)?.length === 4), 10_000)).toBe(
    true,
  );
});

test('what only its leader has is abandoned: it comes back, cuts its log, and forgets the configuration', async () => {
  const { ensemble, world, leader, followers, client } = await founded(13);
  const others = [...followers.map(({ host }) => host.name), 'zk4'];
  world.separate([leader.host.name], others);
  client.reconfig({ joining: joins(4) }).catch(() => null);
  expect(await world.run(() => hasLogged(leader), 1000)).toBe(true);
  ensemble.kill(leader, true);
  await world.run(() => ensemble.serving.length === 0, 10_000);
  world.heal();
  expect(await world.run(() => ensemble.leader !== undefined, 10_000)).toBe(true);
  const other = ensemble.client('other', followers);
  await world.play(() => other.create('/after', null));
  ensemble.start(leader);
  await world.run(() => leader.member !== null, 1000);
  expect(leader.member?.proposed?.voters).toEqual([1, 2, 3, 4]);
  expect(await world.run(() => leader.member?.mode === 'follower', 10_000)).toBe(true);
  await world.run(world.nowMs + 500);
  expect(leader.member?.proposed).toBeNull();
  expect(remembersNext(leader)).toBe(false);
  // Whoever leads next, nobody thinks of it again; and another one may be asked for.
  ensemble.kill(ensemble.leader!);
  expect(await world.run(() => ensemble.leader !== undefined, 10_000)).toBe(true);
  expect(votersOf(ensemble.leader!)).toEqual([1, 2, 3]);
});

test('one at a time: while a reconfiguration waits for its quorum another one is refused', async () => {
  const { world, client, ensemble } = await founded(14);
  const outcome = (change: { joining?: string; leaving?: string }): Promise<string> =>
    client.reconfig(change).then(
      () => 'done',
      (error: Error) => error.name,
    );
  const outcomes = await world.play(() =>
    Promise.all([outcome({ joining: joins(4) }), outcome({ leaving: '4' })]),
  );
  expect(outcomes).toEqual(['done', 'ReconfigInProgress']);
  expect(await world.play(() => outcome({ leaving: '4' }))).toBe('done');
  expect(votersOf(ensemble.leader!)).toEqual([1, 2, 3]);
});
