import { expect, test } from 'vitest';
import { FileError, type Log } from '../../runtime/runtime.ts';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { readReply, requestFrame, requests } from '../../../test/zookeeper/test-server.ts';
import { OpCode } from '../jute/op-code.ts';
import { writeUstring } from '../jute/primitives.ts';

function collecting(into: string[]): Log {
  const say = (message: string): void => void into.push(message);
  const log: Log = { debug: () => {}, info: say, warn: say, error: say, with: () => log };
  return log;
}

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

test('a dead leader is replaced within 300 ms, sessions go on, and it comes back as a follower', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 2, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const client = ensemble.client('client');
  await world.play(() => client.create('/mine', null, { mode: 'ephemeral' }));
  const dead = ensemble.leader!;
  const session = client.sessionId;
  ensemble.kill(dead);
  const diedAt = world.nowMs;
  expect(await world.run(() => ensemble.leader !== undefined && ensemble.serving.length === 2, 1000)).toBe(
    true,
  );
  expect(world.nowMs - diedAt).toBeLessThan(300);
  await world.run(world.nowMs + 500);
  ensemble.start(dead);
  expect(await ensemble.untilServing(3)).toBe(true);
  expect(dead.member?.mode).toBe('follower');
  await world.run(() => client.state === 'connected', 10_000);
  await world.play(() => client.create('/after', null));
  expect(client.sessionId).toBe(session);
  expect((await world.play(() => client.exists('/mine')))?.ephemeralOwner).toBe(session);
});

test('a dead leader of five is replaced within 300 ms, too, however the dice fall', async () => {
  for (let seed = 200; seed < 208; seed++) {
    const ensemble = new SimulatedEnsemble({ seed, servers: 5 });
    const { world } = ensemble;
    ensemble.startAll();
    expect(await ensemble.untilServing(5)).toBe(true);
    const client = ensemble.client('client');
    await world.play(() => client.create('/a', null));
    ensemble.kill(ensemble.leader!);
    const diedAt = world.nowMs;
    const areBack = (): boolean => ensemble.leader !== undefined && ensemble.serving.length === 4;
    expect(await world.run(areBack, 1000), `seed ${seed}`).toBe(true);
    expect(world.nowMs - diedAt, `seed ${seed}`).toBeLessThan(300);
  }
});

test('a minority serves nobody, and what its leader proposed alone is taken back', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 3, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  await ensemble.untilServing(3);
  const alone = ensemble.leader!;
  const others = ensemble.servers.filter((server) => server !== alone);
  const near = ensemble.client('near', [alone]);
  await world.play(() => near.create('/before', null));
  world.separate(
    [alone.host.name],
    others.map(({ host }) => host.name),
  );
  const lost = near.create('/lost', null).then(
    () => 'done',
    () => 'refused',
  );
  expect(await world.run(() => ensemble.serving.length === 2 && alone.member?.mode === null, 10_000)).toBe(
    true,
  );
  expect(await world.play(() => lost)).toBe('refused');
  const far = ensemble.client('far', others);
  await world.play(() => far.create('/after', null));
  world.heal();
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 1000);
  for (const other of others) expect(ensemble.treeOf(alone)).toBe(ensemble.treeOf(other));
  expect(alone.member?.storage.tree.find('/lost')).toBeUndefined();
});

/** A follower misses 500 writes of 1 KB; what it is said to get when it comes back to `leader`, and whether the trees agree then. */
async function awayForLong(zooCfg: string, comesBack: (leader: EnsembleServer) => void = () => {}) {
  const said: string[] = [];
  const ensemble = new SimulatedEnsemble({
    seed: 7,
    servers: 3,
    log: collecting(said),
    zooCfg: `commitLogCount=20\n${zooCfg}`,
  });
  const { world } = ensemble;
  ensemble.startAll();
  await ensemble.untilServing(3);
  const client = ensemble.client('client', [ensemble.leader!]);
  await world.play(() => client.create('/before', null));
  await world.run(world.nowMs + 500);
  const away = ensemble.servers.find((server) => server.member?.mode === 'follower')!;
  ensemble.kill(away);
  await world.play(async () => {
    for (let i = 0; i < 5; i++) {
      const names = Array.from({ length: 100 }, (_, j) => `/n${i}-${j}`);
      await Promise.all(names.map((name) => client.create(name, Buffer.alloc(1000, i))));
    }
  });
  said.length = 0;
  comesBack(ensemble.leader!);
  ensemble.start(away);
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 1000);
  expect(ensemble.treeOf(away)).toBe(ensemble.treeOf(ensemble.leader!));
  return said.filter((line) => line.startsWith(`server ${away.id} gets`));
}

