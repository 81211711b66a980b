import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import type { Log } from '../../runtime/runtime.ts';
import { silentLog } from '../../runtime/silent-log.ts';
import type { ZooKeeperClient } from '../client/client.ts';

const NETWORKS = ['a', 'b'];
const ENABLED = 'multiAddress.enabled=true\nmultiAddress.reachabilityCheckTimeoutMs=300\n';

function twoNetworks(seed: number, zooCfg = ENABLED, servers = 3): SimulatedEnsemble {
  return new SimulatedEnsemble({ seed, servers, networks: NETWORKS, zooCfg });
}

/** What goes that way arrives no more, and nobody is told; `heal` makes it good. */
function cut(ensemble: SimulatedEnsemble, network: string, heal = false): void {
  const names = ensemble.servers.map(({ host }) => host.name);
  for (const from of names)
    for (const to of names)
      if (from !== to) {
        const link = ensemble.world.link(from, to, network);
        if (heal) link.heal();
        else link.cut();
      }
}

/** A client that writes on and on. @returns how long it had to wait for a write, at most */
function writing(
  ensemble: SimulatedEnsemble,
  client: ZooKeeperClient,
): { worstMs(): number; failed(): number } {
  const { world } = ensemble;
  let worst = 0;
  let failed = 0;
  let lastAtMs = world.nowMs;
  const next = (): void => {
    client.create('/w-', null, { mode: 'persistentSequential' }).then(
      () => {
        worst = Math.max(worst, world.nowMs - lastAtMs);
        lastAtMs = world.nowMs;
        world.after(20, next);
      },
      () => {
        failed += 1;
        world.after(20, next);
      },
    );
  };
  next();
  return { worstMs: () => Math.max(worst, world.nowMs - lastAtMs), failed: () => failed };
}

/** All serve, and use network a: there was no other when they met. @returns the leader */
async function started(ensemble: SimulatedEnsemble): Promise<EnsembleServer> {
  cut(ensemble, 'b');
  ensemble.startAll();
  expect(await ensemble.untilServing(ensemble.servers.length)).toBe(true);
  cut(ensemble, 'b', true);
  await ensemble.world.run(ensemble.world.nowMs + 100);
  return ensemble.leader!;
}

test.each(NETWORKS)(
  'with network %s cut from the beginning, they find each other by the other one',
  async (lost) => {
    const ensemble = twoNetworks(1);
    cut(ensemble, lost);
    ensemble.startAll();
    expect(await ensemble.untilServing(3)).toBe(true);
    await ensemble.world.play(async () => {
      await ensemble.client('client').create('/x', null);
    });
  },
);

test('when the network in use is cut, the leader goes on leading, and writes wait for less than syncLimit', async () => {
  const ensemble = twoNetworks(2);
  const { world } = ensemble;
  const leader = await started(ensemble);
  const { currentEpoch } = leader.member!;
  const load = writing(ensemble, ensemble.client('client', [leader]));
  await world.run(world.nowMs + 500);
  cut(ensemble, 'a');
  await world.run(world.nowMs + 5000);
  expect(ensemble.leader === leader).toBe(true);
  expect(leader.member!.currentEpoch).toBe(currentEpoch);
  expect(ensemble.serving).toHaveLength(3);
  // syncLimit is 2000 ms.
  expect(load.worstMs()).toBeLessThan(1600);
  expect(load.failed()).toBe(0);
  const followers = ensemble.servers.filter((server) => server !== leader);
  expect(followers.map(({ member }) => member!.stats.unreachableAddresses)).toEqual([1, 1]);

  cut(ensemble, 'a', true);
  cut(ensemble, 'b');
  await world.run(world.nowMs + 5000);
  expect(ensemble.leader === leader).toBe(true);
  expect(load.worstMs()).toBeLessThan(1600);
});

