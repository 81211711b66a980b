import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startCluster, type KafkaCluster } from '../support/clusters.ts';
import { classPath } from '../support/install.ts';
import { run, until } from '../support/processes.ts';

/** Every value of a topic, with how often it is there, read by kcat partition by partition. */
async function readAll(cluster: KafkaCluster, topic: string): Promise<string[]> {
  const { out } = await run(
    'kcat',
    ['-b', cluster.bootstrap, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p %s\\n'],
    { timeoutMs: 120_000 },
  );
  return out.trim().split('\n');
}

async function createTopic(cluster: KafkaCluster, topic: string): Promise<void> {
  await until(`${topic}'s leaders`, async () => {
    const { out } = await run('kcat', ['-b', cluster.bootstrap, '-L', '-J', '-t', topic]);
    const [found] = (
      JSON.parse(out || '{"topics":[]}') as {
        topics: { partitions: { leader: number; isrs: unknown[] }[] }[];
      }
    ).topics;
    return (
      found !== undefined &&
      found.partitions.length === 3 &&
      found.partitions.every((p) => p.leader > 0 && p.isrs.length === 3)
    );
  });
}

const settings = { properties: 'default.replication.factor=3\nmin.insync.replicas=2\n' };

describe('a broker killed with -9 under load', () => {
  test("loses nothing that Apache's producer was told is written, and keeps each record's order", async () => {
    const cluster = await startCluster('gregor', settings);
    try {
      await createTopic(cluster, 'kept');
      const program = join(import.meta.dirname, '../clients/java/AckedProducer.java');
      const producing = run(
        'java',
        ['-Xmx256m', '-cp', classPath('kafka-clients-4.2.0'), program, cluster.bootstrap, 'kept', '15000'],
        { timeoutMs: 150_000 },
      );
      for (const victim of [cluster.brokers[1]!, cluster.brokers[2]!]) {
        await until('records', async () => (await readAll(cluster, 'kept')).length > 500);
        await victim.kill();
        await victim.start();
      }
      const { out, err } = await producing;
      const acked = out.trim().split('\n');
      expect(err).toContain('failed 0');
      expect(acked.length).toBeGreaterThan(1000);
      const read = await readAll(cluster, 'kept');
      const numbers = new Map<string, number[]>();
      for (const line of read) {
        const [partition, number] = line.split(' ');
        numbers.set(partition!, [...(numbers.get(partition!) ?? []), Number(number)]);
      }
      const all = [...numbers.values()].flat();
      const there = new Set(all);
      expect(acked.filter((number) => !there.has(Number(number)))).toEqual([]);
      expect(all.length).toBe(there.size);
      for (const inPartition of numbers.values())
        expect(inPartition).toEqual([...inPartition].sort((a, b) => a - b));
    } finally {
      await cluster.stop();
    }
  });

  test('comes back, catches up and leads again', async () => {
    const cluster = await startCluster('gregor', settings);
    try {
      await createTopic(cluster, 'back');
      const [first] = cluster.brokers;
      await first!.kill();
      const records = Array.from({ length: 200 }, (_, i) => `v${i}`).join('\n') + '\n';
      const produced = await run('kcat', ['-b', cluster.bootstrap, '-P', '-t', 'back', '-X', 'acks=all'], {
        input: records,
      });
      expect(produced.code).toBe(0);
      await first!.start();
      await createTopic(cluster, 'back');
      expect(await readAll(cluster, 'back')).toHaveLength(200);
    } finally {
      await cluster.stop();
    }
  });
});
