import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { TestCluster } from '../../../test/support/test-cluster.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import { metadata } from '../protocol/messages/03-metadata.ts';
import type { Api } from '../protocol/api.ts';
import { controlledShutdown } from '../protocol/messages/07-controlled-shutdown.ts';
import { createTopics } from '../protocol/messages/19-create-topics.ts';
import { deleteTopics } from '../protocol/messages/20-delete-topics.ts';
import { describeConfigs } from '../protocol/messages/32-describe-configs.ts';
import { alterConfigs } from '../protocol/messages/33-alter-configs.ts';
import { createPartitions } from '../protocol/messages/37-create-partitions.ts';
import { electLeaders } from '../protocol/messages/43-elect-leaders.ts';
import { incrementalAlterConfigs } from '../protocol/messages/44-incremental-alter-configs.ts';

let cluster: TestCluster;
let controller: number;

beforeAll(async () => {
  cluster = await TestCluster.start(3);
  controller = await cluster.controller();
  for (const name of ['taken', 'or.der_s']) expect((await create(name)).errorCode).toBe(0);
});
afterAll(() => cluster.stop());

interface Wish {
  numPartitions?: number;
  replicationFactor?: number;
  assignments?: { partitionIndex: number; brokerIds: number[] }[];
  configs?: { name: string; value: string | null }[];
}
async function create(
  name: string,
  wish: Wish = {},
  options: { timeoutMs?: number; validateOnly?: boolean } = {},
) {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...wish };
  const answer = await cluster.ask(controller, createTopics, {
    timeoutMs: 10_000,
    ...options,
    topics: [topic],
  });
  return answer.topics[0]!;
}
async function leaders(name: string): Promise<number[]> {
  const answer = await cluster.ask(controller, metadata, { topics: [{ name }] }, 9);
  return answer.topics[0]!.partitions.map(({ leaderId }) => leaderId);
}

describe('CreateTopics', () => {
  test('answers when the leaders are known, and writes the znodes as 2.3 does', async () => {
    const assignments = [
      { partitionIndex: 0, brokerIds: [1, 2] },
      { partitionIndex: 1, brokerIds: [3, 1] },
    ];
    const configs = [{ name: 'cleanup.policy', value: 'compact' }];
    const result = await create('orders', {
      numPartitions: -1,
      replicationFactor: -1,
      assignments,
      configs,
    });
    expect(result).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 2 });
    expect(await leaders('orders')).toEqual([1, 3]);
    const read = async (path: string) => (await cluster.zooKeeper.getData(path)).data?.toString();
    expect(await read('/brokers/topics/orders')).toBe('{"version":1,"partitions":{"0":[1,2],"1":[3,1]}}');
    expect(await read('/config/topics/orders')).toBe('{"version":1,"config":{"cleanup.policy":"compact"}}');
    const state = await read('/brokers/topics/orders/partitions/0/state');
    expect(state).toBe('{"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1,2]}');
  });

  test('spreads the partitions over all brokers', async () => {
    expect(await create('spread', { numPartitions: 6, replicationFactor: 3 })).toMatchObject({
      errorCode: 0,
    });
    expect((await leaders('spread')).sort()).toEqual([1, 1, 2, 2, 3, 3]);
  });

  test('-1 stands for the defaults of the broker', async () => {
    const result = await create('defaults', { numPartitions: -1, replicationFactor: -1 });
    expect(result).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 1 });
  });

  test.each([
    ['a name with a slash', 'a/b', {}, 17],
    ['a name that is taken', 'taken', {}, 36],
    ['a name that metrics would mix up with another', 'or_der.s', {}, 17],
    ['no partitions', 'x', { numPartitions: 0 }, 37],
    ['more replicas than brokers', 'x', { replicationFactor: 4 }, 38],
    ['no replicas', 'x', { replicationFactor: 0 }, 38],
    ['assignment and count', 'x', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, 42],
    [
      'a gap in the assignment',
      'x',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      39,
    ],
    [
      'a broker twice',
      'x',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] },
      39,
    ],
    ['an unknown config', 'x', { configs: [{ name: 'no.such', value: '1' }] }, 40],
    ['a wrong config', 'x', { configs: [{ name: 'retention.ms', value: 'long' }] }, 40],
  ])('%s', async (_what, name, wish, errorCode) => {
    const result = await create(name, wish);
    expect(result.errorCode).toBe(errorCode);
    if (errorCode !== 0) expect(result.errorMessage).toMatch(/\.$|configuration|must/);
  });

  test('validateOnly writes nothing', async () => {
    expect(await create('only', {}, { validateOnly: true })).toMatchObject({ errorCode: 0 });
    expect(await cluster.zooKeeper.exists('/brokers/topics/only')).toBe(null);
  });

  test('without time to wait the topic is made and the answer is REQUEST_TIMED_OUT', async () => {
    expect((await create('hasty', {}, { timeoutMs: 0 })).errorCode).toBe(7);
    await eventually(async () => (await leaders('hasty'))[0]! > 0);
  });

  test('a broker that is not the controller says so', async () => {
    const other = controller === 1 ? 2 : 1;
    const topics = [{ name: 'y', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    const answer = await cluster.ask(other, createTopics, { timeoutMs: 1000, topics });
    expect(answer.topics[0]?.errorCode).toBe(41);
  });
});

