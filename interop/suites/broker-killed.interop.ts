import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { produceTo, readAll, topic, type ClusterClient, type Ledger } from '../../simulation/clients.ts';
import { whatIsWrong } from '../../simulation/what-is-wrong.ts';
import { allInSync, ownClient, startCluster, type KafkaCluster } from '../support/clusters.ts';
import { classPath } from '../support/install.ts';
import { Service, until } from '../support/processes.ts';

const PARTITIONS = [0, 1, 2];
const settings = {
  properties: 'min.insync.replicas=2\nzookeeper.session.timeout.ms=3000\n',
};

async function withCluster(
  story: (cluster: KafkaCluster, client: ClusterClient) => Promise<void>,
): Promise<void> {
  const cluster = await startCluster('gregor', settings);
  const client = ownClient(cluster);
  try {
    await client.createTopic(PARTITIONS.length);
    await story(cluster, client);
  } finally {
    client.close();
    await cluster.stop();
  }
}

/** Kills each broker in turn, the controller among them, and starts it again; `working` says how much was done. */
async function killInTurn(cluster: KafkaCluster, working: () => number | Promise<number>): Promise<void> {
  for (const victim of cluster.brokers) {
    const before = await working();
    await until('more records', async () => (await working()) > before + 200);
    await victim.kill();
    await victim.start();
  }
}

describe('brokers killed with -9 under load, acks=all, three replicas', () => {
  test("lose nothing that gregor's own producer was told is written, and keep each record once and in order", () =>
    withCluster(async (cluster, client) => {
      const ledgers = PARTITIONS.map((): Ledger => ({ acknowledged: [] }));
      let writing = true;
      const producing = ledgers.map((ledger, p) => produceTo(client, p, ledger, () => writing));
      await killInTurn(cluster, () => Math.min(...ledgers.map((ledger) => ledger.acknowledged.length)));
      writing = false;
      await Promise.all(producing);
      for (const [p, ledger] of ledgers.entries())
        expect(whatIsWrong(p, ledger, await readAll(client, p))).toEqual([]);
    }));

  test("lose nothing that Apache's producer was told is written, and keep each record once and in order", () =>
    withCluster(async (cluster, client) => {
      const program = join(import.meta.dirname, '../clients/java/AckedProducer.java');
      const args = [
        '-Xmx256m',
        '-cp',
        classPath('kafka-clients-4.2.0'),
        program,
        cluster.bootstrap,
        topic,
        '10',
      ];
      const producer = new Service('producer', 'java', args, { log: '/dev/null' });
      onTestFinished(() => producer.stop('SIGKILL'));
      await killInTurn(cluster, () => client.endOffset(0));
      producer.tell('enough');
      await until('the end of the producer', () => !producer.running, 150_000);
      expect(producer.exitCode).toBe(0);
      expect(producer.log).toContain('failed 0');
      const acknowledged = producer.out.trim().split('\n');
      const found = await Promise.all(PARTITIONS.map((p) => readAll(client, p)));
      const values = found.map((records) => records.map(({ value }) => Number(value)));
      // Each record goes to the partition of its key, so numbers grow within a partition.
      for (const numbers of values) expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      const there = new Set(values.flat());
      expect(acknowledged.filter((number) => !there.has(Number(number)))).toEqual([]);
      expect(there.size).toBe(acknowledged.length);
    }));

  test('come back, catch up and lead again', () =>
    withCluster(async (cluster, client) => {
      const [first] = cluster.brokers;
      await first!.kill();
      const ledger: Ledger = { acknowledged: [] };
      await produceTo(client, 0, ledger, () => ledger.acknowledged.length < 200);
      await first!.start();
      await until('all replicas in sync', () => allInSync(client, PARTITIONS.length, 3));
      for (const other of cluster.brokers.slice(1)) await other.kill();
      expect(whatIsWrong(0, ledger, await readAll(client, 0))).toEqual([]);
    }));
});
