import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import type { Log } from '../../runtime/runtime.ts';
import { silentLog } from '../../runtime/silent-log.ts';
import { startMember } from './start-member.ts';

/** Who comes gets the whole tree, as after a long absence. */
const SNAPSHOTS_ONLY = 'forceSnapshotSync=true\n';
const SNAPSHOTS = '/data/version-2';

function put(server: EnsembleServer, path: string, text: string): void {
  const { files } = server.host.runtime;
  files.remove(path);
  const file = files.open(path, 'create');
  file.write(Buffer.from(text), 0);
  file.close();
}

/** The server gets the disk of one of another ensemble. */
function takeDataOf(other: EnsembleServer, server: EnsembleServer): void {
  const from = other.host.runtime.files;
  const to = server.host.restart().files;
  to.remove(SNAPSHOTS);
  to.makeFolder(SNAPSHOTS);
  for (const name of from.list(SNAPSHOTS).filter((one) => one !== '.lock')) {
    const source = from.open(`${SNAPSHOTS}/${name}`, 'read');
    const bytes = Buffer.alloc(source.size());
    source.read(bytes, 0, bytes.length, 0);
    const copy = to.open(`${SNAPSHOTS}/${name}`, 'create');
    copy.write(bytes, 0);
    copy.close();
  }
}

function gathered(): { log: Log; said: string[] } {
  const said: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (message) => void said.push(message),
    error: (message) => void said.push(message),
    with: () => log,
  };
  return { log, said };
}

/** Three that serve, with a client that has made some znodes. */
async function ensembleOf3({
  txns = 50,
  ...options
}: {
  seed: number;
  txns?: number;
  log?: Log;
}): Promise<SimulatedEnsemble> {
  const ensemble = new SimulatedEnsemble({ servers: 3, zooCfg: SNAPSHOTS_ONLY, ...options });
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  await write(ensemble, 'first', txns);
  return ensemble;
}

async function write(ensemble: SimulatedEnsemble, name: string, count: number): Promise<void> {
  const client = ensemble.client(`client-${name}`, ensemble.serving);
  await ensemble.world.play(async () => {
    const paths = Array.from({ length: count }, (_, i) => `/${name}${i}`);
    await Promise.all(paths.map((path) => client.create(path, Buffer.alloc(100))));
    await client.close();
  });
}

function follower(ensemble: SimulatedEnsemble): EnsembleServer {
  return ensemble.serving.find((server) => server.member?.mode === 'follower')!;
}

async function untilAgreed(ensemble: SimulatedEnsemble): Promise<void> {
  expect(await ensemble.untilServing(3)).toBe(true);
  const agree = (): boolean => new Set(ensemble.servers.map((server) => ensemble.treeOf(server))).size === 1;
  expect(await ensemble.world.run(agree, 10_000)).toBe(true);
}

test.each([
  ['', 'myid is empty; write the number of this server into it, which is one of 1, 2, 3'],
  ['7\n', 'myid says "7", and the configuration has no server.7; write one of 1, 2, 3 into it'],
  [
    'zk1',
    'myid says "zk1", which is no number; write the number of this server into it, which is one of 1, 2, 3',
  ],
  [
    null,
    "myid is missing, so this server doesn't know which one of the ensemble it is; write its number (1, 2, 3)",
  ],
])('a server whose myid says %j does not start, and says what to write', async (text, sentence) => {
  const ensemble = new SimulatedEnsemble({ seed: 1, servers: 3 });
  const [server] = ensemble.servers;
  server!.host.runtime.files.makeFolder('/data');
  if (text !== null) put(server!, '/data/myid', text);
  const start = ensemble.world.play(() => startMember(server!.host.runtime, ensemble.config, {}));
  await expect(start).rejects.toThrow(sentence);
});

