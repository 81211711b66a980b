/** Which faults a cluster meets, and when. */
import type { Machine } from './cluster.ts';
import { Faults, type Scene } from './faults.ts';
import { diesWhileAnotherCatchesUp, losesPower, missesTwoElections } from './situations.ts';

/** One of them at a time, and nothing else meanwhile. */
const situations = [losesPower, diesWhileAnotherCatchesUp, missesTwoElections];

/**
 * Breaks things for `durationMs`, then mends all of them. kill -9 may hit any broker at any time, since what a process wrote stays in the page
 * cache. A loss of power takes what wasn't synced: Kafka doesn't sync before it acknowledges, its promise rests on the other replicas,
 * so a broker loses power only while all are in sync. ZooKeeper syncs first: it may lose power whenever it likes.
 */
export async function breakThings(scene: Scene, durationMs: number): Promise<void> {
  const { world, cluster, random } = scene;
  const faults = new Faults(scene);
  const end = world.nowMs + durationMs;
  const any = (): Machine => cluster.brokers[random.below(cluster.brokers.length)]!;
  const kinds: [number, () => Promise<void>][] = [
    [4, () => faults.down(any(), 50, 5000)],
    [1, () => faults.down(cluster.zookeeper, 50, 5000, false)],
    [2, () => faults.forgetAfterAcknowledging()],
    [1, () => faults.isolate(any().host.name, 500, 8000)],
    [2, () => faults.cut()],
    [3, () => faults.dieWithTail(any())],
    [1, () => faults.dieAsLastInSync(any())],
    [2, () => faults.backAndForth(any())],
    [2, () => faults.dieJustElected(any())],
  ];
  const sum = kinds.reduce((all, [weight]) => all + weight, 0);
  const running = { count: 0 };
  while (world.nowMs < end) {
    await faults.pause(200, 2500);
    if (random.below(6) === 0) {
      while (running.count > 0) await faults.pause(200, 200);
      await situations[random.below(situations.length)]!(faults);
      continue;
    }
    let chosen = random.below(sum);
    const [, run] = kinds.find(([weight]) => (chosen -= weight) < 0)!;
    running.count += 1;
    void run().finally(() => (running.count -= 1));
  }
  await faults.pause(8000, 8000);
  world.heal();
  for (const machine of [cluster.zookeeper, ...cluster.brokers]) if (!machine.host.alive) machine.start();
}
