import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { serving } from '../../../test/zookeeper/serving.ts';
import { TestClock, requestFrame, requests, startTestServer } from '../../../test/zookeeper/test-server.ts';
import { ErrorCode } from '../jute/error-code.ts';
import { writeUstring } from '../jute/primitives.ts';
import { OpCode } from '../jute/op-code.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { LeaderWrites } from './zab/leader/leader-writes.ts';

// Where Apache's ensembles were or are slow, or lose something, and this one must not.

async function agree(ensemble: SimulatedEnsemble): Promise<void> {
  await ensemble.world.run(ensemble.world.nowMs + 2000);
  const trees = ensemble.serving.map((server) => ensemble.treeOf(server));
  expect(new Set(trees).size).toBe(1);
}

const check = (xid: number, path: string): Buffer =>
  requestFrame(xid, OpCode.check, (w) => {
    writeUstring(w, path);
    w.int32(-1);
  });

test('a check outside a multi never becomes a transaction, whoever is asked (ZOOKEEPER-2623)', async () => {
  const ensemble = await serving(101, 3);
  const { world } = ensemble;
  for (const server of ensemble.servers) {
    const client = await RawClient.connect(world, world.host(`at ${server.id}`).runtime, server.host.name);
    await client.open();
    const last = ensemble.leader!.member!.storage.tree.lastZxid;
    expect(await client.ask(check(1, '/'))).toBe(ErrorCode.Unimplemented);
    expect(ensemble.leader!.member!.storage.tree.lastZxid).toBe(last);
    // As Apache's, it wants no more of such a client.
    expect(await client.ask(requests.exists(2, '/'))).toBe(null);
  }
  await agree(ensemble);
});

test('a session that moved ends its old connection at the next write, which is not done', async () => {
  const ensemble = await serving(102, 3);
  const { world, servers } = ensemble;
  const [first, second] = servers;
  const { runtime } = world.host('client');
  const before = await RawClient.connect(world, runtime, first!.host.name);
  const { sessionId, password } = (await before.open())!;
  const after = await RawClient.connect(world, runtime, second!.host.name);
  expect((await after.open({ sessionId, password }))!.sessionId).toBe(sessionId);
  expect(await after.ask(requests.create(1, '/after'))).toBe(ErrorCode.Ok);
  expect(await before.ask(requests.create(1, '/before'))).toBe(null);
  expect(await after.ask(requests.exists(2, '/before'))).toBe(ErrorCode.NoNode);
  await agree(ensemble);
});

/** Nothing that is sent to it arrives, and nobody is told. */
function blackHole(ensemble: SimulatedEnsemble, server: EnsembleServer): void {
  const others = ensemble.servers.filter((other) => other !== server);
  ensemble.world.separate(
    [server.host.name],
    others.map(({ host }) => host.name),
  );
}

test('servers that swallow all that is sent to them delay no election of the others (ZOOKEEPER-2164, 3756)', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 103, servers: 5 });
  const { world, servers } = ensemble;
  for (const server of servers.slice(3)) blackHole(ensemble, server);
  for (const server of servers.slice(0, 3)) ensemble.start(server);
  expect(await world.run(() => ensemble.leader !== undefined && ensemble.serving.length === 3, 1000)).toBe(
    true,
  );
});

test('a tree that came only by half, as its leader died, is nowhere to be seen (ZOOKEEPER-2845, 3642)', async () => {
  for (let seed = 110; seed < 116; seed++) {
    const ensemble = await serving(seed, 3, 'forceSnapshotSync=true\n');
    const { world } = ensemble;
    const client = ensemble.client('client', [ensemble.leader!]);
    await world.play(async () => {
      await Promise.all(
        Array.from({ length: 60 }, (_, i) => client.create(`/n${i}`, Buffer.alloc(20_000, i))),
      );
    });
    const leader = ensemble.leader!;
    const away = ensemble.servers.find((server) => server !== leader)!;
    ensemble.kill(away);
    await world.play(() => client.setData('/n0', Buffer.from('changed')));
    ensemble.start(away);
    const name = away.host.name;
    // Bytes of the tree are on their way.
    let bytes = 0;
    world.link(leader.host.name, name).watch((sent) => void (bytes += sent.length));
    await world.run(() => bytes > 300_000 + 100_000 * (seed - 110), 20_000);
    ensemble.kill(leader);
    expect(await ensemble.untilServing(2)).toBe(true);
    await agree(ensemble);
    expect(ensemble.leader!.member!.storage.tree.find('/n59')).toBeDefined();
    ensemble.start(leader);
    expect(await ensemble.untilServing(3)).toBe(true);
    await agree(ensemble);
  }
});

/** Between its starts a file of a server is replaced. */
async function startWith(files: Readonly<Record<string, string | null>>): Promise<SimulatedEnsemble> {
  const ensemble = await serving(120, 3);
  const { world } = ensemble;
  const client = ensemble.client('client');
  await world.play(() => client.create('/a', null));
  const server = ensemble.servers[0]!;
  ensemble.kill(server);
  const disk = server.host.restart().files;
  for (const [name, text] of Object.entries(files)) {
    disk.remove(`/data/version-2/${name}`);
    if (text === null) continue;
    const file = disk.open(`/data/version-2/${name}`, 'create');
    file.write(Buffer.from(text), 0);
    file.close();
  }
  ensemble.start(server);
  return ensemble;
}

test.each([
  ['the files of the epochs are missing', { acceptedEpoch: null, currentEpoch: null }],
  [
    'a crash left temporary files of them (ZOOKEEPER-4269, 1653)',
    { 'acceptedEpoch.tmp': '9', 'currentEpoch.tmp': '' },
  ],
  ['only the accepted one was written yet', { acceptedEpoch: '1', currentEpoch: '0' }],
])('a server starts though %s', async (_, files) => {
  const ensemble = await startWith(files);
  expect(await ensemble.untilServing(3)).toBe(true);
  await agree(ensemble);
  expect(ensemble.servers[0]!.member!.currentEpoch).toBe(1);
});

test('epochs that crossed are refused, with a sentence', async () => {
  const ensemble = await startWith({ acceptedEpoch: '1', currentEpoch: '2' });
  await ensemble.world.run(() => ensemble.servers[0]!.failures.length > 0, 5000);
  expect(ensemble.servers[0]!.failures).toEqual([
    expect.stringMatching(
      /^acceptedEpoch \(1\) in \/data is below currentEpoch \(2\), which no server writes; restore/,
    ),
  ]);
});

test('when the numbers of an epoch are used up a new epoch begins, and no number is used twice', () => {
  const clock = new TestClock();
  const proposed: number[] = [];
  const resigned: string[] = [];
  const writes = new LeaderWrites(
    1,
    1,
    ({ zxid }) => proposed.push(zxid),
    () => {},
    () => false,
    (reason) => resigned.push(reason),
  );
  const { server } = startTestServer({}, clock, writes.role);
  const transactionOf = (zxid: number): Transaction => ({
    header: { sessionId: 1n, cxid: 1, zxid, timeMs: 0, type: OpCode.error },
    record: { kind: 'error', error: ErrorCode.NoNode },
  });
  expect(server.mode).toBe('leader');
  writes.propose(transactionOf(0x1_ffff_fffd));
  writes.propose(transactionOf(writes.nextZxid()));
  expect(resigned).toEqual([]);
  writes.propose(transactionOf(writes.nextZxid()));
  expect(proposed).toEqual([0x1_ffff_fffd, 0x1_ffff_fffe]);
  expect(resigned).toEqual([expect.stringContaining('used up its transaction numbers')]);
});