test.each([
  ['snapshotSizeFactor=0\n', 'DIFF'],
  ['snapshotSizeFactor=-1\n', 'SNAP'],
  ['', 'SNAP'],
  ['snapshotSizeFactor=0\nforceSnapshotSync=true\n', 'SNAP'],
])('away for more than memory keeps, with %j: %s', async (zooCfg, how) => {
  expect(await awayForLong(zooCfg)).toEqual([expect.stringContaining(`(${how})`)]);
});

test("a leader that can't look into its log files sends the tree", async () => {
  const brokenDisk = ({ host: { disk } }: EnsembleServer): void => {
    disk.before = (operation, path) => {
      if (operation === 'list') throw new FileError('EIO', path, `${path}: i/o error`);
    };
  };
  expect(await awayForLong('', brokenDisk)).toEqual([expect.stringContaining('(SNAP)')]);
});

test('a server that was away for long, or lost its data, gets a snapshot; an observer follows without a vote', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 4, servers: 4, observers: 1 });
  const { world } = ensemble;
  ensemble.startAll();
  await ensemble.untilServing(4);
  expect(ensemble.servers[3]!.member?.mode).toBe('observer');
  const away = ensemble.servers.find((server) => server.member?.mode === 'follower')!;
  ensemble.kill(away);
  const client = ensemble.client('client', [ensemble.servers[3]!]);
  await world.play(async () => {
    for (let i = 0; i < 50; i++) await client.create(`/n${i}`, Buffer.alloc(100, i));
  });
  away.host.disk.files.remove('/data/version-2');
  ensemble.start(away);
  expect(await ensemble.untilServing(4)).toBe(true);
  await world.run(world.nowMs + 1000);
  for (const server of ensemble.servers)
    expect(ensemble.treeOf(server)).toBe(ensemble.treeOf(ensemble.leader!));
});

test('answers come in the order of the requests, with syncs among writes that one ACK commits together', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 5, servers: 4, observers: 1, slowestSyncMs: 20 });
  ensemble.startAll();
  await ensemble.untilServing(4);
  const clients = ensemble.servers.map((server, i) => ensemble.client(`client${i}`, [server]));
  await ensemble.world.play(async () => {
    await Promise.all(clients.map((client) => client.connected()));
    for (let round = 0; round < 15; round++)
      await Promise.all(
        clients.flatMap((client, i) => [
          client.create(`/a${i}-${round}`, null),
          client.sync('/'),
          client.create(`/b${i}-${round}`, null),
          client.sync('/'),
          client.create(`/c${i}-${round}`, null),
        ]),
      );
  });
});

test('a leader that stood still and was replaced meanwhile does not call old data new: it answers no sync', async () => {
  for (const seed of [61, 62, 63, 64, 65, 66]) {
    const ensemble = new SimulatedEnsemble({ seed, servers: 3 });
    const { world } = ensemble;
    ensemble.startAll();
    expect(await ensemble.untilServing(3)).toBe(true);
    const old = ensemble.leader!;
    const others = ensemble.servers.filter((server) => server !== old);
    const reader = await RawClient.connect(world, world.host('reader').runtime, old.host.name);
    await reader.open();
    const writer = ensemble.client('writer', others);
    await world.play(() => writer.create('/a', Buffer.from('old')));
    old.host.freeze(6000);
    expect(await world.run(() => ensemble.leader !== undefined && ensemble.leader !== old, 5900)).toBe(true);
    await world.run(() => writer.state === 'connected', 2000);
    await world.play(() =>
      writer.setData('/a', Buffer.from('new')).catch(() => writer.setData('/a', Buffer.from('new'))),
    );
    // Both wait at the old leader when it wakes.
    const synced = reader.ask(requestFrame(1, OpCode.sync, (w) => writeUstring(w, '/a')));
    expect(await synced, `seed ${seed}`).toBe(null);
  }
});

test('writes and syncs of a client are answered in their order, by way of a follower, too', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 71, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  for (const { host } of ensemble.servers) {
    const client = await RawClient.connect(world, world.host(`client of ${host.name}`).runtime, host.name);
    await client.open();
    const sync = (xid: number): Buffer => requestFrame(xid, OpCode.sync, (w) => writeUstring(w, '/'));
    const asked = Array.from({ length: 60 }, (_, i) =>
      i % 3 === 1 ? sync(i) : requests.create(i, `/${host.name}-${i}`),
    );
    client.send(Buffer.concat(asked));
    await world.run(() => client.frames.length === 61, 5000);
    expect(client.frames.slice(1).map((frame) => readReply(frame).xid)).toEqual(asked.map((_, i) => i));
  }
});