test('a server that comes with the data of another cluster stays out of this one, and says what to do', async () => {
  const { log, said } = gathered();
  const ensemble = await ensembleOf3({ seed: 2, log });
  const { world } = ensemble;
  const stranger = follower(ensemble);
  const leader = ensemble.leader!;
  const before = ensemble.treeOf(leader);
  // Its disk is that of a server of another ensemble.
  const other = await ensembleOf3({ seed: 3, txns: 10 });
  await other.world.run(other.world.nowMs + 10_000);
  await write(other, 'later', 1);
  ensemble.kill(stranger, true);
  takeDataOf(other.leader!, stranger);
  ensemble.start(stranger);
  await world.run(world.nowMs + 20_000);
  expect(said.join('\n')).toContain('have the data of two clusters');
  expect(stranger.member?.mode ?? null).toBe(null);
  expect(ensemble.leader).toBe(leader);
  expect(ensemble.treeOf(leader)).toBe(before);

  // What the sentence says helps.
  ensemble.kill(stranger, true);
  stranger.host.restart().files.remove(SNAPSHOTS);
  ensemble.start(stranger);
  await untilAgreed(ensemble);
});

test("a server with another cluster's data that would win the election isn't followed: the others elect one of theirs", async () => {
  const { log, said } = gathered();
  const ensemble = await ensembleOf3({ seed: 4, log, txns: 5 });
  const { world } = ensemble;
  await world.run(world.nowMs + 10_000);
  await write(ensemble, 'later', 1);
  const stranger = ensemble.servers[2]!;
  const before = ensemble.treeOf(ensemble.servers[0]!);
  for (const server of ensemble.servers) ensemble.kill(server, true);

  // It has seen more epochs, so its vote is the best.
  const other = await ensembleOf3({ seed: 5 });
  for (let i = 0; i < 3; i++) {
    const leader = other.leader!;
    other.kill(leader, true);
    expect(await other.untilServing(2)).toBe(true);
    other.start(leader);
    expect(await other.untilServing(3)).toBe(true);
  }
  await write(other, 'later', 5);
  takeDataOf(other.leader!, stranger);
  ensemble.startAll();
  const mine = ensemble.servers.slice(0, 2);
  const served = (): boolean => mine.every((server) => (server.member?.mode ?? null) !== null);
  expect(await world.run(served, 60_000)).toBe(true);
  expect(said.join('\n')).toContain(
    'server 3, which was elected, and this one have the data of two clusters',
  );
  expect(ensemble.treeOf(mine[0]!).startsWith(before.split('\nsession')[0]!)).toBe(true);
  await write(ensemble, 'again', 3);
});

test('a full disk ends its server with a sentence that says what to do; the others serve on, and with room again it is back', async () => {
  const ensemble = await ensembleOf3({ seed: 6 });
  const poor = follower(ensemble);
  const { disk } = poor.host;
  disk.capacityBytes = disk.usedBytes + 2000;
  await write(ensemble, 'more', 900);
  expect(await ensemble.world.run(() => poor.failures.length > 0, 5000)).toBe(true);
  expect(poor.failures[0]).toContain('the disk is full');
  expect(poor.failures[0]).toContain('make room there');
  expect(ensemble.serving).toHaveLength(2);

  ensemble.start(poor);
  await ensemble.world.run(ensemble.world.nowMs + 3000);
  expect(poor.member?.mode ?? null).toBe(null);
  disk.capacityBytes = 2 ** 40;
  ensemble.kill(poor, true);
  ensemble.start(poor);
  await untilAgreed(ensemble);
});