test('a server to which nobody connects in return names all of its addresses', async () => {
  const said: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void said.push(message), with: () => log };
  const ensemble = new SimulatedEnsemble({ seed: 4, servers: 3, networks: NETWORKS, zooCfg: ENABLED, log });
  const [first, second] = ensemble.servers;
  const { network } = second!.host.runtime;
  await network.listen({ host: '', port: 3888 }, (connection) =>
    connection.start({ data: () => connection.end(), closed: () => {} }),
  );
  ensemble.start(first!);
  await ensemble.world.run(ensemble.world.nowMs + 6000);
  expect(said.join()).toContain(
    "server 2 answers, but doesn't connect to this one in return: from there zk1-a:3888 or zk1-b:3889 must be reachable",
  );
});

test('elections work over whatever is left: connections over the dead network are replaced', async () => {
  const ensemble = twoNetworks(3);
  const { world } = ensemble;
  const leader = await started(ensemble);
  cut(ensemble, 'a');
  ensemble.kill(leader);
  const killedAtMs = world.nowMs;
  expect(await ensemble.untilServing(2, 20_000)).toBe(true);
  expect(world.nowMs - killedAtMs).toBeLessThan(4000);
  ensemble.start(leader);
  expect(await ensemble.untilServing(3, 20_000)).toBe(true);
});

test('a leader that stands still is waited for until syncLimit: its addresses are there', async () => {
  const ensemble = twoNetworks(4);
  const { world } = ensemble;
  const leader = await started(ensemble);
  leader.host.freeze(1200);
  await world.run(world.nowMs + 3000);
  expect(ensemble.leader === leader).toBe(true);
  expect(ensemble.servers.map(({ member }) => member!.stats.unreachableAddresses)).toEqual([0, 0, 0]);
});

test('without the reachability check, syncLimit finds out', async () => {
  const ensemble = twoNetworks(5, `${ENABLED}multiAddress.reachabilityCheckEnabled=false\n`);
  const { world } = ensemble;
  const leader = await started(ensemble);
  cut(ensemble, 'a');
  const cutAtMs = world.nowMs;
  expect(await world.run(() => ensemble.leader !== leader, 10_000)).toBe(true);
  expect(world.nowMs - cutAtMs).toBeGreaterThan(1500);
  cut(ensemble, 'a', true);
  expect(await ensemble.untilServing(3, 60_000)).toBe(true);
  expect(ensemble.servers.map(({ member }) => member!.stats.unreachableAddresses)).toEqual([0, 0, 0]);
});

test('a reconfiguration takes an address away and gives it back, and what is left is used', async () => {
  const ensemble = twoNetworks(6, `${ENABLED}reconfigEnabled=true\nskipACL=yes\n`);
  const { world } = ensemble;
  const leader = await started(ensemble);
  const follower = ensemble.servers.find((server) => server !== leader)!;
  const client = ensemble.client('client', [leader]);
  const { id } = follower;
  const on = (text: string): Promise<unknown> =>
    world.play(() => client.reconfig({ joining: `server.${id}=${text}:participant;2181` }));
  await on(`zk${id}-b:2889:3889`);
  cut(ensemble, 'a');
  ensemble.kill(follower);
  ensemble.start(follower);
  expect(await ensemble.untilServing(3, 20_000)).toBe(true);
  await on(`zk${id}-b:2889:3889|zk${id}-a:2888:3888`);
  expect(ensemble.leader!.member!.ensemble.text).toContain(
    `server.${id}=zk${id}-a:2888:3888|zk${id}-b:2889:3889:participant;0.0.0.0:2181`,
  );
});

test('several addresses are refused where multiAddress.enabled is not set', async () => {
  const ensemble = new SimulatedEnsemble({
    seed: 7,
    servers: 3,
    zooCfg: 'reconfigEnabled=true\nskipACL=yes\n',
  });
  await started(ensemble);
  const client = ensemble.client('client');
  const joining = 'server.1=zk1:2888:3888|zk1:2889:3889:participant;2181';
  const refused = ensemble.world.play(() => client.reconfig({ joining }));
  await expect(refused).rejects.toMatchObject({ name: 'BadArguments' });
  expect(() => twoNetworks(8, '')).toThrow('multiAddress.enabled=true');
});
