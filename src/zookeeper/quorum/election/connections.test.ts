import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { afterPromises } from '../../../runtime/node/after-promises.ts';
import { createNodeCodecs } from '../../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import type { Connection, Runtime } from '../../../runtime/runtime.ts';
import { SimulatedWorld } from '../../../runtime/simulated/simulated-world.ts';
import { zooKeeperDefaults, type ZooKeeperConfig } from '../../server/config/config.ts';
import { MemberStats } from '../../server/metrics/member-stats.ts';
import { ElectionConnections } from './connections.ts';
import type { Notification } from './election.ts';
import { encodeInitial, encodeNotification } from './messages.ts';

const newWorld = (): SimulatedWorld =>
  new SimulatedWorld({
    seed: 1,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises,
    networkMs: [1, 1],
  });

const looking: Notification = { state: 'looking', vote: { leader: 2, zxid: 0, epoch: 0 }, round: 1 };

/** Those of server `id` of three. */
function connectionsOf(
  id: number,
  runtime: Runtime,
  settings: Partial<ZooKeeperConfig> = {},
  heard: (from: number) => void = () => {},
): ElectionConnections {
  const ensemble = ensembleOf([1, 2, 3]);
  const config = { ...zooKeeperDefaults, dataDir: '/data', dataLogDir: '/data', syncLimit: 5, ...settings };
  const stats = new MemberStats();
  const made = new ElectionConnections(runtime, runtime.network, ensemble.member(id)!, config, stats, heard);
  made.configure(ensemble, null);
  return made;
}

/** Somebody who connects to the election port of zk2. */
async function stranger(world: SimulatedWorld, runtime: Runtime) {
  const connection = await world.play(() => runtime.network.connect({ host: 'zk2', port: 3888 }));
  const seen = { connection, isClosed: false };
  connection.start({ data: () => {}, closed: () => (seen.isClosed = true) });
  return seen;
}

test('cnxTimeout: so long a server that answers nothing is waited for', async () => {
  const world = newWorld();
  const { runtime } = world.host('zk2');
  world.host('zk1');
  world.separate(['zk1'], ['zk2']);
  const connections = connectionsOf(2, runtime, { electionConnectTimeoutMs: 700 });
  connections.send(1, looking);
  await world.run(690);
  expect(connections.whyAbsent(1, 0)).toBe('server 1 was not heard of');
  await world.run(710);
  expect(connections.whyAbsent(1, 0)).toMatch(/^server 1 can't be reached/);
});

test.each([
  ['quorumCnxnTimeoutMs', { electionReadTimeoutMs: 400 }, 400],
  ['tickTime × syncLimit without it', { tickTimeMs: 100, syncLimit: 9 }, 900],
])('who says nothing at the election port is cut off after %s', async (_, settings, ms) => {
  const world = newWorld();
  const { runtime } = world.host('zk2');
  await world.play(() => connectionsOf(2, runtime, settings).listen());
  const { nowMs } = world;
  const silent = await stranger(world, world.host('zk3').runtime);
  await world.run(nowMs + ms - 10);
  expect(silent.isClosed).toBe(false);
  await world.run(nowMs + ms + 10);
  expect(silent.isClosed).toBe(true);
});

test('electionPortBindRetry: a port that is taken is tried so often, a second apart', async () => {
  const world = newWorld();
  const { runtime } = world.host('zk2');
  const taken = await world.play(() => runtime.network.listen({ host: '', port: 3888 }, () => {}));
  const settings = { electionPortBindRetry: 3 };
  const startedAtMs = world.nowMs;
  await expect(world.play(() => connectionsOf(2, runtime, settings).listen())).rejects.toThrow(/3888/);
  expect(world.nowMs - startedAtMs).toBe(2000);
  world.after(1500, () => void taken.close());
  await world.play(() => connectionsOf(2, runtime, settings).listen());
  await stranger(world, world.host('zk3').runtime);
});

test('quorumListenOnAllIPs: the port is open on every address of the host, not on its own alone', async () => {
  for (const quorumListenOnAllIps of [false, true]) {
    const world = newWorld();
    const networks = [
      { network: 'a', aliases: ['zk2'] },
      { network: 'b', aliases: ['zk2-b'] },
    ];
    const { runtime } = world.host('two', { networks });
    await world.play(() => connectionsOf(2, runtime, { quorumListenOnAllIps }).listen());
    const other = world.host('other', { networks: [{ network: 'b' }] }).runtime;
    const reached = await world.play(() =>
      other.network.connect({ host: 'zk2-b', port: 3888 }, { timeoutMs: 100 }).then(
        () => true,
        () => false,
      ),
    );
    expect(reached).toBe(quorumListenOnAllIps);
  }
});

test('a new connection of a server ends its old one, and what comes by the new one counts', async () => {
  const world = newWorld();
  const { runtime } = world.host('zk2');
  const heard: number[] = [];
  await world.play(() => connectionsOf(2, runtime, {}, (from) => heard.push(from)).listen());
  const third = world.host('zk3').runtime;
  const introduce = (connection: Connection): void => {
    connection.write(encodeInitial(3, [{ host: 'zk3', port: 3888 }]));
    connection.write(encodeNotification(looking, ''));
  };
  const old = await stranger(world, third);
  introduce(old.connection);
  await world.run(world.nowMs + 10);
  const young = await stranger(world, third);
  introduce(young.connection);
  await world.run(world.nowMs + 10);
  expect([old.isClosed, young.isClosed]).toEqual([true, false]);
  expect(heard).toEqual([3, 3]);
});
