import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../../test/support/eventually.ts';
import { TestClient } from '../../../../test/support/test-client.ts';
import { TestCluster, endpointOf } from '../../../../test/support/test-cluster.ts';
import type { Api, RequestDraft, ResponseOf } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { produce } from '../../protocol/messages/00-produce.ts';
import { fetch } from '../../protocol/messages/01-fetch.ts';
import { listOffsets } from '../../protocol/messages/02-list-offsets.ts';
import { metadata } from '../../protocol/messages/03-metadata.ts';
import { deleteRecords } from '../../protocol/messages/21-delete-records.ts';
import { offsetForLeaderEpoch } from '../../protocol/messages/23-offset-for-leader-epoch.ts';
import { describeLogDirs } from '../../protocol/messages/35-describe-log-dirs.ts';
import { describeCluster } from '../../protocol/messages/60-describe-cluster.ts';
import { sizeInBytes } from '../../records/batch.ts';

let cluster: TestCluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await TestCluster.start(1, { 'auto.create.topics.enable': 'true' });
  client = new TestClient(cluster.client, [1]);
});

afterAll(async () => {
  client.close();
  await cluster.stop();
});

function ask<A extends Api>(api: A, version: number, body: RequestDraft<A>): Promise<ResponseOf<A>> {
  return client.at(endpointOf(1)).send(api, version, body);
}

async function topicWith(name: string, values: number, configs: Record<string, string> = {}): Promise<void> {
  await client.createTopic(name, 1, 1, configs);
  for (let i = 0; i < values; i += 1) await client.produce(name, 0, [`value ${i}`]);
}

type FetchBody = RequestDraft<typeof fetch>;

const fetchBody = (topic: string, fetchOffset: number, more: Partial<FetchBody> = {}): FetchBody => ({
  maxWaitMs: 0,
  minBytes: 1,
  topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
  forgottenTopicsData: [],
  ...more,
});

test('a fetch waits for records, and is answered as soon as there are some', async () => {
  await topicWith('waits', 1);
  // longer than a test may take
  const waiting = ask(fetch, 11, fetchBody('waits', 1, { maxWaitMs: 120_000 }));
  // behind the fetch on the same connection nothing is handled, so another one produces
  const other = new TestClient(cluster.client, [1]);
  await other.produce('waits', 0, ['second']);
  other.close();
  const found = (await waiting).responses[0]?.partitions[0];
  expect(found).toMatchObject({ errorCode: 0, highWatermark: 2 });
  expect(found?.records?.length).toBeGreaterThan(0);
});

test('a fetch that waits in vain is answered empty when its time is over', async () => {
  await topicWith('empty', 0);
  const answer = await ask(fetch, 11, fetchBody('empty', 0, { maxWaitMs: 50 }));
  expect(answer.responses[0]?.partitions[0]).toMatchObject({
    errorCode: 0,
    highWatermark: 0,
    logStartOffset: 0,
  });
  expect(answer.responses[0]?.partitions[0]?.records?.length).toBe(0);
});

test('of a session only what changed is answered', async () => {
  await topicWith('session', 1);
  const first = await ask(fetch, 11, fetchBody('session', 0, { sessionEpoch: 0 }));
  expect(first.sessionId).toBeGreaterThan(0);
  const { sessionId } = first;
  const atEnd = await ask(fetch, 11, fetchBody('session', 1, { sessionId, sessionEpoch: 1 }));
  expect(atEnd.responses).toEqual([]);
  await client.produce('session', 0, ['second']);
  const more = await ask(fetch, 11, {
    ...fetchBody('session', 1, { sessionId, sessionEpoch: 2 }),
    topics: [],
  });
  expect(more.responses[0]?.partitions[0]?.highWatermark).toBe(2);
  const wrong = await ask(fetch, 11, {
    ...fetchBody('session', 1, { sessionId, sessionEpoch: 9 }),
    topics: [],
  });
  expect(wrong.errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
});

test('a first batch that is larger than asked for is cut before version 3, and whole from then on', async () => {
  await topicWith('large', 0);
  await client.produce('large', 0, ['x'.repeat(1000)]);
  const read = async (version: number): Promise<Buffer> => {
    const answer = await ask(fetch, version, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 'large', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 300 }] }],
      forgottenTopicsData: [],
    });
    const [found] = answer.responses[0]!.partitions;
    expect(found).toMatchObject({ errorCode: ErrorCode.NONE, highWatermark: 1 });
    return found!.records!;
  };
  const whole = await read(4);
  expect(whole.length).toBe(sizeInBytes(whole, 0));
  // older clients are given their own format: version 3 the whole of it, the others so much that they see that it doesn't fit
  const converted = await read(3);
  expect(converted.length).toBe(sizeInBytes(converted, 0));
  for (const version of [0, 1, 2]) expect((await read(version)).length).toBe(300);
});

