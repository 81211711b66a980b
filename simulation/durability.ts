/**
 * One story: producers write while everything breaks, then all is mended. What must hold: every record that was acknowledged with acks=all is
 * read back once, in order, in its partition; what a reader was given stays; all replicas come to the same log; ZooKeeper has all that it
 * acknowledged; and a healed cluster makes progress.
 */
import { afterPromises } from '../src/runtime/node/after-promises.ts';
import { createNodeCodecs } from '../src/runtime/node/codecs.ts';
import { createNodeDigests } from '../src/runtime/node/digests.ts';
import { SimulatedWorld } from '../src/runtime/simulated/simulated-world.ts';
import { chatter, readAlong } from './bystanders.ts';
import { breakThings } from './break-things.ts';
import { ClusterClient, produceTo, readAll, type Ledger, type ReadRecord } from './clients.ts';
import { makeCluster } from './cluster.ts';
import { LogHistory, whereReplicasDiffer } from './replicas.ts';
import { whatIsWrong } from './what-is-wrong.ts';
import { Witness } from './witness.ts';

const partitions = 3;
/** Virtual ms after which a healed cluster must have answered everything. */
const PATIENCE_MS = 120_000;

export interface Outcome {
  /** Sentences, one for each promise that was broken. */
  readonly broken: readonly string[];
  readonly acknowledged: number;
  readonly virtualMs: number;
  /** Equal for two runs of a seed. */
  readonly traceHash: string;
}

export interface Story {
  readonly seed: number;
  /** Virtual ms during which things break. */
  readonly faultsMs: number;
  readonly onTrace?: (line: string) => void;
}

export async function runStory({ seed, faultsMs, onTrace }: Story): Promise<Outcome> {
  const world = new SimulatedWorld({
    seed,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises,
    lossRate: 0.001,
    networkMs: seed % 4 === 0 ? [0.5, 15] : [0.05, 1],
  });
  world.onTrace = onTrace ?? null;
  const random = world.random.fork('faults');
  const cluster = makeCluster(world, { zookeeperSyncMs: seed % 2 === 0 ? [5, 60] : [0.1, 3] });
  const machines = [cluster.zookeeper, ...cluster.brokers];
  for (const machine of machines) machine.start();
  const client = new ClusterClient(world.host('client').runtime, cluster.bootstrap);
  const bystander = new ClusterClient(world.host('bystander').runtime, cluster.bootstrap);
  const witness = new Witness(world.host('witness').runtime);
  const ledgers: Ledger[] = Array.from({ length: partitions }, () => ({ acknowledged: [] }));
  const seen: ReadRecord[][] = ledgers.map(() => []);
  const broken: string[] = [];
  const history = new LogHistory(broken);

  const scene = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    let over = false;
    work()
      .catch((error: unknown) => broken.push(error instanceof Error ? error.message : String(error)))
      .finally(() => (over = true));
    const done = await world.run(() => over, PATIENCE_MS + faultsMs * 3);
    if (!done) broken.push(`after ${Math.round(world.nowMs)} ms ${what}`);
    return done && broken.length === 0;
  };

  let writing = true;
  const wanted = (): boolean => writing;
  const producing: Promise<void>[] = [];
  const others: Promise<void>[] = [];
  const told =
    (await scene('the topic has no leaders', () => client.createTopic(partitions))) &&
    (await scene('things are still being broken', async () => {
      for (const [p, ledger] of ledgers.entries()) {
        producing.push(produceTo(client, p, ledger, wanted));
        others.push(chatter(bystander, p, wanted), readAlong(bystander, p, seen[p]!, wanted));
      }
      others.push(witness.write(wanted));
      const faults = breakThings(
        {
          world,
          cluster,
          witness,
          client: bystander,
          random,
          beforeDown: (machine) => history.look(machine),
        },
        faultsMs,
      );
      await Promise.race([Promise.all(producing), faults]);
    })) &&
    (await scene('a producer of the healed cluster still waits for its answer', async () => {
      writing = false;
      await Promise.all([...producing, ...others]);
    })) &&
    (await scene('ZooKeeper still answers nobody', async () => {
      broken.push(...(await witness.whatIsWrong()));
    })) &&
    (await scene('a reader of the healed cluster is still not through', async () => {
      for (const [p, ledger] of ledgers.entries())
        broken.push(...whatIsWrong(p, ledger, await readAll(client, p), seen[p]));
    }));
  if (told) {
    let difference: string | null = null;
    const same = await scene('the replicas still differ', async () => {
      while ((difference = whereReplicasDiffer(cluster.brokers)) !== null) await client.pause(500);
    });
    if (!same && difference !== null) broken.push(difference);
    for (const machine of cluster.brokers) history.look(machine);
  }
  return {
    broken,
    acknowledged: ledgers.reduce((sum, ledger) => sum + ledger.acknowledged.length, 0),
    virtualMs: world.nowMs,
    traceHash: world.traceHash,
  };
}
