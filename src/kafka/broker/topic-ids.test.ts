import { expect, test } from 'vitest';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import { MetadataCache, type PartitionMetadata } from './metadata-cache.ts';
import { TopicIds } from './topic-ids.ts';

const state = (leader: number): PartitionMetadata => ({
  controllerEpoch: 1,
  leader,
  leaderEpoch: 0,
  isr: [1],
  zkVersion: 0,
  replicas: [1],
  offlineReplicas: [],
});
const update = (topic: string, leader: number) => ({
  controllerId: 1,
  brokers: [],
  partitions: [{ topic, partition: 0, state: state(leader) }],
});

test('all brokers of a cluster give a topic the same id, and another cluster another one', () => {
  const idIn = (cluster: string) =>
    new TopicIds(createNodeDigests(), cluster, new MetadataCache()).idOf('orders');
  expect(idIn('one')).toBe(idIn('one'));
  expect(idIn('one')).not.toBe(idIn('two'));
  expect(idIn('one')).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
});

test('an id stands for a topic from when it is known until it is deleted', () => {
  const metadata = new MetadataCache();
  const ids = new TopicIds(createNodeDigests(), 'one', metadata);
  const id = ids.idOf('orders');
  expect(ids.nameOf(id)).toBeUndefined();
  metadata.update(update('orders', 1));
  expect(ids.nameOf(id)).toBe('orders');
  metadata.update(update('orders', -2));
  expect(ids.nameOf(id)).toBeUndefined();
});