test.each([
  ['above the end', 99, {}, ErrorCode.OFFSET_OUT_OF_RANGE],
  ['in an older epoch', 0, { currentLeaderEpoch: -2 }, ErrorCode.NONE],
  ['in a newer epoch', 0, { currentLeaderEpoch: 7 }, ErrorCode.UNKNOWN_LEADER_EPOCH],
])('a fetch %s', async (_, fetchOffset, more, code) => {
  await topicWith('bounds', 1);
  const answer = await ask(fetch, 11, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      { topic: 'bounds', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000, ...more }] },
    ],
    forgottenTopicsData: [],
  });
  expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(code);
});

test('topics by id are unknown, as no topic here has one', async () => {
  const answer = await ask(fetch, 13, {
    maxWaitMs: 1000,
    minBytes: 1,
    topics: [
      {
        topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }],
      },
    ],
    forgottenTopicsData: [],
  });
  expect(answer.responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
});

test('Produce is refused with fewer replicas in sync than are asked for, and only with acks −1', async () => {
  await client.createTopic('careful', 1, 1, { 'min.insync.replicas': '2' });
  expect((await client.produceOnce('careful', 0, ['a'])).code).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
  expect((await client.produceOnce('careful', 0, ['a'], 1)).code).toBe(ErrorCode.NONE);
});

test.each([
  ['acks that mean nothing', 2, 'waits', ErrorCode.INVALID_REQUIRED_ACKS],
  ['an unknown topic', 1, 'nowhere', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ['an internal topic', 1, '__consumer_offsets', ErrorCode.INVALID_TOPIC_EXCEPTION],
])('Produce with %s is refused for each partition', async (_, acks, name, code) => {
  const answer = await ask(produce, 8, {
    acks,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index: 0, records: Buffer.alloc(0) }] }],
  });
  expect(answer.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: code, baseOffset: -1 });
});

test('ListOffsets finds the ends, in every version', async () => {
  await topicWith('ends', 3);
  for (let version = 0; version <= 10; version += 1)
    for (const [timestamp, offset] of [
      [-2, 0],
      [-1, 3],
    ] as const) {
      const answer = await ask(listOffsets, version, {
        replicaId: -1,
        topics: [{ name: 'ends', partitions: [{ partitionIndex: 0, timestamp }] }],
      });
      const found = answer.topics[0]?.partitions[0];
      expect(found?.errorCode).toBe(ErrorCode.NONE);
      expect(version === 0 ? found?.oldStyleOffsets : [found?.offset]).toEqual([offset]);
    }
});

test('ListOffsets in version 0 gives where segments begin, and the end, newest first and as many as are wanted', async () => {
  await topicWith('segments', 3);
  const before = async (timestamp: number, maxNumOffsets: number): Promise<unknown> => {
    const answer = await ask(listOffsets, 0, {
      replicaId: -1,
      topics: [{ name: 'segments', partitions: [{ partitionIndex: 0, timestamp, maxNumOffsets }] }],
    });
    return answer.topics[0]?.partitions[0]?.oldStyleOffsets;
  };
  expect(await before(-1, 5)).toEqual([3, 0]);
  expect(await before(-1, 1)).toEqual([3]);
  expect(await before(-1, 0)).toEqual([]);
  expect(await before(-2, 5)).toEqual([0]);
  expect(await before(1_000, 5)).toEqual([]);
});

test('ListOffsets finds the first record of a time, or nothing', async () => {
  await topicWith('times', 2);
  const at = async (timestamp: number): Promise<unknown> => {
    const answer = await ask(listOffsets, 5, {
      replicaId: -1,
      topics: [{ name: 'times', partitions: [{ partitionIndex: 0, timestamp }] }],
    });
    return answer.topics[0]?.partitions[0]?.offset;
  };
  expect(await at(1_700_000_000_000)).toBe(0);
  expect(await at(1_700_000_000_001)).toBe(-1);
});

