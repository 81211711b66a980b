/**
 * One story: producers write while everything breaks, then all is mended. What must hold: every record that was acknowledged with acks=all is
 * read back once, in order, in its partition; and a healed cluster makes progress.
 */
import { afterPromises } from '../src/runtime/node/after-promises.ts';
import { createNodeCodecs } from '../src/runtime/node/codecs.ts';
import { createNodeDigests } from '../src/runtime/node/digests.ts';
import { SimulatedWorld } from '../src/runtime/simulated/simulated-world.ts';
import { makeCluster } from './cluster.ts';
import { ClusterClient, produceTo, readAll, type Ledger } from './clients.ts';
import { breakThings } from './faults.ts';
import { whatIsWrong } from './what-is-wrong.ts';

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

export async function runStory(story: Story): Promise<Outcome> {
  const world = new SimulatedWorld({
    seed: story.seed,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises,
    lossRate: 0.001,
  });
  world.onTrace = story.onTrace ?? null;
  const random = world.random.fork('faults');
  const cluster = makeCluster(world);
  for (const machine of [cluster.zookeeper, ...cluster.brokers]) machine.start();
  const client = new ClusterClient(world.host('client').runtime, cluster.bootstrap);
  const ledgers: Ledger[] = Array.from({ length: partitions }, () => ({ acknowledged: [] }));
  const broken: string[] = [];

  const scene = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    let over = false;
    work()
      .catch((error: unknown) => broken.push(error instanceof Error ? error.message : String(error)))
      .finally(() => (over = true));
    const done = await world.run(() => over, PATIENCE_MS + story.faultsMs * 3);
    if (!done) broken.push(`after ${Math.round(world.nowMs)} ms ${what}`);
    return done && broken.length === 0;
  };

  let writing = true;
  const producing: Promise<void>[] = [];
  const told =
    (await scene('the topic has no leaders', () => client.createTopic(partitions))) &&
    (await scene('things are still being broken', async () => {
      for (const [p, ledger] of ledgers.entries())
        producing.push(produceTo(client, p, ledger, () => writing));
      await Promise.race([Promise.all(producing), breakThings(world, cluster, random, story.faultsMs)]);
    })) &&
    (await scene('a producer of the healed cluster still waits for its answer', async () => {
      writing = false;
      await Promise.all(producing);
    }));
  if (told)
    await scene('a reader of the healed cluster is still not through', async () => {
      for (const [p, ledger] of ledgers.entries())
        broken.push(...whatIsWrong(p, ledger, await readAll(client, p)));
    });
  return {
    broken,
    acknowledged: ledgers.reduce((sum, ledger) => sum + ledger.acknowledged.length, 0),
    virtualMs: world.nowMs,
    traceHash: world.traceHash,
  };
}
