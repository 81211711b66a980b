import { expect, test } from 'vitest';
import { afterPromises } from '../../runtime/node/after-promises.ts';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import { SimulatedWorld } from '../../runtime/simulated/simulated-world.ts';
import { defaultLogConfig } from '../log/log-config.ts';
import { PartitionLog } from '../log/partition-log.ts';
import { buildBatch } from '../records/build-batch.ts';
import { Partition, type LeaderAndIsrState, type PartitionHost } from './partition.ts';

const codecs = createNodeCodecs();
const digests = createNodeDigests();

const host: PartitionHost = {
  brokerId: 1,
  replicaLagTimeMaxMs: 10_000,
  now: () => 0,
  writeIsr: () => Promise.resolve(null),
  changed: () => undefined,
};

function openPartition(): Partition {
  const { runtime } = new SimulatedWorld({ seed: 1, codecs, digests, afterPromises }).host('broker');
  const log = PartitionLog.open(runtime, '/logs/t-0', defaultLogConfig, {
    topicPartition: { topic: 't', partition: 0 },
    clean: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    onStorageFailure: (error) => {
      throw error;
    },
  });
  return new Partition(host, log, 0);
}

const inEpoch = (leaderEpoch: number): LeaderAndIsrState => ({
  controllerEpoch: 1,
  leader: 1,
  leaderEpoch,
  isr: [1, 2],
  zkVersion: 0,
  replicas: [1, 2],
  isNew: false,
});

test('a leader’s epoch begins with its leadership, even when nothing is ever appended in it (KIP-101)', () => {
  const partition = openPartition();
  partition.becomeLeader(inEpoch(3));
  const records = buildBatch(codecs, digests, [{ value: Buffer.from('a'), timestamp: 1_700_000_000_000 }]);
  partition.appendAsLeader(records, 1, 'client', 8);
  partition.becomeLeader(inEpoch(7));
  // A follower that led in epoch 5, which nobody here has heard of, is told where to cut.
  expect(partition.log.endOffsetForEpoch(5)).toEqual({ epoch: 3, endOffset: 1 });
  expect(partition.log.endOffsetForEpoch(7)).toEqual({ epoch: 7, endOffset: 1 });
});
