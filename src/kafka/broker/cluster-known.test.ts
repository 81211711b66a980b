import { expect, test } from 'vitest';
import { createUnsyncedRuntime } from '../../../test/support/unsynced-runtime.ts';
import { silentLog } from '../../runtime/node/log.ts';
import { SimulatedWorld } from '../../runtime/simulated/simulated-world.ts';
import { MetadataWaits } from '../admin/metadata-waits.ts';
import { clusterKnown } from './cluster-known.ts';
import { MetadataCache, type AliveBroker, type PartitionMetadata } from './metadata-cache.ts';

const brokers = [1, 2].map((id): AliveBroker => ({ id, rack: null, endpoints: new Map() }));
const state: PartitionMetadata = {
  controllerEpoch: 1,
  leader: 1,
  leaderEpoch: 0,
  isr: [1],
  zkVersion: 0,
  replicas: [1],
  offlineReplicas: [],
};

/** A broker that waits for a cluster of two, whose topics are t and one that is being deleted. */
function waiting() {
  const { digests, codecs } = createUnsyncedRuntime();
  const world = new SimulatedWorld({ seed: 1, digests, codecs, afterPromises: setImmediate });
  const metadata = new MetadataCache();
  const warnings: string[] = [];
  const told = { isOver: false };
  const zk = {
    readTopics: () => Promise.resolve(['t', 'goes']),
    readTopicDeletions: () => Promise.resolve(['goes']),
  };
  const { clock } = world.host('broker').runtime;
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const waits = new MetadataWaits(clock, metadata);
  void clusterKnown({ log, zk, metadata, waits }, 2).then(() => (told.isOver = true));
  return { world, metadata, warnings, told };
}

test('a cluster is known when a broker tells of all brokers and then of all topics, but those that are being deleted', async () => {
  const { world, metadata, warnings, told } = waiting();
  metadata.update({ controllerId: 1, brokers: brokers.slice(1), partitions: [] });
  metadata.update({ controllerId: 1, brokers, partitions: [] });
  await world.run(100);
  expect(told.isOver).toBe(false);
  metadata.update({ controllerId: 1, brokers, partitions: [{ topic: 't', partition: 0, state }] });
  await world.run(100);
  expect(told.isOver).toBe(true);
  expect(warnings).toEqual([]);
});

test('what a cluster waits for in vain is told', async () => {
  const { world, metadata, warnings, told } = waiting();
  metadata.update({ controllerId: 1, brokers: brokers.slice(1), partitions: [] });
  await world.run(30_000);
  expect(told.isOver).toBe(true);
  expect(warnings).toEqual([
    'only 1 of 2 brokers are known here so far',
    'the controller told nothing of t here so far',
  ]);
});
