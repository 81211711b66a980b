import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import type { Log } from '../../runtime/runtime.ts';
import { silentLog } from '../../runtime/silent-log.ts';
import { OpCode } from '../jute/op-code.ts';
import { listLogs, listSnapshots } from '../storage/files.ts';
import { startZooKeeper } from '../server/start.ts';
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

/** The names of its snapshots, the oldest first. */
const snapshotsOf = ({ host }: EnsembleServer): string[] =>
  listSnapshots(host.disk.files, SNAPSHOTS).map(({ name }) => name);

/** A follower that has written a snapshot in the middle of its log. */
async function withSnapshots(ensemble: SimulatedEnsemble): Promise<EnsembleServer> {
  const server = follower(ensemble);
  await ensemble.world.play(() => server.member!.storage.snapshot());
  await write(ensemble, 'behind', 5);
  return server;
}

/** Changes some bytes of one of its files. */
function damage({ host }: EnsembleServer, name: string, at: number): void {
  const file = host.disk.files.open(`${SNAPSHOTS}/${name}`, 'write');
  file.write(Buffer.from('damaged'), at);
  file.close();
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
  zooCfg?: string;
}): Promise<SimulatedEnsemble> {
  const ensemble = new SimulatedEnsemble({ servers: 3, ...options });
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

test.each([
  ['gets the whole tree', 50, 10, SNAPSHOTS_ONLY],
  ['is behind', 50, 10, ''],
  ['is as far by chance', 50, 50, ''],
  ['is ahead', 10, 50, ''],
])(
  'a server that comes with the data of another cluster and %s stays out of this one, and says what to do',
  async (_, txns, othersTxns, zooCfg) => {
    const { log, said } = gathered();
    const ensemble = await ensembleOf3({ seed: 2, log, txns, zooCfg });
    const { world } = ensemble;
    const stranger = follower(ensemble);
    const leader = ensemble.leader!;
    // Its disk is that of a server of another ensemble.
    const other = await ensembleOf3({ seed: 3, txns: othersTxns });
    await other.world.run(other.world.nowMs + 10_000);
    if (zooCfg !== '') await write(other, 'strange', 1);
    ensemble.kill(stranger, true);
    takeDataOf(other.leader!, stranger);
    ensemble.start(stranger);
    await world.run(world.nowMs + 20_000);
    await write(ensemble, 'later', 1);
    expect(said.join('\n')).toContain('have the data of two clusters');
    expect(stranger.member?.mode ?? null).toBe(null);
    expect(stranger.member!.storage.tree.find('/later0')).toBeUndefined();
    expect(ensemble.leader).toBe(leader);
    expect(ensemble.treeOf(leader)).toContain('/later0');

    // Nor does it when it is started again, or when it tries again later.
    said.length = 0;
    ensemble.kill(stranger, true);
    ensemble.start(stranger);
    await world.run(world.nowMs + 70_000);
    await write(ensemble, 'again', 1);
    expect(said.filter((line) => line.includes('have the data of two clusters'))).toHaveLength(2);
    expect(stranger.member?.mode ?? null).toBe(null);

    // What the sentence says helps.
    ensemble.kill(stranger, true);
    stranger.host.restart().files.remove(SNAPSHOTS);
    ensemble.start(stranger);
    await untilAgreed(ensemble);
  },
);

test.each([
  ['sends its whole tree', SNAPSHOTS_ONLY],
  ['sends what the others lack', ''],
])(
  "a server with another cluster's data that would win the election and %s isn't followed: the others elect one of theirs",
  async (_, zooCfg) => {
    const { log, said } = gathered();
    const ensemble = await ensembleOf3({ seed: 4, log, txns: 5, zooCfg });
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
  },
);

test("a server whose znodes went wrong in the ensemble's own service follows again: what differs is counted, as before", async () => {
  const { log, said } = gathered();
  const ensemble = await ensembleOf3({ seed: 10, log });
  const wrong = follower(ensemble);
  const { tree } = wrong.member!.storage;
  const header = { sessionId: 1n, cxid: 1, zxid: tree.lastZxid, timeMs: 5, type: OpCode.setData };
  tree.apply({ header, record: { kind: 'setData', path: '/first0', data: Buffer.alloc(3), version: 9 } });
  await ensemble.world.play(() => wrong.member!.storage.snapshot());
  const differ = (): number => said.filter((line) => line.includes("differ from the leader's")).length;
  await write(ensemble, 'later', 1);
  expect(differ()).toBe(1);
  ensemble.kill(wrong);
  ensemble.start(wrong);
  expect(await ensemble.untilServing(3)).toBe(true);
  await write(ensemble, 'again', 1);
  expect(differ()).toBe(2);
  expect(ensemble.serving).toHaveLength(3);
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

  // It can't begin, either, as long as there is none.
  for (const roomBytes of [2000, 0]) {
    poor.failures.length = 0;
    disk.capacityBytes = disk.usedBytes + roomBytes;
    ensemble.start(poor);
    await ensemble.world.run(ensemble.world.nowMs + 3000);
    expect(poor.member?.mode ?? null).toBe(null);
    expect(poor.failures).toHaveLength(1);
    expect(poor.failures[0]).toContain('the disk is full');
    expect(poor.failures[0]).toContain('make room there');
  }
  disk.capacityBytes = 2 ** 40;
  ensemble.kill(poor, true);
  ensemble.start(poor);
  await untilAgreed(ensemble);
});

test('a new server whose disk is full does not start, and says what to do', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 1, servers: 3 });
  const { host } = ensemble.servers[0]!;
  host.runtime.files.makeFolder('/data');
  put(ensemble.servers[0]!, '/data/myid', '1');
  host.disk.capacityBytes = host.disk.usedBytes;
  const start = ensemble.world.play(() => startZooKeeper(host.runtime, ensemble.config));
  await expect(start).rejects.toThrow(
    /^\/data\/version-2\/\S+: the disk is full .*: make room there .* and start this server again/,
  );
});

