import { expect, test } from 'vitest';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';
import { serving } from '../../../test/zookeeper/serving.ts';

const zooCfg = 'reconfigEnabled=true\nskipACL=yes\n';
const joins = (id: number, role = 'participant'): string => `server.${id}=zk${id}:2888:3888:${role};2181`;

test('a server joins, follows without a vote until it is added, and then counts', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 1, servers: 4, founders: 3, zooCfg });
  const { world, servers } = ensemble;
  for (const server of servers.slice(0, 3)) ensemble.start(server);
  expect(await ensemble.untilServing(3)).toBe(true);
  const client = ensemble.client('client', servers.slice(0, 3));
  const before = await world.play(() => client.getData('/zookeeper/config'));
  expect(before.data?.toString()).toMatch(/^server\.1=.*\nserver\.2=.*\nserver\.3=.*\nversion=100000000$/);
  ensemble.start(servers[3]!);
  expect(await ensemble.untilServing(4)).toBe(true);
  expect(servers[3]!.member?.mode).toBe('follower');
  let changed = 0;
  await world.play(() => client.getData('/zookeeper/config', () => (changed += 1)));
  const { data } = await world.play(() => client.reconfig({ joining: joins(4) }));
  expect(data?.toString()).toContain('server.4=zk4:2888:3888:participant;0.0.0.0:2181');
  expect(changed).toBe(1);
  const four = (): boolean => servers.every(({ member }) => member?.ensemble.voters.length === 4);
  expect(await world.run(four, 1000)).toBe(true);
  // Four need three: with two gone nothing is committed.
  const gone = servers.filter((server) => server !== ensemble.leader).slice(0, 2);
  for (const server of gone) ensemble.kill(server);
  expect(await world.run(() => ensemble.serving.length === 0, 10_000)).toBe(true);
  // With the configuration of before they come back, and learn the one of now.
  for (const server of gone) ensemble.start(server);
  expect(await ensemble.untilServing(4)).toBe(true);
  for (const server of servers) expect(server.member?.ensemble.voters).toEqual([1, 2, 3, 4]);
});

test('a leader that is removed hands over, and what was written stays', async () => {
  const ensemble = await serving(2, 3, zooCfg);
  const { world, servers } = ensemble;
  const old = ensemble.leader!;
  const others = servers.filter((server) => server !== old);
  const client = ensemble.client('client', others);
  await world.play(() => client.create('/before', null));
  await world.play(() => client.reconfig({ leaving: String(old.id) })).catch(() => null);
  const at = world.nowMs;
  expect(await world.run(() => ensemble.leader !== undefined && ensemble.leader !== old, 5000)).toBe(true);
  expect(world.nowMs - at).toBeLessThan(1000);
  await world.run(() => client.state === 'connected', 10_000);
  await world.play(() => client.create('/after', null));
  expect(await world.play(() => client.exists('/before'))).not.toBeNull();
  expect(others.every((server) => server.member?.ensemble.voters.length === 2)).toBe(true);
});

test('a participant becomes an observer, and comes back', async () => {
  const ensemble = await serving(3, 3, zooCfg);
  const { world, servers } = ensemble;
  const client = ensemble.client('client', [ensemble.leader!]);
  const moved = servers.find((server) => server !== ensemble.leader)!;
  await world.play(() => client.reconfig({ joining: joins(moved.id, 'observer') }));
  expect(await world.run(() => moved.member?.mode === 'observer', 5000)).toBe(true);
  await world.play(() => client.reconfig({ joining: joins(moved.id) }));
  expect(await world.run(() => moved.member?.mode === 'follower', 5000)).toBe(true);
  await world.play(() => client.create('/done', null));
  await world.run(world.nowMs + 1000);
  for (const server of servers) expect(ensemble.treeOf(server)).toBe(ensemble.treeOf(ensemble.leader!));
});

test('what can’t be is refused: no quorum in the new list, an old version, no permission, switched off', async () => {
  const ensemble = await serving(4, 3, zooCfg);
  const client = ensemble.client('client');
  const refused = (on: SimulatedEnsemble, run: () => Promise<unknown>): Promise<string> =>
    on.world.play(() =>
      run().then(
        () => 'done',
        (error: Error) => error.name,
      ),
    );
  const away = [joins(7), joins(8), joins(9)].join(',');
  expect(await refused(ensemble, () => client.reconfig({ joining: away }))).toBe('NewConfigNoQuorum');
  expect(await refused(ensemble, () => client.reconfig({ leaving: '1', fromVersion: 5 }))).toBe('BadVersion');
  const closed = await serving(5, 3, 'reconfigEnabled=true\n');
  const stranger = closed.client('client');
  expect(await refused(closed, () => stranger.reconfig({ leaving: '1' }))).toBe('NoAuth');
  const off = await serving(6, 3);
  const hopeful = off.client('client');
  expect(await refused(off, () => hopeful.reconfig({ leaving: '1' }))).toBe('ReconfigDisabled');
});

