import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { createUnsyncedRuntime } from '../../../../test/support/unsynced-runtime.ts';
import * as batch from '../../records/batch.ts';
import { buildBatch, type BatchOptions, type NewRecord } from '../../records/build-batch.ts';
import { buildMarkerBatch } from '../../records/control-record.ts';
import { readRecords } from '../../records/read-records.ts';
import { cleanableRange, LogCleaner } from './cleaner.ts';
import { defaultLogConfig, NEVER, type LogConfig } from '../log-config.ts';
import { PartitionLog } from '../partition-log.ts';

const real = createUnsyncedRuntime();
let nowMs = 1_600_000_000_000;
const runtime: Runtime = { ...real, clock: { ...real.clock, wallMs: () => nowMs } };
let root = '';
let logs: PartitionLog[] = [];
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/gregor-clean-`);
  logs = [];
  nowMs = 1_600_000_000_000;
});
afterEach(async () => {
  for (const log of logs) await log.close();
  rmSync(root, { recursive: true });
});

const compact: LogConfig = {
  ...defaultLogConfig,
  cleanupPolicy: ['compact'],
  segmentBytes: 700,
  indexIntervalBytes: 100,
  minCleanableDirtyRatio: 0.01,
  deleteRetentionMs: 1000,
};

function open(config: Partial<LogConfig> = {}, name = 't-0'): PartitionLog {
  const log = PartitionLog.open(
    runtime,
    `${root}/${name}`,
    { ...compact, ...config },
    {
      topicPartition: { topic: 't', partition: 0 },
      clean: true,
      recoveryPoint: 0,
      logStartOffset: 0,
      onStorageFailure: (error) => {
        throw error;
      },
    },
  );
  log.highWatermark = log.logEndOffset;
  logs.push(log);
  return log;
}

function write(log: PartitionLog, records: Record<string, string | null>, options: BatchOptions = {}): void {
  const list: NewRecord[] = Object.entries(records).map(([key, value]) => ({
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp: nowMs,
  }));
  writeList(log, list, options);
}

function writeList(log: PartitionLog, list: NewRecord[], options: BatchOptions): void {
  const bytes = buildBatch(runtime.codecs, runtime.digests, list, options);
  log.appendAsLeader(bytes, { leaderEpoch: 0, origin: 'client', produceVersion: 7 });
  log.highWatermark = log.logEndOffset;
}

function mark(log: PartitionLog, type: 'commit' | 'abort', producerId: number): void {
  const bytes = buildMarkerBatch(
    runtime.codecs,
    runtime.digests,
    { type, coordinatorEpoch: 0 },
    { producerId, producerEpoch: 0, timestampMs: nowMs },
  );
  log.appendAsLeader(bytes, { leaderEpoch: 0, origin: 'coordinator', produceVersion: 7 });
  log.highWatermark = log.logEndOffset;
}

/** Fills the active segment with one key, so that all before it can be cleaned. */
function roll(log: PartitionLog): void {
  const before = log.segmentList.active;
  while (log.segmentList.active === before) write(log, { filler: 'x'.repeat(200) });
}

async function clean(log: PartitionLog, keyMapBytes = 1 << 20): Promise<number> {
  let dirty = 0;
  const cleaner = new LogCleaner(runtime, {
    dedupeBufferBytes: keyMapBytes,
    backoffMs: 1,
    logs: () => [log],
    firstDirtyOffset: () => dirty,
    cleaned: (_log, offset) => (dirty = offset),
  });
  await cleaner.cleanAll();
  return dirty;
}

interface Seen {
  offset: number;
  key: string;
  value: string | null;
  control: boolean;
}

function everything(log: PartitionLog): Seen[] {
  const seen: Seen[] = [];
  for (let next = log.logStartOffset; next < log.logEndOffset;) {
    const result = log.read(next, 1 << 20, log.logEndOffset, true);
    if (result.sizeBytes === 0) break;
    const b = Buffer.concat([...result.records]);
    batch.forEachBatch(b, 0, b.length, (at, size) => {
      batch.requireCrc(runtime.digests, b, at, size);
      for (const r of readRecords(runtime.codecs, b, at, size))
        seen.push({
          offset: Number(r.offset),
          key: r.key?.toString() ?? '',
          value: r.value === null ? null : r.value.toString(),
          control: batch.isControl(b, at),
        });
    });
    next = result.nextOffset;
  }
  return seen;
}

const withoutFiller = (log: PartitionLog): [number, string, string | null][] =>
  everything(log)
    .filter((r) => r.key !== 'filler' && !r.control)
    .map((r) => [r.offset, r.key, r.value]);

test('of each key the last record stays, with its offset; the active segment is left alone', async () => {
  const log = open();
  write(log, { a: '1', b: '1' });
  write(log, { a: '2', c: '1' });
  roll(log);
  write(log, { a: '3' });
  roll(log);
  write(log, { b: 'in the active segment' });
  await clean(log);
  expect(withoutFiller(log)).toEqual([
    [1, 'b', '1'],
    [3, 'c', '1'],
    [expect.any(Number), 'a', '3'],
    [expect.any(Number), 'b', 'in the active segment'],
  ]);
});

test('a tombstone stays for delete.retention.ms after its first cleaning, then goes', async () => {
  const log = open();
  write(log, { a: '1' });
  write(log, { a: null });
  roll(log);
  await clean(log);
  expect(withoutFiller(log)).toEqual([[1, 'a', null]]);
  nowMs += 2000;
  roll(log);
  await clean(log);
  expect(withoutFiller(log)).toEqual([]);
});

test('data of aborted transactions goes; a marker stays as long as its data, and its horizon', async () => {
  const log = open();
  const txn = { producerId: 7, producerEpoch: 0, transactional: true };
  write(log, { a: 'aborted' }, { ...txn, baseSequence: 0 });
  mark(log, 'abort', 7);
  write(log, { a: 'committed' }, { ...txn, baseSequence: 1 });
  mark(log, 'commit', 7);
  roll(log);
  await clean(log);
  expect(withoutFiller(log)).toEqual([[2, 'a', 'committed']]);
  expect(
    everything(log)
      .filter((r) => r.control)
      .map((r) => r.offset),
  ).toEqual([1, 3]);
  expect(log.abortedTransactions(0, 2)).toEqual([{ producerId: 7, firstOffset: 0 }]);
  roll(log);
  await clean(log); // no data of the first one is left: its marker gets a horizon
  nowMs += 2000;
  roll(log);
  await clean(log);
  expect(
    everything(log)
      .filter((r) => r.control)
      .map((r) => r.offset),
  ).toEqual([3]);
});

test('an open transaction is not cleaned', async () => {
  const log = open();
  write(log, { a: '1' });
  write(log, { a: '2' }, { producerId: 7, producerEpoch: 0, transactional: true, baseSequence: 0 });
  roll(log);
  expect(cleanableRange(log, 0, nowMs)).toBe(null);
});

test('a batch that says what a living producer wrote last stays, empty', async () => {
  const log = open();
  write(log, { a: '1' }, { producerId: 7, producerEpoch: 0, baseSequence: 0 });
  write(log, { a: '2' });
  roll(log);
  await clean(log);
  expect(withoutFiller(log)).toEqual([[1, 'a', '2']]);
  await log.close();
  const again = open();
  expect(again.producerState.producers.get(7)?.batches).toMatchObject([{ lastSequence: 0, lastOffset: 0 }]);
});

describe('whatever is written', () => {
  test('cleaning changes no key’s last value, in any number of passes, and survives a restart', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.option(fc.string({ maxLength: 80 }))),
          { minLength: 1, maxLength: 60 },
        ),
        fc.constantFrom('none', 'gzip', 'lz4', 'zstd') as fc.Arbitrary<'none' | 'gzip' | 'lz4' | 'zstd'>,
        fc.integer({ min: 100, max: 400 }),
        async (writes, compression, keyMapBytes) => {
          const name = `t-${run++}`;
          const log = open({}, name);
          const model = new Map<string, string | null>();
          for (const records of writes) {
            if (Object.keys(records).length === 0) continue;
            write(log, records, { compression });
            for (const [key, value] of Object.entries(records)) model.set(key, value);
          }
          roll(log);
          await clean(log, keyMapBytes);
          const offsets = everything(log).map((r) => r.offset);
          expect(offsets).toEqual([...new Set(offsets)].sort((x, y) => x - y));
          const last = new Map(withoutFiller(log).map(([, key, value]) => [key, value]));
          expect(last).toEqual(model);
          const before = everything(log);
          await log.close();
          const again = open({}, name);
          expect(everything(again)).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });
});

test('timestamps of any size are kept when their batch is written anew, and when nothing but the batch stays', async () => {
  const log = open({ messageTimestampDifferenceMaxMs: NEVER });
  const largest = 2n ** 63n - 1n;
  const anyTimes = (keys: string[], baseSequence: number): void => {
    const records = keys.map((key, i) => ({
      key: Buffer.from(key),
      value: Buffer.from('1'),
      timestamp: i === 0 ? largest : -largest,
    }));
    writeList(log, records, { producerId: 1, producerEpoch: 0, baseSequence });
  };
  anyTimes(['kept', 'also kept', 'replaced'], 0);
  anyTimes(['emptied'], 3);
  roll(log);
  write(log, { replaced: '2', emptied: '2' });
  roll(log);
  await clean(log);
  const b = Buffer.concat([...log.read(0, 1 << 20, log.logEndOffset, true).records]);
  const seen: [number, number | bigint, (number | bigint)[]][] = [];
  batch.forEachBatch(b, 0, b.length, (at, size) => {
    if (batch.producerId(b, at) !== 1) return;
    const inside = readRecords(runtime.codecs, b, at, size);
    seen.push([
      batch.baseOffset(b, at),
      batch.exactMaxTimestamp(b, at),
      inside.map(({ timestamp }) => timestamp),
    ]);
  });
  expect(seen).toEqual([
    [0, largest, [largest, -largest]],
    [3, largest, []],
  ]);
});
