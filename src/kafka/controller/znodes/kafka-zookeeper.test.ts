import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { TestCluster } from '../../../../test/support/test-cluster.ts';
import { ZooKeeperClient } from '../../../zookeeper/client/client.ts';
import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import type { BrokerRegistration } from './broker-registration.ts';
import { ControllerMovedError, ControllerZooKeeper } from './controller-zookeeper.ts';
import { KafkaZooKeeper } from './kafka-zookeeper.ts';
import { paths } from './paths.ts';

let cluster: TestCluster;
const open: KafkaZooKeeper[] = [];
let chroots = 0;

beforeAll(async () => {
  cluster = await TestCluster.start(0);
});
afterAll(async () => {
  await Promise.all(open.map((zk) => zk.close()));
  await cluster.stop();
});

/** A broker's view of ZooKeeper; each call without a chroot gets a new, empty one. */
async function connect(chroot = `/test/${chroots++}`): Promise<{ zk: KafkaZooKeeper; chroot: string }> {
  const zk = new KafkaZooKeeper(cluster.client, {
    chroot,
    protectZnodes: false,
    open: (root) =>
      new ZooKeeperClient(cluster.client, {
        servers: [{ host: 'zookeeper', port: 2181 }],
        chroot: root,
        sessionTimeoutMs: 1000,
      }),
  });
  open.push(zk);
  await zk.start();
  await zk.createPersistentPaths();
  return { zk, chroot };
}

const registration = (id: number): BrokerRegistration => ({
  id,
  endpoints: [{ listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: `kafka${id}`, port: 9092 }],
  rack: null,
  jmxPort: -1,
  timestampMs: 5,
});
const noWatches = { changed: () => undefined, topicChanged: () => undefined, stateChanged: () => undefined };
const code = (error: unknown) => (error instanceof Error ? error.name : error);

test('the chroot and the paths that every broker needs are made, with no data at all', async () => {
  const { chroot } = await connect();
  const { data, stat } = await cluster.zooKeeper.getData(`${chroot}/config/changes`);
  expect([data, stat.version]).toEqual([null, 0]);
  expect(await cluster.zooKeeper.exists(`${chroot}/admin/delete_topics`)).not.toBe(null);
});

test('all brokers find the same cluster id', async () => {
  const { zk, chroot } = await connect();
  const other = await connect(chroot);
  const ids = await Promise.all([zk.clusterId(), other.zk.clusterId()]);
  expect(ids[0]).toMatch(/^[\w-]{22}$/);
  expect(ids[1]).toBe(ids[0]);
});

test('a broker epoch is the zxid of the registration, whose znode has version 1', async () => {
  const { zk, chroot } = await connect();
  const epoch = await zk.registerBroker(registration(1));
  const stat = await cluster.zooKeeper.exists(`${chroot}/brokers/ids/1`);
  expect([stat?.czxid, stat?.version]).toEqual([epoch, 1]);
  expect(await zk.registerBroker(registration(1))).toBe(epoch);
  expect(await zk.readBrokers()).toEqual([{ ...registration(1), epoch }]);
});

test('an id that another broker has is refused; one that a dead broker left is had once its session ends', async () => {
  const { zk, chroot } = await connect();
  const first = await connect(chroot);
  await first.zk.registerBroker(registration(1));
  expect(await zk.registerBroker(registration(1)).catch(code)).toBe('NodeExists');
  const waiting = zk.registerBroker(registration(1), 10_000);
  await first.zk.close();
  expect(await waiting).toBeGreaterThan(0n);
});

test('broker ids that are made here lie above the reserved ones and never repeat', async () => {
  const { zk } = await connect();
  expect([await zk.generateBrokerId(1000), await zk.generateBrokerId(1000)]).toEqual([1001, 1002]);
});

test('one of many candidates becomes controller, and epochs begin with 1', async () => {
  const { zk, chroot } = await connect();
  const others = await Promise.all([connect(chroot), connect(chroot)]);
  const brokers = [zk, ...others.map((other) => other.zk)];
  const terms = await Promise.all(brokers.map((broker, id) => broker.electController(id)));
  const won = terms.filter((term) => term !== null);
  expect(won).toEqual([{ epoch: 1, epochVersion: 1 }]);
  expect(await zk.readController()).toBe(terms.findIndex((term) => term !== null));
});