test('an ensemble of one grows to three', async () => {
  const ensemble = new SimulatedEnsemble({
    seed: 7,
    servers: 3,
    founders: 1,
    zooCfg: `${zooCfg}standaloneEnabled=false\n`,
  });
  const { world, servers } = ensemble;
  ensemble.start(servers[0]!);
  expect(await ensemble.untilServing(1)).toBe(true);
  const client = ensemble.client('client', [servers[0]!]);
  await world.play(() => client.create('/alone', null));
  for (const id of [2, 3]) {
    ensemble.start(servers[id - 1]!);
    expect(await ensemble.untilServing(id)).toBe(true);
    await world.play(() => client.reconfig({ joining: joins(id) }));
  }
  expect(
    await world.run(() => servers.every(({ member }) => member?.ensemble.voters.length === 3), 1000),
  ).toBe(true);
  ensemble.kill(servers[0]!);
  expect(await world.run(() => ensemble.serving.length === 2 && ensemble.leader !== undefined, 5000)).toBe(
    true,
  );
  expect(servers[1]!.member?.storage.tree.find('/alone')).toBeDefined();
});

test('a demoted server starts again as an observer; a removed one refuses, and says how it can come back', async () => {
  const ensemble = await serving(9, 4, zooCfg);
  const { world, servers } = ensemble;
  const client = ensemble.client('client', [ensemble.leader!]);
  const [demoted, removed] = servers.filter((server) => server !== ensemble.leader);
  await world.play(() => client.reconfig({ joining: joins(demoted!.id, 'observer') }));
  await world.play(() => client.reconfig({ leaving: String(removed!.id) }));
  const knows = (): boolean => removed!.member?.ensemble.member(removed!.id) === undefined;
  expect(await world.run(knows, 1000)).toBe(true);
  await world.run(world.nowMs + 100);
  for (const server of [demoted!, removed!]) ensemble.kill(server);
  for (const server of [demoted!, removed!]) ensemble.start(server);
  expect(await world.run(() => demoted!.member?.mode === 'observer', 5000)).toBe(true);
  expect(demoted!.member?.ensemble.voters).toHaveLength(2);
  expect(removed!.failures).toEqual([
    expect.stringMatching(/a reconfiguration removed this server\. To let it come back write its line/),
  ]);

  const { files } = removed!.host.restart();
  const path = files.list('/conf').findLast((name) => /dynamic\.[0-9a-f]+$/.test(name))!;
  const file = files.open(`/conf/${path}`, 'write');
  file.write(Buffer.from(`\n${joins(removed!.id)}\n`), file.size());
  file.close();
  ensemble.start(removed!);
  expect(await world.run(() => removed!.member?.mode === 'follower', 5000)).toBe(true);
  await world.play(() => client.reconfig({ joining: joins(removed!.id) }));
  expect(await world.run(() => !knows(), 1000)).toBe(true);
});

test('a removed server starts where a configuration that waits for its quorums has it: it may be needed for them', async () => {
  const ensemble = await serving(9, 4, zooCfg);
  const { world, servers } = ensemble;
  const client = ensemble.client('client', [ensemble.leader!]);
  const removed = servers.find((server) => server !== ensemble.leader)!;
  await world.play(() => client.reconfig({ leaving: String(removed.id) }));
  const isOut = (): boolean =>
    removed.member?.ensemble.member(removed.id) === undefined &&
    removed.member?.configurationWriting === null;
  expect(await world.run(isOut, 1000)).toBe(true);
  ensemble.kill(removed);
  const { files } = removed.host.restart();
  const next = files.open('/conf/zoo.cfg.dynamic.next', 'write');
  next.write(Buffer.from(`${joins(removed.id)}\nversion=100000001\n`), 0);
  next.close();
  ensemble.start(removed);
  expect(await world.run(() => removed.member?.mode === 'follower', 5000)).toBe(true);
});

