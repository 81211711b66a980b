import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { GroupWorld } from '../../../test/support/group-world.ts';
import { vectors } from '../../../test/support/kafka-vectors.ts';
import { unpackLogdir } from '../../../test/support/logdir-fixtures.ts';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import type { RequestDraft, ResponseOf } from '../protocol/api.ts';
import { ErrorCode, type ErrorName } from '../protocol/errors.ts';
import { offsetCommit } from '../protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../protocol/messages/09-offset-fetch.ts';
import { findCoordinator } from '../protocol/messages/10-find-coordinator.ts';
import { joinGroup } from '../protocol/messages/11-join-group.ts';
import { heartbeat } from '../protocol/messages/12-heartbeat.ts';
import { leaveGroup } from '../protocol/messages/13-leave-group.ts';
import { syncGroup } from '../protocol/messages/14-sync-group.ts';
import { describeGroups } from '../protocol/messages/15-describe-groups.ts';
import { listGroups } from '../protocol/messages/16-list-groups.ts';
import { deleteGroups } from '../protocol/messages/42-delete-groups.ts';
import { offsetDelete } from '../protocol/messages/47-offset-delete.ts';
import {
  groupMetadata,
  offsetCommit as offsetRecord,
} from '../protocol/coordinator-records/classic-groups.ts';
import { consumerSubscription } from '../protocol/coordinator-records/consumer-protocol.ts';
import { forEachBatch, lastOffset } from '../records/batch.ts';
import { readRecords } from '../records/read-records.ts';
import { Reader } from '../../wire/reader.ts';
import { Writer } from '../../wire/writer.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';

const DAY_MS = 86_400_000;

describe('every API at every version', () => {
  const drafts = new Map<number, object>([
    [8, { groupId: 'g', topics: [] }],
    [9, { groupId: 'g', topics: [], groups: [] }],
    [10, { key: 'g', coordinatorKeys: [] }],
    [
      11,
      {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'c',
        protocols: [{ name: 'p', metadata: Buffer.alloc(1) }],
      },
    ],
    [12, { groupId: 'g', generationId: 1, memberId: 'm' }],
    [13, { groupId: 'g', members: [] }],
    [14, { groupId: 'g', generationId: 1, memberId: 'm', assignments: [] }],
    [15, { groups: ['g'] }],
    [16, {}],
    [42, { groupsNames: ['g'] }],
    [47, { groupId: 'g', topics: [] }],
  ]);

  test('is answered', async () => {
    const world = new GroupWorld();
    await world.lead();
    expect([...world.apis.keys()].toSorted((a, b) => a - b)).toEqual([...drafts.keys()]);
    for (const { api, versions } of world.apis.values())
      for (let version = versions[0]; version <= versions[1]; version++) {
        const draft = drafts.get(api.key)!;
        await world.ask(api, version, draftFor(api.key, version, draft));
      }
  });

  test("that can't be handled is answered as Apache's library does", () => {
    const { apis } = new GroupWorld();
    let compared = 0;
    for (const vector of vectors('_errorResponses')) {
      const served = apis.get(vector.key);
      if (served === undefined || vector.version > served.versions[1]) continue;
      const { request, response } = served.api;
      const asked = request.decode(new Reader(Buffer.from(vector.request, 'hex')), vector.version);
      const code = ErrorCode[vector.case.replace('error-', '') as ErrorName];
      const answer = served.errorResponse!(asked, code, null, vector.version) as Record<string, unknown>;
      const writer = new Writer();
      response.encode(writer, vector.version, answer);
      const name = `${vector.api} v${vector.version} ${vector.case}`;
      const [got, wanted] = [writer.finish(), Buffer.from(vector.hex, 'hex')].map((bytes) =>
        comparable(response.decode(new Reader(bytes), vector.version)),
      );
      expect(got, name).toEqual(wanted);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(150);
  });
});

describe('FindCoordinator', () => {
  test('names the leader of the partition that the group belongs to, one or several at once', async () => {
    const world = new GroupWorld();
    const one = await world.ask(findCoordinator, 0, { key: 'g' });
    expect(one).toMatchObject({ errorCode: 0, nodeId: 7, host: 'broker', port: 9092 });
    const { coordinators } = await world.ask(findCoordinator, 4, { coordinatorKeys: ['a', 'b'] });
    expect(coordinators.map(({ key, nodeId }) => `${key} ${nodeId}`)).toEqual(['a 7', 'b 7']);
  });

  test('has the topic made when it is missing, and asks for patience meanwhile', async () => {
    const world = new GroupWorld();
    world.offsetsTopicExists = false;
    expect((await world.ask(findCoordinator, 1, { key: 'g' })).errorCode).toBe(
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    );
    expect(world.topicsCreated).toBe(1);
  });

  test('refuses what is not coordinated here, and says so', async () => {
    const world = new GroupWorld();
    const answer = await world.ask(findCoordinator, 3, { key: 't', keyType: 1 });
    expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, nodeId: -1 });
    expect(answer.errorMessage).toMatch(/transactions/);
  });

  test('has no answer for a listener that the leader lacks', async () => {
    const world = new GroupWorld();
    const answer = await world.ask(findCoordinator, 3, { key: 'g' }, 'OTHER');
    expect(answer.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  });
});

