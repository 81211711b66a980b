import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import type { Endpoint, Network } from '../../runtime/runtime.ts';
import { FrameSplitter } from '../../wire/frames.ts';
import { decodeInitial, encodeInitial, encodeNotification } from './election/messages.ts';

interface Use extends Endpoint {
  readonly keepAlive: boolean | undefined;
}

/** What a server asks of its network from its next start on. */
function watched({ host }: EnsembleServer): Use[] {
  const uses: Use[] = [];
  const { network } = host.runtime;
  const spy: Network = {
    hostName: network.hostName,
    addresses: () => network.addresses(),
    resolve: (name) => network.resolve(name),
    listen: (at, accept, options) => {
      uses.push({ ...at, keepAlive: options?.keepAlive });
      return network.listen(at, accept, options);
    },
    connect: (to, options) => {
      uses.push({ ...to, keepAlive: options?.keepAlive });
      return network.connect(to, options);
    },
  };
  host.runtime = { ...host.runtime, network: spy };
  return uses;
}

test.each([false, true])(
  'each dial names the host, so that its name is resolved anew (ZOOKEEPER-1506, 2982), and tcpKeepAlive=%s holds for all',
  async (keepAlive) => {
    const ensemble = new SimulatedEnsemble({ seed: 1, servers: 3, zooCfg: `tcpKeepAlive=${keepAlive}\n` });
    const { world } = ensemble;
    const uses = ensemble.servers.flatMap((server) => [watched(server)]);
    ensemble.startAll();
    expect(await ensemble.untilServing(3)).toBe(true);
    const leader = ensemble.leader!;
    ensemble.kill(leader);
    expect(await world.run(() => ensemble.leader !== undefined && ensemble.serving.length === 2, 5000)).toBe(
      true,
    );
    const between = uses.flat().filter(({ port }) => port === 2888 || port === 3888);
    expect(new Set(between.map(({ host }) => host))).toEqual(new Set(['zk1', 'zk2', 'zk3']));
    expect(new Set(between.map((use) => use.keepAlive))).toEqual(new Set([keepAlive]));
  },
);

test('fastleader.minNotificationInterval and maxNotificationInterval: how often who is alone asks', async () => {
  const ensemble = new SimulatedEnsemble({
    seed: 2,
    servers: 3,
    zooCfg: 'fastleader.minNotificationInterval=100\nfastleader.maxNotificationInterval=400\n',
    networkMs: [1, 1],
  });
  const { world, servers } = ensemble;
  const atMs: number[] = [];
  await world.play(() =>
    servers[0]!.host.runtime.network.listen({ host: '', port: 3888 }, (connection) => {
      const splitter = new FrameSplitter(1 << 20);
      let isIntroduced = false;
      connection.start({
        data: (bytes) => {
          const skip = isIntroduced ? 0 : decodeInitial(bytes)!.bytes;
          isIntroduced = true;
          splitter.push(bytes.subarray(skip), () => atMs.push(world.nowMs));
        },
        closed: () => {},
      });
    }),
  );
  ensemble.start(servers[2]!);
  await world.run(world.nowMs + 2200);
  const pauses = atMs.slice(1).map((at, i) => Math.round(at - atMs[i]!));
  expect(pauses.slice(1)).toEqual([200, 400, 400, 400, 400]);
  expect(pauses[0]).toBeGreaterThan(90);
});

test('observer.reconnectDelayMs: an observer that lost its leader waits for up to so long, voters do not', async () => {
  const ensemble = new SimulatedEnsemble({
    seed: 3,
    servers: 4,
    observers: 1,
    zooCfg: 'observer.reconnectDelayMs=20000\n',
  });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const observer = ensemble.servers[3]!;
  ensemble.kill(ensemble.leader!);
  expect(await world.run(() => ensemble.leader !== undefined && ensemble.serving.length === 2, 1000)).toBe(
    true,
  );
  const { nowMs } = world;
  expect(await world.run(() => observer.member!.mode === 'observer', 21_000)).toBe(true);
  expect(world.nowMs - nowMs).toBeGreaterThan(1000);
});

test.each([
  ['false', 0],
  ['true', 0x500000000],
])(
  'with reconfigEnabled=%s a later configuration in a notification puts version %d in force (ZOOKEEPER-3829)',
  async (isEnabled, version) => {
    const ensemble = new SimulatedEnsemble({ seed: 4, servers: 3, zooCfg: `reconfigEnabled=${isEnabled}\n` });
    const { world, servers } = ensemble;
    const [first, , third] = servers;
    ensemble.start(first!);
    await world.run(world.nowMs + 500);
    const { network } = third!.host.runtime;
    const connection = await world.play(() => network.connect({ host: 'zk1', port: 3888 }));
    connection.start({ data: () => {}, closed: () => {} });
    const lines = [1, 3, 4].map((id) => `server.${id}=zk${id}:2888:3888:participant;0.0.0.0:2181`);
    const text = [...lines, 'version=500000000'].join('\n');
    const vote = { leader: 3, zxid: 0, epoch: 0 };
    connection.write(encodeInitial(3, [{ host: 'zk3', port: 3888 }]));
    connection.write(encodeNotification({ state: 'looking', vote, round: 1 }, text));
    await world.run(world.nowMs + 500);
    const { ensemble: inForce } = first!.member!;
    expect(inForce.version).toBe(version);
    expect(inForce.voters).toEqual(version === 0 ? [1, 2, 3] : [1, 3, 4]);
  },
);

test('an observer has its data on its own disk: dirs tells its size, and after a restart it needs but what is new', async () => {
  const ensemble = new SimulatedEnsemble({
    seed: 5,
    servers: 4,
    observers: 1,
    zooCfg: '4lw.commands.whitelist=*\n',
  });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const observer = ensemble.servers[3]!;
  await world.play(() => ensemble.client('client').create('/a', Buffer.alloc(5000)));
  await world.run(() => observer.member!.storage.tree.find('/a') !== undefined, 1000);
  await world.run(world.nowMs + 100);
  const dirs = await RawClient.ask(world, world.host('asking').runtime, observer.host.name, 'dirs');
  const sizes = [...dirs.matchAll(/(datadir|logdir)_size: (\d+)/g)].map(([, name, bytes]) => [
    name,
    Number(bytes),
  ]);
  expect(sizes.map(([name]) => name)).toEqual(['datadir', 'logdir']);
  for (const [name, bytes] of sizes) expect(bytes, String(name)).toBeGreaterThan(5000);
  ensemble.kill(observer);
  ensemble.start(observer);
  expect(await ensemble.untilServing(4)).toBe(true);
  expect(ensemble.leader!.member!.stats.snapshotsSent).toBe(0);
  expect(ensemble.treeOf(observer)).toBe(ensemble.treeOf(ensemble.leader!));
});