test('wall clocks that jump by hours end no session and no leader; the times of changes follow them, and every server says so', async () => {
  const { log, said } = gathered();
  const ensemble = await ensembleOf3({ seed: 7, log });
  const { world } = ensemble;
  const leader = ensemble.leader!;
  const client = ensemble.client('client', ensemble.servers, 4000);
  await world.play(() => client.create('/mine', null, { mode: 'ephemeral' }));
  const session = client.sessionId;
  for (const [byMs, jumped] of [
    [3_600_000, '3600 s ahead'],
    [-2 * 3_600_000, '7200 s back'],
    [30 * 24 * 3_600_000, '2592000 s ahead'],
  ] as const) {
    said.length = 0;
    for (const server of ensemble.servers) server.host.setWallClock(byMs);
    await world.run(world.nowMs + 11_000);
    const jumps = said.filter((line) => line.startsWith('the clock of this machine jumped '));
    expect(jumps).toHaveLength(3);
    expect(jumps[0]).toContain(jumped);
    expect(jumps[0]).toContain('Let NTP keep the clocks');
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

test('a server whose newest snapshot is damaged says so, begins from the one before and its log, and gets the rest from the leader', async () => {
  const { log, said } = gathered();
  const ensemble = await ensembleOf3({ seed: 8, log });
  const hurt = await withSnapshots(ensemble);
  ensemble.kill(hurt, true);
  const newest = snapshotsOf(hurt).at(-1)!;
  damage(hurt, newest, 100);
  await write(ensemble, 'meanwhile', 20);
  ensemble.start(hurt);
  await untilAgreed(ensemble);
  expect(said).toContain(
    `${SNAPSHOTS}/${newest} can't be read: it is cut short or damaged at byte 110; the snapshot before it is used, and the log from there on`,
  );
  expect(hurt.member!.storage.recovered.snapshot?.name).toBe(snapshotsOf(hurt)[0]);
  expect(hurt.failures).toEqual([]);
});

test('a server whose newest snapshot and log are damaged says where, and syncs anew once its data is moved away', async () => {
  const { log, said } = gathered();
  const ensemble = await ensembleOf3({ seed: 8, log });
  const hurt = await withSnapshots(ensemble);
  ensemble.kill(hurt, true);
  damage(hurt, snapshotsOf(hurt).at(-1)!, 100);
  const damaged = listLogs(hurt.host.disk.files, SNAPSHOTS)[0]!.name;
  damage(hurt, damaged, 1000);
  ensemble.start(hurt);
  expect(await ensemble.world.run(() => hurt.failures.length > 0, 5000)).toBe(true);
  expect(said.join()).toContain('the snapshot before it is used');
  expect(hurt.failures[0]).toMatch(/log\.\w+ is damaged at byte \d+/);
  expect(hurt.failures[0]).toContain(damaged);
  expect(hurt.failures[0]).toContain('move its data away and let it sync anew');

  hurt.host.restart().files.remove(SNAPSHOTS);
  ensemble.start(hurt);
  await untilAgreed(ensemble);
});

test('a server none of whose snapshots can be read says so, and syncs anew once its data is moved away', async () => {
  const ensemble = await ensembleOf3({ seed: 8 });
  const hurt = await withSnapshots(ensemble);
  ensemble.kill(hurt, true);
  const names = snapshotsOf(hurt);
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) damage(hurt, name, 100);
  ensemble.start(hurt);
  expect(await ensemble.world.run(() => hurt.failures.length > 0, 5000)).toBe(true);
  expect(hurt.failures[0]).toContain(`none of the snapshots in ${SNAPSHOTS} can be read`);
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

test('a server whose machine lost its power is not said to be here, though its connection is', async () => {
  const { log, said } = gathered();
  const ensemble = new SimulatedEnsemble({ seed: 92, servers: 3, log });
  const [, second, third] = ensemble.servers;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  third!.host.kill({ silent: true });
  second!.host.kill();
  said.length = 0;
  await ensemble.world.run(ensemble.world.nowMs + 8000);
  expect(said.filter((line) => line.startsWith('no leader'))).toEqual([
    'no leader was found for 5 s: of the voters 1, 2, 3 only 1 is here, too few for a quorum; ' +
      "server 2 can't be reached: can't connect to zk2:3888: nothing listens there on zk2; " +
      'server 3 is connected, but has said nothing since; does it run?',
  ]);
});
