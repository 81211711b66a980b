import { expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { TestCluster } from '../../../test/support/test-cluster.ts';
import { createTopics } from '../protocol/messages/19-create-topics.ts';
import { incrementalAlterConfigs } from '../protocol/messages/44-incremental-alter-configs.ts';
import { metadata } from '../protocol/messages/03-metadata.ts';

async function withCluster(
  run: (cluster: TestCluster) => Promise<void>,
  properties: Record<string, string> = {},
): Promise<void> {
  const cluster = await TestCluster.start(3, properties);
  try {
    await run(cluster);
  } finally {
    await cluster.stop();
  }
}

async function create(cluster: TestCluster, name: string, ...replicas: number[][]): Promise<void> {
  const assignments = replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
  const topic = { name, numPartitions: -1, replicationFactor: -1, assignments, configs: [] };
  const answer = await cluster.ask(await cluster.controller(), createTopics, {
    topics: [topic],
    timeoutMs: 10_000,
  });
  expect(answer.topics[0]?.errorCode).toBe(0);
}

const state = (cluster: TestCluster, name: string) =>
  cluster.znode(`/brokers/topics/${name}/partitions/0/state`);

/** The leader of a topic's first partition, as a broker tells clients. */
async function leaderAt(cluster: TestCluster, broker: number, name: string): Promise<number | undefined> {
  const answer = await cluster.ask(broker, metadata, { topics: [{ name }] }, 9);
  return answer.topics[0]?.partitions[0]?.leaderId;
}

test(
  'when the controller is killed another one takes over, and all of it is decided again',
  () =>
    withCluster(async (cluster) => {
      const first = await cluster.controller();
      const [second, third] = [1, 2, 3].filter((id) => id !== first) as [number, number];
      await create(cluster, 't', [first, second, third]);
      cluster.kill(first);
      await eventually(async () => (await leaderAt(cluster, third, 't')) === second);
      expect(await state(cluster, 't')).toMatchObject({ controller_epoch: 2, leader: second });
      expect([second, third]).toContain(await cluster.controller());
      await cluster.startBroker(first);
      await eventually(async () => {
        const { isr } = (await state(cluster, 't')) as { isr: number[] };
        return isr.includes(first);
      });
    }),
  30_000,
);

test(
  'a broker that stops gives its leaderships away before it goes',
  () =>
    withCluster(
      async (cluster) => {
        const controller = await cluster.controller();
        const [leaving, staying] = [1, 2, 3].filter((id) => id !== controller) as [number, number];
        await create(cluster, 't', [leaving, staying]);
        await cluster.brokers.get(leaving)!.stop();
        cluster.brokers.delete(leaving);
        expect(await state(cluster, 't')).toMatchObject({ leader: staying, isr: [staying] });
        await eventually(async () => (await leaderAt(cluster, staying, 't')) === staying);
      },
      { 'controlled.shutdown.retry.backoff.ms': '10000' },
    ),
  30_000,
);

test(
  'a reassignment that a tool writes to ZooKeeper is carried out',
  () =>
    withCluster(async (cluster) => {
      await create(cluster, 't', [1, 2]);
      const wanted = { version: 1, partitions: [{ topic: 't', partition: 0, replicas: [3, 1] }] };
      await cluster.zooKeeper.create('/admin/reassign_partitions', Buffer.from(JSON.stringify(wanted)));
      await eventually(async () => (await cluster.zooKeeper.exists('/admin/reassign_partitions')) === null);
      expect(await cluster.znode('/brokers/topics/t')).toEqual({ version: 1, partitions: { 0: [3, 1] } });
      expect(await state(cluster, 't')).toMatchObject({ leader: 1, isr: expect.arrayContaining([1, 3]) });
    }),
  30_000,
);

test(
  'a topic of many partitions is created in a few round trips',
  () =>
    withCluster(
      async (cluster) => {
        const topic = {
          name: 'wide',
          numPartitions: 200,
          replicationFactor: 1,
          assignments: [],
          configs: [],
        };
        const answer = await cluster.ask(await cluster.controller(), createTopics, {
          topics: [topic],
          timeoutMs: 20_000,
        });
        expect(answer.topics[0]?.errorCode).toBe(0);
        // a process that was busy for long may have lost its connection meanwhile
        const path = '/brokers/topics/wide/partitions';
        const partitions = await eventually(() => cluster.zooKeeper.getChildren(path));
        expect(partitions.length).toBe(200);
      },
      { 'zookeeper.session.timeout.ms': '4000' },
    ),
  30_000,
);

test(
  'unclean elections begin as soon as a topic allows them',
  () =>
    withCluster(async (cluster) => {
      const controller = await cluster.controller();
      const [a, b] = [1, 2, 3].filter((id) => id !== controller) as [number, number];
      await create(cluster, 't', [a, b]);
      cluster.kill(b);
      await eventually(async () => ((await state(cluster, 't')) as { isr: number[] }).isr.length === 1);
      cluster.kill(a);
      await eventually(async () => ((await state(cluster, 't')) as { leader: number }).leader === -1);
      await cluster.startBroker(b);
      const configs = [{ name: 'unclean.leader.election.enable', configOperation: 0, value: 'true' }];
      const resources = [{ resourceType: 2, resourceName: 't', configs }];
      await cluster.ask(controller, incrementalAlterConfigs, { resources, validateOnly: false });
      await eventually(async () => ((await state(cluster, 't')) as { leader: number }).leader === b);
    }),
  30_000,
);

test(
  'a broker whose session expired registers again, with a new epoch, and gets its partitions back',
  () =>
    withCluster(async (cluster) => {
      const controller = await cluster.controller();
      await create(cluster, 't', [controller, (controller % 3) + 1]);
      const before = await cluster.zooKeeper.exists(`/brokers/ids/${controller}`);
      cluster.cutFromZooKeeper(controller);
      await eventually(async () => (await cluster.zooKeeper.exists(`/brokers/ids/${controller}`)) === null);
      const other = (controller % 3) + 1;
      await eventually(async () => (await leaderAt(cluster, other, 't')) === other);
      cluster.healToZooKeeper(controller);
      await eventually(async () => {
        const now = await cluster.zooKeeper.exists(`/brokers/ids/${controller}`);
        return now !== null && now.czxid !== before!.czxid;
      });
      await eventually(async () => {
        const { isr } = (await state(cluster, 't')) as { isr: number[] };
        return isr.length === 2;
      });
      expect([1, 2, 3]).toContain(await cluster.controller());
    }),
  30_000,
);

test(
  'znodes that nobody understands do not keep the controller from its work',
  () =>
    withCluster(async (cluster) => {
      await cluster.controller();
      const nonsense = Buffer.from('{"version":1,');
      await cluster.zooKeeper.create('/brokers/topics/broken', nonsense);
      await cluster.zooKeeper.create('/admin/reassign_partitions', nonsense);
      await cluster.zooKeeper.create('/isr_change_notification/isr_change_', nonsense, {
        mode: 'persistentSequential',
      });
      const epoch = () => cluster.zooKeeper.getData('/controller_epoch').then(({ data }) => String(data));
      const before = await epoch();
      await create(cluster, 't', [1, 2]);
      expect(await epoch()).toBe(before);
    }),
  30_000,
);