test('wall clocks that jump by hours end no session and no leader; only the times of changes follow them', async () => {
  const ensemble = await ensembleOf3({ seed: 7 });
  const { world } = ensemble;
  const leader = ensemble.leader!;
  const client = ensemble.client('client', ensemble.servers, 4000);
  await world.play(() => client.create('/mine', null, { mode: 'ephemeral' }));
  const session = client.sessionId;
  for (const byMs of [3_600_000, -2 * 3_600_000, 30 * 24 * 3_600_000]) {
    for (const server of ensemble.servers) server.host.setWallClock(byMs);
    await world.run(world.nowMs + 5000);
    const { czxid, ctime } = await world.play(async () => {
      await client.create(`/at${byMs}`, null);
      return (await client.exists(`/at${byMs}`))!;
    });
    expect(czxid).toBeGreaterThan(0n);
    expect(Math.abs(ctime - leader.host.runtime.clock.wallMs())).toBeLessThan(1000);
  }
  expect(client.sessionId).toBe(session);
  expect((await world.play(() => client.exists('/mine')))?.ephemeralOwner).toBe(session);
  expect(ensemble.leader).toBe(leader);
  expect(ensemble.servers.flatMap((server) => server.failures)).toEqual([]);
});

test('a server whose snapshots and log are damaged says so, and syncs anew once its data is moved away', async () => {
  const ensemble = await ensembleOf3({ seed: 8 });
  const hurt = follower(ensemble);
  ensemble.kill(hurt, true);
  const { files } = hurt.host.restart();
  const name = files.list(SNAPSHOTS).find((one) => one.startsWith('log.'))!;
  const file = files.open(`${SNAPSHOTS}/${name}`, 'write');
  file.write(Buffer.from('damaged'), 1000);
  file.close();
  ensemble.start(hurt);
  expect(await ensemble.world.run(() => hurt.failures.length > 0, 5000)).toBe(true);
  expect(hurt.failures[0]).toMatch(/log\.\w+ is damaged at byte \d+/);
  expect(hurt.failures[0]).toContain('move its data away and let it sync anew');

  hurt.host.restart().files.remove(SNAPSHOTS);
  ensemble.start(hurt);
  await untilAgreed(ensemble);
});

test('a server whose epoch is beyond all that there can be does not start; without that file it goes on from its last transaction', async () => {
  const ensemble = await ensembleOf3({ seed: 9 });
  const hurt = follower(ensemble);
  await ensemble.world.run(ensemble.world.nowMs + 1000);
  ensemble.kill(hurt, true);
  hurt.host.restart();
  put(hurt, `${SNAPSHOTS}/acceptedEpoch`, String(2 ** 21));
  ensemble.start(hurt);
  expect(await ensemble.world.run(() => hurt.failures.length > 0, 5000)).toBe(true);
  expect(hurt.failures[0]).toContain(
    `${SNAPSHOTS}/acceptedEpoch holds epoch 2097152, and the last that there can be is 2097151`,
  );
  expect(hurt.failures[0]).toContain('remove this file');

  hurt.host.restart().files.remove(`${SNAPSHOTS}/acceptedEpoch`);
  ensemble.start(hurt);
  await untilAgreed(ensemble);
  expect(hurt.host.disk.files.exists(`${SNAPSHOTS}/acceptedEpoch`)).toBe(true);
});

test('a server that finds no leader says who is missing, and why', async () => {
  const { log, said } = gathered();
  const ensemble = new SimulatedEnsemble({ seed: 91, servers: 3, log });
  const [first, second, third] = ensemble.servers;
  third!.host.kill();
  ensemble.start(first!);
  await ensemble.world.run(ensemble.world.nowMs + 6000);
  expect(said).toEqual([
    'no leader was found for 5 s: of the voters 1, 2, 3 only 1 is here, too few for a quorum; ' +
      "server 2 can't be reached: can't connect to zk2:3888: nothing listens there on zk2; " +
      "server 3 can't be reached: can't connect to zk3:3888: nothing listens there on zk3",
  ]);
  said.length = 0;
  ensemble.start(second!);
  expect(await ensemble.untilServing(2)).toBe(true);
  await ensemble.world.run(ensemble.world.nowMs + 60_000);
  expect(said.filter((line) => line.startsWith('no leader'))).toEqual([]);
});
