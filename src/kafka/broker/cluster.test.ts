import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { TestClient } from '../../../test/support/test-client.ts';
import { TestCluster } from '../../../test/support/test-cluster.ts';

let cluster: TestCluster | null = null;
let client: TestClient | null = null;

async function start(
  brokers: number,
  properties: Record<string, string> = {},
): Promise<{ cluster: TestCluster; client: TestClient }> {
  cluster = await TestCluster.start(brokers, {
    'zookeeper.connect': 'zookeeper:2181/kafka',
    ...properties,
  });
  client = new TestClient(cluster.client, [...cluster.brokers.keys()]);
  return { cluster, client };
}

afterEach(async () => {
  client?.close();
  await cluster?.stop();
  cluster = null;
  client = null;
});

test(
  'what is produced to a topic with three replicas is read back, also after its leader was killed',
  { timeout: 30_000 },
  async () => {
    const { cluster, client } = await start(3);
    await client.createTopic('orders', 1, 3, { 'min.insync.replicas': '2' });
    const before = Array.from({ length: 20 }, (_, i) => `before ${i}`);
    for (const value of before) await client.produce('orders', 0, [value]);
    expect(await client.consume('orders', 0)).toEqual(before);

    const leader = await client.leader('orders', 0);
    cluster.kill(leader.nodeId);
    await eventually(async () => (await client.leader('orders', 0)).nodeId !== leader.nodeId);
    const after = ['after 0', 'after 1'];
    for (const value of after) await client.produce('orders', 0, [value]);
    expect([...new Set(await client.consume('orders', 0))]).toEqual([...before, ...after]);

    // back in the ISR: with another one gone, two are still in sync
    await cluster.startBroker(leader.nodeId);
    const next = await client.leader('orders', 0);
    const third = [1, 2, 3].find((id) => id !== leader.nodeId && id !== next.nodeId);
    cluster.kill(third!);
    await client.produce('orders', 0, ['last']);
    // whoever tries again without idempotence may write twice
    const found = new Set(await client.consume('orders', 0));
    expect([...found]).toEqual([...before, ...after, 'last']);
  },
);

test('a broker stops also when ZooKeeper is gone', { timeout: 30_000 }, async () => {
  const { cluster } = await start(1, { 'controlled.shutdown.retry.backoff.ms': '300' });
  cluster.killZooKeeper();
  await cluster.brokers.get(1)?.stop();
});