test('Metadata makes a topic that is asked for, and soon it has a leader', async () => {
  const first = await cluster.ask(
    2,
    metadata,
    { topics: [{ name: 'auto' }], allowAutoTopicCreation: true },
    9,
  );
  expect(first.topics[0]?.errorCode).toBe(5);
  await eventually(async () => (await leaders('auto'))[0]! > 0);
});

test('DeleteTopics: clients see it gone, then znodes and logs go', async () => {
  await create('gone', { numPartitions: 3, replicationFactor: 3 });
  const request = { topicNames: ['gone', 'never'], timeoutMs: 10_000 };
  const { responses } = await cluster.ask(controller, deleteTopics, request, 5);
  expect(responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['gone', 0],
    ['never', 3],
  ]);
  await eventually(async () => (await cluster.zooKeeper.exists('/brokers/topics/gone')) === null);
  await eventually(async () => (await cluster.zooKeeper.exists('/admin/delete_topics/gone')) === null);
  expect(await cluster.zooKeeper.exists('/config/topics/gone')).toBe(null);
  expect(await create('gone')).toMatchObject({ errorCode: 0 });
});

test.each(['', 'orders/partitions', '../ids', 'a/b'])(
  'a topic called "%s" is unknown, whatever is asked of it',
  async (name) => {
    const deleted = await cluster.ask(controller, deleteTopics, { topicNames: [name], timeoutMs: 100 }, 5);
    expect(deleted.responses[0]?.errorCode).toBe(3);
    const request = { topics: [{ name, count: 3, assignments: null }], timeoutMs: 100, validateOnly: false };
    const grown = await cluster.ask(controller, createPartitions, request);
    expect(grown.results[0]?.errorCode).toBe(3);
  },
);

test('CreatePartitions adds to the end, where asked for or by itself', async () => {
  await create('grow', { numPartitions: 1, replicationFactor: 2 });
  const grow = async (count: number, assignments: { brokerIds: number[] }[] | null = null) => {
    const request = {
      topics: [{ name: 'grow', count, assignments }],
      timeoutMs: 10_000,
      validateOnly: false,
    };
    return (await cluster.ask(controller, createPartitions, request)).results[0]?.errorCode;
  };
  expect(await grow(2, [{ brokerIds: [3, 1] }])).toBe(0);
  expect(await grow(4)).toBe(0);
  const all = await leaders('grow');
  expect(all.length).toBe(4);
  expect(all[1]).toBe(3);
  expect(await grow(4)).toBe(37);
  expect(await grow(3)).toBe(37);
  expect(await grow(5, [{ brokerIds: [3, 9] }])).toBe(39);
});

describe('configuration', () => {
  const topic = 2;
  const broker = 4;
  const describeOne = async (resourceType: number, resourceName: string, key: string) => {
    const resources = [{ resourceType, resourceName, configurationKeys: [key] }];
    const answer = await cluster.ask(1, describeConfigs, { resources, includeSynonyms: true });
    return answer.results[0]!;
  };

  test('a change is stored, told to the brokers, and described with its source', async () => {
    await create('configured');
    const set = async (configOperation: number, value: string | null) => {
      const configs = [{ name: 'cleanup.policy', configOperation, value }];
      const resources = [{ resourceType: topic, resourceName: 'configured', configs }];
      const answer = await cluster.ask(1, incrementalAlterConfigs, { resources, validateOnly: false });
      return answer.responses[0]?.errorCode;
    };
    expect(await set(2, 'compact')).toBe(0);
    expect(await cluster.znode('/config/topics/configured')).toEqual({
      version: 1,
      config: { 'cleanup.policy': 'delete,compact' },
    });
    const described = await describeOne(topic, 'configured', 'cleanup.policy');
    expect(described.configs[0]).toMatchObject({ value: 'delete,compact', configSource: 1, configType: 7 });
    expect(await set(3, 'delete')).toBe(0);
    expect((await describeOne(topic, 'configured', 'cleanup.policy')).configs[0]?.value).toBe('compact');
    expect(await set(1, null)).toBe(0);
    expect(await cluster.znode('/config/topics/configured')).toEqual({ version: 1, config: {} });
    expect(await set(0, 'none')).toBe(40);
  });

  test('AlterConfigs replaces everything', async () => {
    await create('replaced', { configs: [{ name: 'retention.ms', value: '1000' }] });
    const configs = [{ name: 'segment.bytes', value: '2000000' }];
    const resources = [{ resourceType: topic, resourceName: 'replaced', configs }];
    const answer = await cluster.ask(2, alterConfigs, { resources, validateOnly: false });
    expect(answer.responses[0]?.errorCode).toBe(0);
    expect(await cluster.znode('/config/topics/replaced')).toEqual({
      version: 1,
      config: { 'segment.bytes': '2000000' },
    });
  });

  test('a broker describes and changes itself and what holds for all, not others', async () => {
    expect((await describeOne(broker, '1', 'broker.id')).configs[0]).toMatchObject({
      value: '1',
      readOnly: true,
      configSource: 4,
    });
    expect((await describeOne(broker, '2', 'broker.id')).errorCode).toBe(42);
    expect((await describeOne(topic, 'nowhere', 'retention.ms')).errorCode).toBe(3);
    const configs = [{ name: 'log.retention.ms', configOperation: 0, value: '777000' }];
    const resources = [{ resourceType: broker, resourceName: '', configs }];
    const answer = await cluster.ask(1, incrementalAlterConfigs, { resources, validateOnly: false });
    expect(answer.responses[0]?.errorCode).toBe(0);
    await eventually(async () => {
      const [entry] = (await describeOne(broker, '1', 'log.retention.ms')).configs;
      return entry?.value === '777000' && entry.configSource === 3;
    });
    expect((await describeOne(broker, '', 'log.retention.ms')).configs[0]).toMatchObject({ value: '777000' });
  });

  test.each([
    ['read-only', 'broker.id', '9'],
    ['too many threads at once', 'num.io.threads', '1000'],
  ])('a broker refuses what is %s', async (_what, name, value) => {
    const resources = [{ resourceType: broker, resourceName: '1', configs: [{ name, value }] }];
    const answer = await cluster.ask(1, alterConfigs, { resources, validateOnly: true });
    expect(answer.responses[0]?.errorCode).toBe(40);
  });
});