describe('a group', () => {
  test.each([
    [0, 0, 0],
    [5, 3, 3],
    [9, 5, 4],
  ])('of a client with JoinGroup v%i, SyncGroup v%i, Heartbeat v%i', async (joins, syncs, beats) => {
    const world = new GroupWorld();
    await world.lead();
    const member = await joined(world, joins);
    const synced = await world.ask(syncGroup, syncs, {
      groupId: 'g',
      generationId: 1,
      memberId: member.memberId,
      assignments: [{ memberId: member.memberId, assignment: Buffer.from('mine') }],
    });
    expect(synced.assignment.toString()).toBe('mine');
    const beat = { groupId: 'g', generationId: 1, memberId: member.memberId };
    expect((await world.ask(heartbeat, beats, beat)).errorCode).toBe(0);
    expect((await world.ask(heartbeat, beats, { ...beat, generationId: 2 })).errorCode).toBe(
      ErrorCode.ILLEGAL_GENERATION,
    );
  });

  test('is gone when its member is silent, and what it was is written as Apache 2.3 writes it', async () => {
    const world = new GroupWorld();
    await world.lead();
    const memberId = await stable(world);
    expect(memberId).toMatch(/^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    await world.pass(10_000);
    expect((await described(world)).groupState).toBe('Empty');
    const written = recordsOf(world).map(({ key, value }) => {
      expect(key!.readInt16BE()).toBe(2);
      expect(value!.readInt16BE()).toBe(3);
      return groupMetadata.decodeValue(value!);
    });
    expect(written).toMatchObject([
      {
        protocolType: 'consumer',
        generation: 1,
        protocol: 'range',
        leader: memberId,
        members: [{ memberId, clientHost: '/10.0.0.1', sessionTimeout: 10_000, rebalanceTimeout: 10_000 }],
      },
      { generation: 2, protocol: null, leader: null, members: [] },
    ]);
  });

  test('moves to another coordinator with its members and assignments', async () => {
    const world = new GroupWorld();
    await world.lead(0);
    const memberId = await stable(world);
    const before = await described(world);
    const waiting = world.send(joinGroup, 0, joinRequest('')); // for the first to rejoin
    world.lose(1);
    expect((await waiting).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    const beat = { groupId: 'g', generationId: 1, memberId };
    expect((await world.ask(heartbeat, 1, beat)).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    await world.lead(2);
    expect((await world.ask(heartbeat, 1, beat)).errorCode).toBe(0);
    expect(await described(world)).toEqual(before);
    await world.pass(10_000);
    expect((await described(world)).groupState).toBe('Empty');
  });

  test('is patient while it is read: heartbeats are fine, the rest shall come again', async () => {
    const world = new GroupWorld();
    await world.lead(0);
    const memberId = await stable(world);
    world.lose(1);
    world.replicas.lead(OFFSETS_TOPIC, world.coordinator.partitions.partitionOf('g'), 2);
    const beat = { groupId: 'g', generationId: 1, memberId };
    const answers = [
      world.send(heartbeat, 1, beat),
      world.send(syncGroup, 1, { ...beat, assignments: [] }),
      world.send(joinGroup, 1, joinRequest(memberId)),
    ];
    expect((await Promise.all(answers)).map((answer) => answer.errorCode)).toEqual([
      ErrorCode.NONE,
      ErrorCode.REBALANCE_IN_PROGRESS,
      ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ]);
    await world.pass(10);
    expect((await world.ask(listGroups, 0, {})).errorCode).toBe(0);
  });

  test('that could not be written sends its members back to rebalance', async () => {
    const world = new GroupWorld();
    await world.lead();
    const { memberId } = await joined(world, 0);
    world.replicas.failWith = ErrorCode.REQUEST_TIMED_OUT;
    const answer = await world.ask(syncGroup, 0, {
      groupId: 'g',
      generationId: 1,
      memberId,
      assignments: [],
    });
    expect(answer.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  test('needs a name, a possible session timeout, and ids that it knows', async () => {
    const world = new GroupWorld();
    await world.lead();
    const code = async (draft: Partial<RequestDraft<typeof joinGroup>>) =>
      (await world.ask(joinGroup, 4, { ...joinRequest(''), ...draft })).errorCode;
    expect(await code({ groupId: '' })).toBe(ErrorCode.INVALID_GROUP_ID);
    expect(await code({ sessionTimeoutMs: 5999 })).toBe(ErrorCode.INVALID_SESSION_TIMEOUT);
    expect(await code({ memberId: 'x' })).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(await code({ protocols: [] })).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  });

  test('refuses a sync for another protocol than the group agreed on', async () => {
    const world = new GroupWorld();
    await world.lead();
    const { memberId } = await joined(world, 7);
    const sync = async (version: number, protocolName: string) => {
      const identity = { groupId: 'g', generationId: 1, memberId };
      const { errorCode } = await world.ask(syncGroup, version, {
        ...identity,
        protocolType: 'consumer',
        protocolName,
        assignments: [],
      });
      return errorCode;
    };
    expect(await sync(5, 'sticky')).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    expect(await sync(5, 'range')).toBe(0);
  });

  test('that is larger than allowed when it is read rebalances', async () => {
    const world = new GroupWorld();
    await world.lead(0);
    const first = await stable(world);
    const second = world.send(joinGroup, 0, joinRequest(''));
    await world.ask(joinGroup, 0, joinRequest(first));
    const memberId = (await second).memberId;
    await world.ask(syncGroup, 0, { groupId: 'g', generationId: 2, memberId: first, assignments: [] });
    const small = new GroupWorld({ groupMaxSize: 1 });
    const partition = small.coordinator.partitions.partitionOf('g');
    small.replicas.put(
      OFFSETS_TOPIC,
      partition,
      [world.replicas.bytes(OFFSETS_TOPIC, partition)].flatMap(split),
    );
    await small.lead();
    expect((await described(small)).groupState).toBe('PreparingRebalance');
    const again = small.send(joinGroup, 0, joinRequest(memberId));
    const other = await small.ask(joinGroup, 0, joinRequest(first));
    expect(other.errorCode).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED);
    expect((await again).errorCode).toBe(0);
  });

  test('lets several members leave at once and says what became of each', async () => {
    const world = new GroupWorld();
    await world.lead();
    const memberId = await stable(world);
    const left = await world.ask(leaveGroup, 5, {
      groupId: 'g',
      members: [{ memberId: 'x' }, { memberId, reason: 'done' }],
    });
    expect(left.members.map((member) => member.errorCode)).toEqual([ErrorCode.UNKNOWN_MEMBER_ID, 0]);
    expect((await world.ask(leaveGroup, 1, { groupId: 'none', memberId: 'x' })).errorCode).toBe(
      ErrorCode.UNKNOWN_MEMBER_ID,
    );
  });
});

describe('offsets', () => {
  test.each([1, 2, 5, 6, 8, 9])('are committed with v%i and read by every version', async (version) => {
    const world = new GroupWorld();
    await world.lead();
    const committed = await world.ask(offsetCommit, version, commitOf(5, 'note'));
    expect(committed.topics[0]!.partitions[0]!.errorCode).toBe(0);
    for (let reads = 1; reads <= 9; reads++) expect(await fetched(world, reads)).toEqual([5, 'note']);
    expect(await fetched(world, 3, null)).toEqual([5, 'note']);
    expect(await fetched(world, 9, null)).toEqual([5, 'note']);
  });

  test('that nobody committed are −1, also of groups that nobody knows', async () => {
    const world = new GroupWorld();
    await world.lead();
    expect(await fetched(world, 1)).toEqual([-1, '']);
    expect((await world.ask(offsetFetch, 2, { groupId: 'other', topics: null })).topics).toEqual([]);
  });

  test('are refused where they make no sense', async () => {
    const world = new GroupWorld();
    await world.lead();
    const code = async (draft: Partial<RequestDraft<typeof offsetCommit>>) =>
      (await world.ask(offsetCommit, 7, { ...commitOf(1), ...draft })).topics[0]!.partitions[0]!.errorCode;
    expect(await code({ topics: topicsOf('nowhere', 1) })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect(await code(commitOf(1, 'x'.repeat(4097)))).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE);
    expect(await code({ groupId: 'new', generationIdOrMemberEpoch: 3, memberId: 'x' })).toBe(
      ErrorCode.ILLEGAL_GENERATION,
    );
    await stable(world);
    expect(await code({})).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(await code({ generationIdOrMemberEpoch: 1, memberId: 'x' })).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    world.lose(1);
    expect(await code({})).toBe(ErrorCode.NOT_COORDINATOR);
  });

  test.each([
    [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR],
    [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.INVALID_COMMIT_OFFSET_SIZE],
    [ErrorCode.REQUEST_TIMED_OUT, ErrorCode.REQUEST_TIMED_OUT],
  ])('whose append fails with %i are answered %i and not remembered', async (failure, answer) => {
    const world = new GroupWorld();
    await world.lead();
    world.replicas.failWith = failure;
    const { topics } = await world.ask(offsetCommit, 5, commitOf(1));
    expect(topics[0]!.partitions[0]!.errorCode).toBe(answer);
    expect(await fetched(world, 1)).toEqual([-1, '']);
  });

  test('of one turn are one append, which waits for all replicas in sync', async () => {
    const world = new GroupWorld();
    await world.lead();
    await Promise.all([
      ...[1, 2, 3].map((offset) => world.send(offsetCommit, 5, commitOf(offset))),
      world.pass(10),
    ]);
    expect(world.replicas.appends).toEqual([{ requiredAcks: -1, timeoutMs: 5000, origin: 'coordinator' }]);
    expect(await fetched(world, 1)).toEqual([3, '']);
  });

  test('of one that is too large for its batch do not take the others with them', async () => {
    const world = new GroupWorld();
    await world.lead();
    world.replicas.largestBytes = 200;
    const small = world.send(offsetCommit, 5, commitOf(1));
    const large = world.send(offsetCommit, 5, commitOf(2, 'x'.repeat(300)));
    await world.pass(10);
    const codes = (await Promise.all([small, large])).map(
      ({ topics }) => topics[0]!.partitions[0]!.errorCode,
    );
    expect(codes).toEqual([0, ErrorCode.INVALID_COMMIT_OFFSET_SIZE]);
    expect(await fetched(world, 1)).toEqual([1, '']);
  });

  test('survive a change of coordinators', async () => {
    const world = new GroupWorld();
    await world.lead(0);
    await world.ask(offsetCommit, 6, commitOf(9, 'm'));
    world.lose(1);
    await world.lead(2);
    expect(await fetched(world, 5)).toEqual([9, 'm']);
    expect(recordsOf(world)[0]!.value!.readInt16BE()).toBe(3);
  });

  test('of a group without members expire a week after it became empty; tombstones say so', async () => {
    const world = new GroupWorld();
    await world.lead();
    await world.ask(offsetCommit, 5, commitOf(1));
    await world.pass(7 * DAY_MS - 600_000);
    expect(await fetched(world, 1)).toEqual([1, '']);
    await world.pass(1_200_000);
    expect(await fetched(world, 1)).toEqual([-1, '']);
    expect(recordsOf(world).at(-1)!.value).toBe(null);
    expect((await world.ask(listGroups, 5, {})).groups).toEqual([]);
  });

  test('with a time of their own expire then', async () => {
    const world = new GroupWorld();
    await world.lead();
    await world.ask(offsetCommit, 2, { ...commitOf(1), retentionTimeMs: 1000 });
    expect(offsetRecord.decodeValue(recordsOf(world)[0]!.value!)).toMatchObject({ offset: 1 });
    expect(recordsOf(world)[0]!.value!.readInt16BE()).toBe(1);
    await world.pass(600_001);
    expect(await fetched(world, 1)).toEqual([-1, '']);
  });

  test('of version 0 are kept in ZooKeeper', async () => {
    const world = new GroupWorld();
    expect(
      (await world.ask(offsetFetch, 0, { groupId: 'g', topics: [wanted] })).topics[0]!.partitions[0],
    ).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    });
    await world.ask(offsetCommit, 0, commitOf(4));
    await world.ask(offsetCommit, 0, commitOf(5));
    expect(world.znodes.get('/consumers/g/offsets/t/0')?.toString()).toBe('5');
    expect(await fetched(world, 0)).toEqual([5, '']);
  });

  test('of topics that a group reads cannot be deleted, others can, and deleted partitions take theirs along', async () => {
    const world = new GroupWorld();
    await world.lead();
    const memberId = await stable(world, subscription(['t']));
    const commit = (topic: string) =>
      world.ask(offsetCommit, 5, {
        ...commitOf(1),
        generationIdOrMemberEpoch: 1,
        memberId,
        topics: topicsOf(topic, 1),
      });
    await commit('t');
    await commit('u');
    const { topics } = await world.ask(offsetDelete, 0, {
      groupId: 'g',
      topics: ['t', 'u'].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
    });
    expect(topics.map((topic) => topic.partitions[0]!.errorCode)).toEqual([
      ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
      0,
    ]);
    expect((await allOffsets(world)).map((topic) => topic.name)).toEqual(['t']);
    world.coordinator.partitionsDeleted('t', [0]);
    expect(await allOffsets(world)).toEqual([]);
    expect((await world.ask(offsetDelete, 0, { groupId: 'x', topics: [] })).errorCode).toBe(
      ErrorCode.GROUP_ID_NOT_FOUND,
    );
  });
});

describe('administrators', () => {
  test('see groups by state and type, and members of stable ones', async () => {
    const world = new GroupWorld();
    await world.lead();
    const memberId = await stable(world);
    await world.ask(offsetCommit, 5, { ...commitOf(1), groupId: 'simple' });
    const list = async (filter: RequestDraft<typeof listGroups>) =>
      (await world.ask(listGroups, 5, filter)).groups
        .map((g) => `${g.groupId} ${g.groupState} ${g.groupType}`)
        .toSorted();
    expect(await list({})).toEqual(['g Stable classic', 'simple Empty classic']);
    expect(await list({ statesFilter: ['stable'] })).toEqual(['g Stable classic']);
    expect(await list({ typesFilter: ['consumer'] })).toEqual([]);
    expect(await described(world)).toMatchObject({
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [{ memberId, clientId: 'client', clientHost: '/10.0.0.1' }],
      authorizedOperations: 328,
    });
  });

  test('hear of unknown groups that they are dead, or from v6 on that there are none', async () => {
    const world = new GroupWorld();
    await world.lead();
    const of = async (version: number) =>
      (await world.ask(describeGroups, version, { groups: ['x'] })).groups[0]!;
    expect(await of(0)).toMatchObject({ errorCode: 0, groupState: 'Dead' });
    expect(await of(6)).toMatchObject({ errorCode: ErrorCode.GROUP_ID_NOT_FOUND });
  });

  test('delete groups that are empty, for good', async () => {
    const world = new GroupWorld();
    await world.lead();
    const memberId = await stable(world);
    await world.ask(offsetCommit, 5, { ...commitOf(1), generationIdOrMemberEpoch: 1, memberId });
    const remove = async () =>
      (await world.ask(deleteGroups, 2, { groupsNames: ['g', 'x'] })).results.map(
        (result) => result.errorCode,
      );
    expect(await remove()).toEqual([ErrorCode.NON_EMPTY_GROUP, ErrorCode.GROUP_ID_NOT_FOUND]);
    await world.ask(leaveGroup, 0, { groupId: 'g', memberId });
    expect(await remove()).toEqual([0, ErrorCode.GROUP_ID_NOT_FOUND]);
    world.lose(1);
    await world.lead(2);
    expect((await world.ask(listGroups, 0, {})).groups).toEqual([]);
    expect(await fetched(world, 1)).toEqual([-1, '']);
  });
});

describe("a partition of the offsets topic that Apache's broker left", () => {
  test.each([
    ['2.3.0-clean', 61],
    ['3.9.1-clean', 44],
  ])('%s', async (name, trimmed) => {
    const folder = mkdtempSync(`${tmpdir()}/gregor-groups-`);
    const bytes = readFileSync(`${unpackLogdir(name, folder)}/${OFFSETS_TOPIC}-0/00000000000000000000.log`);
    rmSync(folder, { recursive: true });
    const group = 'plum-group';
    const world = new GroupWorld();
    world.replicas.put(OFFSETS_TOPIC, world.coordinator.partitions.partitionOf(group), split(bytes));
    await world.lead();
    const { topics } = await world.ask(offsetFetch, 5, { groupId: group, topics: null });
    const found = topics.flatMap(({ name: topic, partitions }) =>
      partitions.map((p) => [topic, p.partitionIndex, p.committedOffset, p.metadata]),
    );
    expect(found.toSorted()).toEqual([
      ['quartz-trim', 0, trimmed, 'half way\0'], // as the client wrote it, with the end of its C string
      ['saffron-compact', 0, 11, ''],
    ]);
  });
});

/** Without what an answer has of its own: sentences, the time by which it was delayed, the order of Java's hash maps. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(value, (name, part: unknown) => {
    if (name === 'throttleTimeMs' || name === 'errorMessage') return undefined;
    return Array.isArray(part) ? part.map((item) => JSON.stringify(comparable(item))).toSorted() : part;
  });
  return JSON.parse(text);
}

const wanted = { name: 't', partitionIndexes: [0] };

function draftFor(key: number, version: number, draft: object): never {
  if (key === 13 && version < 3) return { groupId: 'g', memberId: 'm' } as never;
  if (key === 10 && version >= 4) return { coordinatorKeys: ['g'] } as never;
  if (key === 9 && version >= 8) return { groups: [{ groupId: 'g', topics: null }] } as never;
  return draft as never;
}

function joinRequest(memberId: string, metadata: Buffer = Buffer.from('m')): RequestDraft<typeof joinGroup> {
  return {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata }],
  };
}

async function joined(
  world: GroupWorld,
  version: number,
  metadata?: Buffer,
): Promise<ResponseOf<typeof joinGroup>> {
  const first = await world.ask(joinGroup, version, joinRequest('', metadata));
  if (first.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) return first;
  return world.ask(joinGroup, version, joinRequest(first.memberId, metadata));
}

/** A group with one member. @returns its id. */
async function stable(world: GroupWorld, metadata?: Buffer): Promise<string> {
  const { memberId } = await joined(world, 4, metadata);
  await world.ask(syncGroup, 3, {
    groupId: 'g',
    generationId: 1,
    memberId,
    assignments: [{ memberId, assignment: Buffer.from('mine') }],
  });
  return memberId;
}

function subscription(topics: string[]): Buffer {
  const writer = new Writer();
  writer.int16(1);
  consumerSubscription.encode(writer, 1, { topics });
  return writer.finish();
}

function topicsOf(name: string, offset: number, metadata = ''): RequestDraft<typeof offsetCommit>['topics'] {
  return [
    { name, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: metadata }] },
  ];
}

function commitOf(offset: number, metadata = ''): RequestDraft<typeof offsetCommit> {
  return { groupId: 'g', topics: topicsOf('t', offset, metadata) };
}

async function fetched(
  world: GroupWorld,
  version: number,
  topics: (typeof wanted)[] | null = [wanted],
): Promise<[unknown, string | null]> {
  const draft = version >= 8 ? { groups: [{ groupId: 'g', topics }] } : { groupId: 'g', topics };
  const answer = await world.ask(offsetFetch, version, draft);
  const found = (version >= 8 ? answer.groups[0]!.topics : answer.topics)[0]!.partitions[0]!;
  expect(found.errorCode).toBe(0);
  return [found.committedOffset, found.metadata];
}

async function allOffsets(world: GroupWorld): Promise<ResponseOf<typeof offsetFetch>['topics']> {
  return (await world.ask(offsetFetch, 5, { groupId: 'g', topics: null })).topics;
}

async function described(world: GroupWorld): Promise<ResponseOf<typeof describeGroups>['groups'][number]> {
  const { groups } = await world.ask(describeGroups, 5, { groups: ['g'], includeAuthorizedOperations: true });
  return groups[0]!;
}

function split(bytes: Buffer): Buffer[] {
  const batches: Buffer[] = [];
  forEachBatch(bytes, 0, bytes.length, (at, size) => batches.push(bytes.subarray(at, at + size)));
  return batches;
}

function recordsOf(world: GroupWorld): { key: Buffer | null; value: Buffer | null }[] {
  const bytes = world.replicas.bytes(OFFSETS_TOPIC, world.coordinator.partitions.partitionOf('g'));
  const found: { key: Buffer | null; value: Buffer | null }[] = [];
  forEachBatch(bytes, 0, bytes.length, (at, size) => {
    expect(lastOffset(bytes, at)).toBeGreaterThanOrEqual(0);
    found.push(...readRecords(createNodeCodecs(), bytes, at, size));
  });
  return found;
}
