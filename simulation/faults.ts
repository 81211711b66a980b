/** What goes wrong in a run, by chance: processes are killed, machines lose their power, links are cut one way or both. */
import type { SeededRandom } from '../src/runtime/simulated/seeded-random.ts';
import type { SimulatedWorld } from '../src/runtime/simulated/simulated-world.ts';
import type { Machine, SimulatedCluster } from './cluster.ts';

/** How long everything must have been well before a broker loses its power, and afterwards before anything else goes wrong, ms. */
const QUIET_MS = 9000;

/**
 * Breaks things for `durationMs`, then mends all of them. kill -9 may hit any broker at any time, since what a process wrote stays in the page
 * cache. A loss of power takes what wasn't synced: Kafka doesn't sync before it acknowledges, its promise rests on the other replicas,
 * so a broker loses power only while all are in sync. ZooKeeper syncs first: it may lose power whenever it likes.
 */
export async function breakThings(
  world: SimulatedWorld,
  cluster: SimulatedCluster,
  random: SeededRandom,
  durationMs: number,
): Promise<void> {
  const pause = (ms: number) => new Promise<void>((resolve) => world.after(ms, resolve));
  const end = world.nowMs + durationMs;
  const hosts = [cluster.zookeeper.host.name, ...cluster.brokers.map((b) => b.host.name)];
  let wellSince = world.nowMs;

  const down = async (machine: Machine, keepCache: boolean): Promise<void> => {
    if (!machine.host.alive) return;
    machine.up = false;
    machine.host.kill({ keepCache });
    await pause(random.between(50, 5000));
    if (!machine.host.alive) machine.start();
  };
  const cut = async (from: string, to: string, both: boolean): Promise<void> => {
    world.trace(`the way from ${from} to ${to} is cut${both ? ', and back' : ''}`);
    world.link(from, to).cut();
    if (both) world.link(to, from).cut();
    await pause(random.between(100, 6000));
    world.link(from, to).heal();
    world.link(to, from).heal();
  };
  const isolate = async (name: string): Promise<void> => {
    world.trace(`${name} is alone`);
    const others = hosts.filter((h) => h !== name);
    world.separate([name], others);
    await pause(random.between(500, 8000));
    for (const other of others) {
      world.link(name, other).heal();
      world.link(other, name).heal();
    }
  };

  while (world.nowMs < end) {
    await pause(random.between(200, 2500));
    const broker = cluster.brokers[random.below(cluster.brokers.length)]!;
    const kind = random.below(10);
    if (kind < 4) void down(broker, true);
    else if (kind < 5) void down(cluster.zookeeper, false);
    else if (kind < 6) void isolate(broker.host.name);
    else if (kind < 8) {
      const from = hosts[random.below(hosts.length)]!;
      const to = hosts[random.below(hosts.length)]!;
      if (from !== to) void cut(from, to, random.below(2) === 0);
    } else {
      await pause(QUIET_MS);
      if (cluster.brokers.every((b) => b.up) && world.nowMs - wellSince >= QUIET_MS) {
        await down(broker, false);
        await pause(QUIET_MS);
      }
    }
    if (kind < 8) wellSince = world.nowMs + 8000;
  }
  await pause(8000);
  world.heal();
  for (const machine of [cluster.zookeeper, ...cluster.brokers]) if (!machine.host.alive) machine.start();
}
