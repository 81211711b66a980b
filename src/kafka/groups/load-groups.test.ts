import { expect, test } from 'vitest';
import { GroupWorld } from '../../../test/support/group-world.ts';
import { buildBatch, type NewRecord } from '../records/build-batch.ts';
import { buildMarkerBatch } from '../records/control-record.ts';
import { RecordsError } from '../records/records-error.ts';
import { encodeGroup, encodeOffset, recordVersions } from './group-records.ts';
import type { GroupRecord } from './group-records.ts';
import { loadGroups } from './load-groups.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';

const versions = recordVersions('2.3-IV1');
const world = new GroupWorld();
const { codecs, digests } = world.runtime;

function commit(offset: number, partition = 0): NewRecord {
  const value = { offset, leaderEpoch: -1, metadata: '', commitTimestampMs: 1, expireTimestampMs: null };
  return encodeOffset('g', { topic: 't', partition }, value, versions);
}

const group = (generation: number): GroupRecord => ({
  protocolType: 'consumer',
  generation,
  protocol: null,
  leader: null,
  stateSinceMs: 5,
  members: [],
});

const batch = (...records: NewRecord[]) => buildBatch(codecs, digests, records);
const inTransaction = (producerId: number, ...records: NewRecord[]) =>
  buildBatch(codecs, digests, records, {
    producerId,
    producerEpoch: 0,
    baseSequence: 0,
    transactional: true,
  });
const marker = (producerId: number, type: 'commit' | 'abort') =>
  buildMarkerBatch(
    codecs,
    digests,
    { type, coordinatorEpoch: 0 },
    { producerId, producerEpoch: 0, timestampMs: 1 },
  );

async function load(...batches: Buffer[]): ReturnType<typeof loadGroups> {
  const own = new GroupWorld();
  own.replicas.put(OFFSETS_TOPIC, 0, batches);
  own.replicas.lead(OFFSETS_TOPIC, 0, 0);
  const loading = loadGroups(own.runtime, own.replicas, 0);
  loading.catch(() => undefined); // looked at below
  await own.pass(10);
  return loading;
}

async function offsetsOf(...batches: Buffer[]): Promise<(number | undefined)[]> {
  const offsets = (await load(...batches))?.offsets.get('g');
  return [0, 1, 2].map((partition) => offsets?.get('t', partition)?.offset);
}

test('the last record of a key counts, and a tombstone takes it away', async () => {
  expect(await offsetsOf(batch(commit(1), commit(5, 1)), batch(commit(2)))).toEqual([2, 5, undefined]);
  const gone = encodeOffset('g', { topic: 't', partition: 1 }, null, versions);
  expect(await offsetsOf(batch(commit(1), commit(5, 1)), batch(gone))).toEqual([1, undefined, undefined]);
});

test('a group is the last that was written of it', async () => {
  const key = (record: GroupRecord | null) => encodeGroup('g', record, versions);
  const loaded = await load(batch(key(group(1))), batch(key(group(2))));
  expect(loaded?.groups.get('g')).toMatchObject({ generation: 2, stateSinceMs: 5 });
  expect((await load(batch(key(group(1)), key(null))))?.groups.size).toBe(0);
});

test('offsets of a transaction count once it is committed, never when it is aborted or open', async () => {
  expect(
    await offsetsOf(
      inTransaction(5, commit(10, 0)),
      inTransaction(6, commit(20, 1)),
      inTransaction(7, commit(30, 2)),
      marker(6, 'commit'),
      marker(5, 'abort'),
    ),
  ).toEqual([undefined, 20, undefined]);
});

test('a plain commit after that of a transaction wins, even if the transaction ends later', async () => {
  const batches = [inTransaction(5, commit(10)), batch(commit(11)), marker(5, 'commit')];
  expect(await offsetsOf(...batches)).toEqual([11, undefined, undefined]);
});

test('records of newer brokers and records that cannot be read are passed over', async () => {
  const newer = { key: Buffer.from('000300016700', 'hex'), value: Buffer.from('00000000000100', 'hex') };
  const broken = { key: Buffer.from('0001ffff', 'hex'), value: null };
  const future = { ...commit(9), value: Buffer.from('7fff', 'hex') };
  expect(await offsetsOf(batch(newer, broken, future, commit(3, 1)))).toEqual([undefined, 3, undefined]);
});

test('a damaged batch is no reason to go on with half of the groups', async () => {
  const damaged = batch(commit(1));
  damaged[61] = 0x7f; // the length of the first record
  await expect(load(damaged)).rejects.toThrow(RecordsError);
});

test('who lost the partition meanwhile has nothing to load', async () => {
  const own = new GroupWorld();
  expect(await loadGroups(own.runtime, own.replicas, 0)).toBe(null);
});