test('OffsetForLeaderEpoch tells where an epoch ends', async () => {
  await topicWith('epochs', 2);
  const answer = await ask(offsetForLeaderEpoch, 3, {
    topics: [
      {
        topic: 'epochs',
        partitions: [
          { partition: 0, leaderEpoch: 0 },
          { partition: 0, leaderEpoch: 5 },
        ],
      },
    ],
  });
  expect(answer.topics[0]?.partitions.map(({ leaderEpoch, endOffset }) => [leaderEpoch, endOffset])).toEqual([
    [0, 2],
    [-1, -1],
  ]);
});

test('DeleteRecords moves the start of a log, not beyond its high watermark, not of a compacted topic', async () => {
  await topicWith('shrinks', 3);
  await client.createTopic('compacted', 1, 1, { 'cleanup.policy': 'compact' });
  const remove = async (name: string, offset: number): Promise<[unknown, unknown]> => {
    const answer = await ask(deleteRecords, 1, {
      topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 1000,
    });
    const found = answer.topics[0]?.partitions[0];
    return [found?.errorCode, found?.lowWatermark];
  };
  expect(await remove('shrinks', 2)).toEqual([ErrorCode.NONE, 2]);
  expect(await client.consume('shrinks', 0, 2)).toEqual(['value 2']);
  expect(await remove('shrinks', 9)).toEqual([ErrorCode.OFFSET_OUT_OF_RANGE, -1]);
  expect(await remove('shrinks', -1)).toEqual([ErrorCode.NONE, 3]);
  expect(await remove('compacted', 0)).toEqual([ErrorCode.POLICY_VIOLATION, -1]);
});

test('DescribeLogDirs shows folders and sizes', async () => {
  await topicWith('sized', 1);
  const answer = await ask(describeLogDirs, 4, { topics: [{ topic: 'sized', partitions: [0] }] });
  expect(answer.results).toHaveLength(1);
  const [folder] = answer.results;
  expect(folder?.topics).toMatchObject([
    { name: 'sized', partitions: [{ partitionIndex: 0, offsetLag: 0, isFutureKey: false }] },
  ]);
  expect(folder?.topics[0]?.partitions[0]?.partitionSize).toBeGreaterThan(60);
  expect(folder?.totalBytes).toBeGreaterThan(0);
});

test('Metadata answers every version, names the unknown, and makes a topic when it may', async () => {
  await topicWith('known', 0);
  for (let version = 0; version <= 12; version += 1) {
    const answer = await ask(metadata, version, { topics: [{ name: 'known' }] });
    expect(answer.brokers).toMatchObject([{ nodeId: 1, host: 'broker-1', port: 9092 }]);
    expect(answer.topics).toMatchObject([
      { errorCode: 0, name: 'known', partitions: [{ errorCode: 0, leaderId: 1 }] },
    ]);
    if (version >= 1) expect(answer.controllerId).toBe(1);
    if (version >= 2) expect(answer.clusterId).toHaveLength(22);
  }
  const code = async (name: string, allowAutoTopicCreation: boolean): Promise<number | undefined> =>
    (await ask(metadata, 8, { topics: [{ name }], allowAutoTopicCreation })).topics[0]?.errorCode;
  expect(await code('made', false)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  expect(await code('not a name', true)).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
  expect(await code('made', true)).toBe(ErrorCode.LEADER_NOT_AVAILABLE);
  await eventually(async () => (await code('made', false)) === ErrorCode.NONE);
});

test('Metadata: null is all topics; an empty list is none, but all in version 0', async () => {
  await topicWith('listed', 0);
  expect((await ask(metadata, 1, { topics: null })).topics.map(({ name }) => name)).toContain('listed');
  expect((await ask(metadata, 1, { topics: [] })).topics).toEqual([]);
  expect((await ask(metadata, 0, { topics: [] })).topics.map(({ name }) => name)).toContain('listed');
});

test('DescribeCluster shows brokers and controller', async () => {
  expect(await ask(describeCluster, 1, { includeClusterAuthorizedOperations: true })).toMatchObject({
    errorCode: 0,
    controllerId: 1,
    brokers: [{ brokerId: 1, host: 'broker-1', port: 9092, rack: null }],
    clusterAuthorizedOperations: 8096,
  });
});