test('nothing that an old controller writes gets through', async () => {
  const { zk } = await connect();
  const old = new ControllerZooKeeper(zk, (await zk.electController(1))!, noWatches);
  await old.resign();
  const now = new ControllerZooKeeper(zk, (await zk.electController(2))!, noWatches);
  const state = { leader: 1, leaderEpoch: 0, isr: [1], controllerEpoch: 1 };
  await zk.createTopic('t', new Map([[0, [1]]]), new Map());
  const states = [{ topic: 't', partition: 0, state }];
  await expect(old.createStates(states)).rejects.toThrow(ControllerMovedError);
  await expect(old.resign()).rejects.toThrow(ControllerMovedError);
  expect(await now.createStates(states)).toEqual([true]);
  expect(await now.createStates(states)).toEqual([false]);
  expect(await now.writeStates([{ topic: 't', partition: 0, state, version: 7 }])).toEqual(['conflict']);
  expect(await now.writeStates([{ topic: 'u', partition: 0, state, version: 0 }])).toEqual(['gone']);
});

test('a leader changes an ISR only when nobody else did', async () => {
  const { zk } = await connect();
  const controller = new ControllerZooKeeper(zk, (await zk.electController(1))!, noWatches);
  await zk.createTopic('t', new Map([[0, [1, 2]]]), new Map());
  const state = { leader: 1, leaderEpoch: 0, isr: [1, 2], controllerEpoch: 1 };
  await controller.createStates([{ topic: 't', partition: 0, state }]);
  const smaller = { ...state, isr: [1] };
  expect(await zk.updateIsr('t', 0, smaller, 0)).toEqual({ outcome: 'updated', version: 1 });
  expect(await zk.updateIsr('t', 0, state, 0)).toEqual({ outcome: 'conflict' });
  // The same write once more is taken as done: its first answer may have been lost.
  expect(await zk.updateIsr('t', 0, smaller, 0)).toEqual({ outcome: 'updated', version: 1 });
  expect(await zk.readPartitionStates([{ topic: 't', partition: 0 }])).toMatchObject([
    { ...smaller, version: 1 },
  ]);
});

test('producer ids come in blocks of a thousand, each to one broker', async () => {
  const { zk } = await connect();
  const blocks = await Promise.all([1, 2, 3].map((id) => zk.allocateProducerIds(id)));
  expect(blocks.map(({ first }) => first).sort((a, b) => a - b)).toEqual([0, 1000, 2000]);
  expect(blocks.every(({ first, last }) => last === first + 999)).toBe(true);
});

test('a change of a config reaches every broker once, also what was told before it started', async () => {
  const { zk, chroot } = await connect();
  await zk.writeConfig('topics/early', new Map([['retention.ms', '5']]));
  await zk.notifyConfigChange('topics/early');
  const other = await connect(chroot);
  const seen: string[] = [];
  const changes = other.zk.configChanges((entity) => void seen.push(entity));
  await changes.start();
  expect(seen).toEqual(['topics/early']);
  await zk.notifyConfigChange('topics/late');
  await zk.notifyConfigChange('users/bob%40x/clients/<default>');
  await eventually(() => seen.length === 3);
  expect(seen).toEqual(['topics/early', 'topics/late', 'users/bob%40x/clients/<default>']);
  expect(await other.zk.readConfig('topics/early')).toEqual(new Map([['retention.ms', '5']]));
  changes.stop();
});

test('a broken notification does not stop the ones behind it', async () => {
  const { zk, chroot } = await connect();
  const seen: string[] = [];
  const changes = zk.configChanges((entity) => void seen.push(entity));
  await changes.start();
  const prefix = `${chroot}${paths.configChanges}/config_change_`;
  await cluster.zooKeeper.create(prefix, Buffer.from('nonsense'), { mode: 'persistentSequential' });
  await zk.notifyConfigChange('topics/t');
  await eventually(() => seen.length > 0);
  expect(seen).toEqual(['topics/t']);
  changes.stop();
});

test('requests and watches survive a lost connection', async () => {
  const { zk, chroot } = await connect();
  let changed = 0;
  zk.connection.watchChildren(paths.topics, () => {
    changed += 1;
    void zk.readTopics();
  });
  await zk.readTopics();
  cluster.breakZooKeeperConnections();
  await zk.createTopic('t', new Map([[0, [1]]]), new Map()).catch((error: unknown) => {
    if (!isZooKeeperError(error, 'NodeExists')) throw error; // done before the connection broke
  });
  expect(await zk.readTopics()).toEqual(['t']);
  await eventually(() => changed > 0);
  await eventually(async () => (await cluster.zooKeeper.exists(`${chroot}/brokers/topics/t`)) !== null);
});
