import { describe, expect, test } from 'vitest';
import { produceTo, readAll, type ClusterClient, type Ledger } from '../../simulation/clients.ts';
import { whatIsWrong } from '../../simulation/what-is-wrong.ts';
import {
  allInSync,
  ownClient,
  startCluster,
  type Broker,
  type ClusterOptions,
  type KafkaCluster,
  type Maker,
} from '../support/clusters.ts';
import { until } from '../support/processes.ts';

const PARTITIONS = [0, 1, 2];

interface Story {
  readonly cluster: KafkaCluster;
  readonly client: ClusterClient;
  /** Resolves when each partition has more acknowledged records than now. */
  moreIsWritten(): Promise<void>;
  /** Kills brokers, waits for who decides then, starts them again, and waits until all replicas are in sync. */
  killAndRestart(victims: readonly Broker[], controllers: readonly number[]): Promise<void>;
}

/** Producers write with acks=all while the story goes on; then what was acknowledged must be there, once and in order. */
async function whileWriting(
  makers: readonly Maker[],
  options: ClusterOptions,
  tell: (story: Story) => Promise<void>,
): Promise<void> {
  const properties = 'min.insync.replicas=2\nzookeeper.session.timeout.ms=3000\n';
  const cluster = await startCluster(makers, { ...options, properties });
  const client = ownClient(cluster);
  const ledgers = PARTITIONS.map((): Ledger => ({ acknowledged: [] }));
  const least = () => Math.min(...ledgers.map(({ acknowledged }) => acknowledged.length));
  let writing = true;
  try {
    await client.createTopic(PARTITIONS.length, makers.length);
    const producing = Promise.all(ledgers.map((ledger, p) => produceTo(client, p, ledger, () => writing)));
    const moreIsWritten = async () => {
      const before = least();
      await until('more records', () => least() > before + 100);
    };
    const killAndRestart = async (victims: readonly Broker[], controllers: readonly number[]) => {
      await Promise.all(victims.map((broker) => broker.kill()));
      await until(`a controller among ${controllers.join(' and ')}`, async () =>
        controllers.includes(await client.controllerId().catch(() => -1)),
      );
      await Promise.all(victims.map((broker) => broker.start()));
      await until('all replicas in sync', () => allInSync(client, PARTITIONS.length, makers.length));
      await moreIsWritten();
    };
    await moreIsWritten();
    await tell({ cluster, client, moreIsWritten, killAndRestart });
    writing = false;
    await producing;
    for (const [p, ledger] of ledgers.entries())
      expect(whatIsWrong(p, ledger, await readAll(client, p))).toEqual([]);
  } catch (error) {
    const logs = cluster.brokers.map((b) => `broker ${b.id}:\n${b.log.split('\n').slice(-15).join('\n')}`);
    throw new Error(`${String(error)}\n${logs.join('\n')}`, { cause: error });
  } finally {
    writing = false;
    client.close();
    await cluster.stop();
  }
}

describe('in one cluster', () => {
  test.each(['apache 3.4.14', 'apache 3.9.5'] as const)(
    "gregor's brokers live on ZooKeeper of %s, with a chroot",
    (zookeeper) =>
      whileWriting(
        ['gregor', 'gregor', 'gregor'],
        { zookeeper, chroot: '/clusters/one', inTurn: true },
        ({ cluster: { brokers }, killAndRestart }) => killAndRestart([brokers[0]!], [2, 3]),
      ),
  );

  test("Apache's brokers 2.3.0 live on gregor's ZooKeeper", () =>
    whileWriting(
      ['apache 2.3.0', 'apache 2.3.0'],
      { zookeeper: 'gregor', chroot: '/clusters/one', inTurn: true },
      ({ cluster: { brokers }, killAndRestart }) => killAndRestart([brokers[0]!], [2]),
    ));

  test("two brokers of gregor's and one of Apache's 2.3.0 replicate from each other, whoever of them decides", () =>
    whileWriting(
      ['apache 2.3.0', 'gregor', 'gregor'],
      { zookeeper: 'gregor', inTurn: true },
      async ({ cluster: { brokers }, client, killAndRestart }) => {
        const [apache, ...gregors] = brokers;
        expect(await client.controllerId()).toBe(apache!.id);
        await killAndRestart([apache!], [2, 3]);
        await killAndRestart(gregors, [1]);
        await killAndRestart([gregors[0]!], [1]);
      },
    ));
});
