import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { TestClient } from '../../../test/support/test-client.ts';
import { TestCluster, endpointOf } from '../../../test/support/test-cluster.ts';
import type { BrokerClient } from '../client/broker-client.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { offsetCommit } from '../protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../protocol/messages/09-offset-fetch.ts';
import { findCoordinator } from '../protocol/messages/10-find-coordinator.ts';
import { joinGroup } from '../protocol/messages/11-join-group.ts';
import { heartbeat } from '../protocol/messages/12-heartbeat.ts';
import { syncGroup } from '../protocol/messages/14-sync-group.ts';
import { initProducerId } from '../protocol/messages/22-init-producer-id.ts';

let cluster: TestCluster | null = null;
let client: TestClient | null = null;

async function start(brokers: number): Promise<{ cluster: TestCluster; client: TestClient }> {
  cluster = await TestCluster.start(brokers);
  client = new TestClient(cluster.client, [...cluster.brokers.keys()]);
  return { cluster, client };
}

afterEach(async () => {
  client?.close();
  await cluster?.stop();
  cluster = null;
  client = null;
});

test('a group and its offsets live on when their coordinator is killed', { timeout: 30_000 }, async () => {
  const { cluster, client } = await start(3);
  await client.createTopic('orders', 1, 3);
  const first = await coordinator(client, cluster);
  const member = await joined(first.broker);
  const identity = { groupId: 'g', generationId: 1, memberId: member };
  expect(await committed(first.broker, member, 42)).toBe(0);
  cluster.kill(first.nodeId);
  const second = await eventually(async () => {
    const found = await coordinator(client, cluster);
    return found.nodeId === first.nodeId ? null : found;
  });
  await eventually(async () => {
    const { errorCode } = await second.broker.send(heartbeat, 4, identity);
    return errorCode === ErrorCode.NONE;
  });
  await eventually(async () => {
    const { groups } = await second.broker.send(offsetFetch, 8, {
      groups: [{ groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] }],
      requireStable: true,
    });
    return groups[0]!.errorCode === 0 && groups[0]!.topics[0]!.partitions[0]!.committedOffset === 42;
  });
  await eventually(async () => (await committed(second.broker, member, 43)) === 0);
});

test('every producer gets an id of its own, whichever broker it asks', async () => {
  const { client } = await start(2);
  const brokers = (await client.metadata([])).brokers.map((broker) => client.at(broker));
  const answers = await Promise.all(
    [0, 4].flatMap((version) =>
      brokers.map((broker) =>
        broker.send(initProducerId, version, { transactionalId: null, transactionTimeoutMs: 0 }),
      ),
    ),
  );
  expect(answers.map((answer) => answer.errorCode)).toEqual(answers.map(() => 0));
  expect(new Set(answers.map((answer) => answer.producerId)).size).toBe(answers.length);
});

async function coordinator(
  client: TestClient,
  cluster: TestCluster,
): Promise<{ broker: BrokerClient; nodeId: number }> {
  return eventually(async () => {
    for (const id of cluster.brokers.keys()) {
      const asked = client.at(endpointOf(id));
      const found = await asked.send(findCoordinator, 4, { coordinatorKeys: ['g'] }).catch(() => null);
      const answer = found?.coordinators[0];
      if (answer?.errorCode !== ErrorCode.NONE) continue;
      return { broker: client.at(answer), nodeId: answer.nodeId };
    }
    return null;
  });
}

/** A group of one, in its first generation. @returns the member's id. */
async function joined(broker: BrokerClient): Promise<string> {
  const join = (memberId: string) =>
    broker.send(joinGroup, 9, {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('00000000000100066f7264657273ffffffff', 'hex') }],
    });
  const { memberId } = await eventually(async () => {
    const answer = await join('');
    return answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED && answer;
  });
  expect(await join(memberId)).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId });
  const assignments = [{ memberId, assignment: Buffer.from('all') }];
  const synced = await broker.send(syncGroup, 5, { groupId: 'g', generationId: 1, memberId, assignments });
  expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from('all') });
  return memberId;
}

async function committed(broker: BrokerClient, memberId: string, offset: number): Promise<number> {
  const { topics } = await broker.send(offsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: 1,
    memberId,
    topics: [
      {
        name: 'orders',
        partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }],
      },
    ],
  });
  return topics[0]!.partitions[0]!.errorCode;
}
