/** What a loss of power leaves, on the simulated disk: synced data is there, torn tails are cut, and the log goes on. */
import { describe, expect, test } from 'vitest';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import { FileError, type Runtime } from '../../runtime/runtime.ts';
import { SeededRandom } from '../../runtime/simulated/seeded-random.ts';
import { SimulatedWorld } from '../../runtime/simulated/simulated-world.ts';
import { KafkaError } from '../protocol/errors.ts';
import * as batch from '../records/batch.ts';
import { buildBatch } from '../records/build-batch.ts';
import { readRecords } from '../records/read-records.ts';
import { defaultLogConfig } from './log-config.ts';
import { LogManager } from './log-manager.ts';
import type { PartitionLog } from './partition-log.ts';

const codecs = createNodeCodecs();
const digests = createNodeDigests();
const config = { ...defaultLogConfig, segmentBytes: 1500, indexIntervalBytes: 200 };

function makeWorld(seed: number): SimulatedWorld {
  return new SimulatedWorld({ seed, digests, codecs, afterPromises: (run) => void setImmediate(run) });
}

async function openManager(runtime: Runtime): Promise<LogManager> {
  const manager = await LogManager.open(runtime, {
    folders: ['/logs'],
    brokerId: 1,
    topicConfig: () => config,
    flushOffsetCheckpointIntervalMs: 50,
    highWatermarkCheckpointIntervalMs: 20,
  });
  manager.start();
  return manager;
}

/** Appends `count` records, as an idempotent producer, and remembers them. */
function append(log: PartitionLog, written: string[], count: number, epoch: number): void {
  const records = Array.from({ length: count }, (_, i) => ({
    value: Buffer.from(`${written.length + i} in epoch ${epoch}`),
    timestamp: 1_700_000_000_000,
  }));
  const bytes = buildBatch(codecs, digests, records, {
    producerId: 5,
    producerEpoch: 0,
    baseSequence: written.length,
  });
  log.appendAsLeader(bytes, { leaderEpoch: epoch, origin: 'client', produceVersion: 8 });
  for (const record of records) written.push(record.value.toString());
}

function valuesOf(log: PartitionLog): string[] {
  const values: string[] = [];
  for (let next = 0; next < log.logEndOffset;) {
    const result = log.read(next, 700, log.logEndOffset, true);
    expect(result.sizeBytes).toBeGreaterThan(0);
    const b = Buffer.concat([...result.records]);
    batch.forEachBatch(b, 0, b.length, (at, size) => {
      for (const record of readRecords(codecs, b, at, size)) values.push(record.value!.toString());
    });
    next = result.nextOffset;
  }
  return values;
}

const sleep = (runtime: Runtime, ms: number): Promise<void> =>
  new Promise((resolve) => void runtime.clock.after(ms, resolve));

describe('after a loss of power', () => {
  test.each(Array.from({ length: 25 }, (_, seed) => seed))(
    'the log begins with all that was synced, and goes on (seed %i)',
    async (seed) => {
      const world = makeWorld(seed);
      const host = world.host('broker');
      const random = new SeededRandom(seed + 1000);
      let written: string[] = [];
      for (let life = 0; life < 4; life++) {
        let synced = 0;
        await world.play(async () => {
          const manager = await openManager(host.runtime);
          const log = manager.getOrCreate('t', 0);
          const values = valuesOf(log);
          expect(values).toEqual(written.slice(0, values.length));
          written = values;
          expect(log.producerState.producers.get(5)?.batches.at(-1)?.lastOffset ?? -1).toBe(
            values.length - 1,
          );
          expect(log.epochEntries.every((entry) => entry.startOffset < Math.max(log.logEndOffset, 1))).toBe(
            true,
          );
          const steps = 5 + random.below(30);
          for (let i = 0; i < steps; i++) {
            append(log, written, 1 + random.below(6), life);
            log.highWatermark = log.logEndOffset;
            if (random.chance(0.2)) {
              const end = log.logEndOffset;
              await log.flush();
              synced = end;
            }
            if (random.chance(0.3)) await sleep(host.runtime, random.below(60));
          }
        });
        host.kill({ keepCache: random.chance(0.3) });
        host.restart();
        await world.play(async () => {
          const manager = await openManager(host.runtime);
          expect(manager.getOrCreate('t', 0).logEndOffset).toBeGreaterThanOrEqual(synced);
        });
        host.kill({ keepCache: true });
        host.restart();
      }
    },
  );

  test('what was stopped in order needs no recovery and has lost nothing', async () => {
    const world = makeWorld(1);
    const host = world.host('broker');
    const written: string[] = [];
    await world.play(async () => {
      const manager = await openManager(host.runtime);
      const log = manager.getOrCreate('t', 0);
      for (let i = 0; i < 30; i++) append(log, written, 3, i >> 3);
      log.highWatermark = 77;
      await manager.stop();
    });
    host.kill();
    host.restart();
    await world.play(async () => {
      const manager = await openManager(host.runtime);
      const log = manager.get('t', 0)!;
      expect(valuesOf(log)).toEqual(written);
      expect(log.highWatermark).toBe(77);
      expect(log.latestEpoch).toBe(3);
      await manager.stop();
    });
  });
});

test('each failing write or sync in turn puts the folder out of service, and never loses what was synced', async () => {
  for (let failing = 0; ; failing++) {
    const world = makeWorld(failing);
    const host = world.host('broker');
    const offline: string[] = [];
    const written: string[] = [];
    let operations = 0;
    let synced = 0;
    let hasFailed = false;
    await world.play(async () => {
      const manager = await LogManager.open(host.runtime, {
        folders: ['/logs'],
        brokerId: 1,
        topicConfig: () => config,
        onFolderOffline: (folder) => offline.push(folder),
      });
      const log = manager.getOrCreate('t', 0);
      host.disk.before = (operation, path) => {
        if ((operation !== 'write' && operation !== 'sync') || operations++ !== failing) return;
        hasFailed = true;
        throw new FileError('EIO', path, 'input/output error');
      };
      try {
        for (let i = 0; i < 12; i++) {
          append(log, written, 3, i >> 2);
          if (i % 4 === 3) {
            const end = log.logEndOffset;
            await log.flush();
            synced = end;
          }
        }
      } catch (error) {
        expect(error).toBeInstanceOf(KafkaError);
        expect((error as KafkaError).code).toBe(56);
      }
      await sleep(host.runtime, 100);
      host.disk.before = null;
      if (hasFailed) expect([failing, offline]).toEqual([failing, ['/logs']]);
      if (hasFailed) expect(manager.get('t', 0)).toBeUndefined();
    });
    host.kill();
    host.restart();
    await world.play(async () => {
      const manager = await openManager(host.runtime);
      const values = valuesOf(manager.getOrCreate('t', 0));
      expect(values.length).toBeGreaterThanOrEqual(synced);
      expect(values).toEqual(written.slice(0, values.length));
    });
    if (!hasFailed) break;
  }
});