test('ElectLeaders: nothing to do, or an unknown partition', async () => {
  await create('led', { numPartitions: 1, replicationFactor: 3 });
  const request = {
    electionType: 0,
    topicPartitions: [{ topic: 'led', partitions: [0, 5] }],
    timeoutMs: 5000,
  };
  const answer = await cluster.ask(controller, electLeaders, request);
  expect(answer.replicaElectionResults[0]?.partitionResult.map((p) => [p.partitionId, p.errorCode])).toEqual([
    [0, 84],
    [5, 3],
  ]);
});

describe('every version of every request is answered, by the controller and by others, rightly asked or not', () => {
  const broken = { name: 'a/b', numPartitions: 0, replicationFactor: 9, assignments: [], configs: [] };
  const resources = [
    { resourceType: 2, resourceName: 'nowhere', configs: [{ name: 'x', configOperation: 0, value: 'y' }] },
    { resourceType: 4, resourceName: '1', configs: [] },
    { resourceType: 4, resourceName: '', configs: [] },
    { resourceType: 99, resourceName: 'z', configs: [] },
  ];
  const described = resources.map(({ resourceType, resourceName }) => ({
    resourceType,
    resourceName,
    configurationKeys: null,
  }));
  const plain = resources.map((resource) => ({
    ...resource,
    configs: resource.configs.map(({ name, value }) => ({ name, value })),
  }));
  const names = ['a/b', 'nowhere'];
  const requests: [string, Api, (version: number) => Record<string, unknown>][] = [
    ['CreateTopics', createTopics, () => ({ topics: [broken], timeoutMs: 100 })],
    [
      'DeleteTopics',
      deleteTopics,
      (version) =>
        version >= 6
          ? {
              topics: [
                { name: 'nowhere', topicId: ZERO_UUID },
                { name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
              ],
              timeoutMs: 100,
            }
          : { topicNames: names, timeoutMs: 100 },
    ],
    [
      'CreatePartitions',
      createPartitions,
      () => ({
        topics: names.map((name) => ({ name, count: 3, assignments: null })),
        timeoutMs: 100,
        validateOnly: false,
      }),
    ],
    [
      'ElectLeaders',
      electLeaders,
      (version) => ({
        ...(version === 0 ? {} : { electionType: version }),
        topicPartitions: [{ topic: 'nowhere', partitions: [0, 1] }],
        timeoutMs: 100,
      }),
    ],
    ['DescribeConfigs', describeConfigs, () => ({ resources: described })],
    ['AlterConfigs', alterConfigs, () => ({ resources: plain, validateOnly: true })],
    ['IncrementalAlterConfigs', incrementalAlterConfigs, () => ({ resources, validateOnly: true })],
    ['ControlledShutdown', controlledShutdown, () => ({ brokerId: 77 })],
  ];
  test.each(requests)('%s', async (_name, api, body) => {
    const other = (controller % 3) + 1;
    for (let version = api.versions[0]; version <= api.versions[1]; version++) {
      for (const broker of [controller, other]) {
        expect(await cluster.ask(broker, api, body(version), version)).toBeTypeOf('object');
      }
    }
  });
});