test('a moved client port is where new clients connect, and those that are connected stay', async () => {
  const ensemble = await serving(10, 3, zooCfg);
  const { world, servers } = ensemble;
  for (const moved of [ensemble.leader!, servers.find((server) => server !== ensemble.leader)!]) {
    const line = (port: number): string => joins(moved.id).replace('2181', String(port));
    const client = ensemble.client(`client of ${moved.id}`, [moved]);
    await world.play(() => client.getData('/'));
    const states: string[] = [];
    client.onState((state) => states.push(state));
    await world.play(() => client.reconfig({ joining: line(2281) }));
    const connect = (port: number): Promise<string> => {
      const { network } = world.host(`${moved.id} at ${port}, ${world.nowMs}`).runtime;
      return world.play(() =>
        network.connect({ host: moved.host.name, port }).then(
          () => 'listens',
          () => 'refuses',
        ),
      );
    };
    await world.run(world.nowMs + 100);
    expect([await connect(2181), await connect(2281)]).toEqual(['refuses', 'listens']);
    await world.play(() => client.create(`/by-${moved.id}`, null));
    expect(states, 'it was never without a connection').toEqual([]);
    // It is the line that counts after a restart.
    ensemble.kill(moved);
    ensemble.start(moved);
    expect(await ensemble.untilServing(3)).toBe(true);
    expect([await connect(2181), await connect(2281)]).toEqual(['refuses', 'listens']);
  }
});

test('with standaloneEnabled an ensemble shrinks to two voters, without to one', async () => {
  for (const [standalone, last] of [
    ['yes', 'BadArguments'],
    ['no', 'done'],
  ] as const) {
    const ensemble = new SimulatedEnsemble({
      seed: 11,
      servers: 3,
      zooCfg: `${zooCfg}standaloneEnabled=${standalone === 'yes'}\n`,
    });
    const { world, servers } = ensemble;
    ensemble.startAll();
    expect(await ensemble.untilServing(3)).toBe(true);
    const leader = ensemble.leader!;
    const client = ensemble.client('client', [leader]);
    const [one, two] = servers.filter((server) => server !== leader);
    const remove = (id: number): Promise<string> =>
      world.play(() =>
        client.reconfig({ leaving: String(id) }).then(
          () => 'done',
          (error: Error) => error.name,
        ),
      );
    expect(await remove(one!.id)).toBe('done');
    expect(await remove(two!.id)).toBe(last);
    for (const server of [one!, two!]) ensemble.kill(server);
    expect(await world.run(() => leader.member?.mode === null, 10_000)).toBe(standalone === 'yes');
  }
});

test('a version that is asked for must be the one in force', async () => {
  const ensemble = await serving(12, 3, zooCfg);
  const { leader } = ensemble;
  const client = ensemble.client('client', [leader!]);
  const other = leader!.id === 1 ? 2 : 1;
  await ensemble.world.play(async () => {
    const version = (data: Buffer | null): number => parseInt(data!.toString().split('version=')[1]!, 16);
    const before = version((await client.getData('/zookeeper/config')).data);
    const { data } = await client.reconfig({ joining: joins(other, 'observer'), fromVersion: before });
    expect(version(data)).toBeGreaterThan(before);
    const late = client.reconfig({ joining: joins(other), fromVersion: before });
    await expect(late).rejects.toMatchObject({ name: 'BadVersion' });
    // A whole list may have commas for line ends.
    const members = [1, 2, 3].map((id) => joins(id)).join(',');
    await client.reconfig({ members, fromVersion: version(data) });
  });
});

test('all servers die at once, and come back with the configuration that was in force', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 8, servers: 4, founders: 3, zooCfg });
  const { world, servers } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const client = ensemble.client('client');
  await world.play(() => client.reconfig({ joining: joins(4), leaving: '1' }));
  const told = (): string[] => servers.slice(1).map(({ member }) => member?.ensemble.text ?? '');
  const [expected] = (await world.run(() => new Set(told()).size === 1, 1000)) ? told() : [];
  expect(expected).toMatch(/^server\.2=.*\nserver\.3=.*\nserver\.4=.*\nversion=10000000[1-9a-f]$/);
  await world.run(world.nowMs + 100);
  for (const server of servers) ensemble.kill(server);
  for (const server of servers.slice(2)) ensemble.start(server);
  await world.run(() => servers.slice(2).every(({ member }) => member !== null), 1000);
  for (const { member } of servers.slice(2)) expect(member?.ensemble.text).toBe(expected);
  // Two of the three that there are now.
  expect(await ensemble.untilServing(2)).toBe(true);
});
