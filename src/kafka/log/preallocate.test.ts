import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUnsyncedRuntime } from '../../../test/support/unsynced-runtime.ts';
import { buildBatch } from '../records/build-batch.ts';
import { forEachBatch } from '../records/batch.ts';
import { readRecords } from '../records/read-records.ts';
import { defaultLogConfig } from './log-config.ts';
import { PartitionLog } from './partition-log.ts';

const runtime = createUnsyncedRuntime();
const SEGMENT_BYTES = 4096;
// neither 8 nor 12 divides it
const INDEX_BYTES = 1003;

let folder = '';
let log: PartitionLog | null = null;
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/gregor-log-`);
});
afterEach(async () => {
  await log?.close();
  rmSync(folder, { recursive: true });
});

function open(clean: boolean, preallocate = true): PartitionLog {
  log = PartitionLog.open(
    runtime,
    folder,
    {
      ...defaultLogConfig,
      segmentBytes: SEGMENT_BYTES,
      segmentIndexBytes: INDEX_BYTES,
      indexIntervalBytes: 0,
      preallocate,
    },
    {
      topicPartition: { topic: 't', partition: 0 },
      clean,
      recoveryPoint: 0,
      logStartOffset: 0,
      onStorageFailure: (error) => {
        throw error;
      },
    },
  );
  return log;
}

function append(log: PartitionLog, value: string): void {
  const value500 = Buffer.from(value.padEnd(500));
  const records = buildBatch(runtime.codecs, runtime.digests, [
    { value: value500, timestamp: 1_600_000_000_000 + log.logEndOffset },
  ]);
  log.appendAsLeader(records, { leaderEpoch: 0, origin: 'client', produceVersion: 8 });
}

function values(log: PartitionLog): string[] {
  const found: string[] = [];
  for (let next = log.logStartOffset; next < log.logEndOffset;) {
    const { records, nextOffset } = log.read(next, 1 << 20, log.logEndOffset, true);
    for (const part of records)
      forEachBatch(part, 0, part.length, (at, size) => {
        for (const { value } of readRecords(runtime.codecs, part, at, size))
          found.push(value!.toString().trim());
      });
    next = nextOffset;
  }
  return found;
}

/** Sizes of the files whose segment begins at `base`: log, offset index, time index. */
function sizes(base: number): number[] {
  const name = `${folder}/${String(base).padStart(20, '0')}`;
  return ['log', 'index', 'timeindex'].map((kind) => statSync(`${name}.${kind}`).size);
}

test('with preallocate a segment’s files have their whole size from the start, and when it is rolled what they hold', async () => {
  const log = open(true);
  expect(sizes(0)).toEqual([SEGMENT_BYTES, 1000, 996]);
  const all = Array.from({ length: 8 }, (_, i) => `value ${i}`);
  for (const value of all) append(log, value);
  // seven of 570 bytes fit
  expect(sizes(0)).toEqual([7 * 570, 6 * 8, 6 * 12]);
  expect(sizes(7)).toEqual([SEGMENT_BYTES, 1000, 996]);
  expect(log.sizeBytes).toBe(8 * 570);
  expect(values(log)).toEqual(all);
  await log.close();
  expect(sizes(7)).toEqual([570, 0, 12]);

  // what was there is gone on with as it is
  const again = open(true);
  expect(sizes(7)).toEqual([570, 0, 12]);
  append(again, 'value 8');
  expect(values(again)).toEqual([...all, 'value 8']);
});

test('what was preallocated for a broker that was killed is cut off, and nothing else', () => {
  const killed = open(true);
  const all = ['one', 'two', 'three'];
  for (const value of all) append(killed, value);
  killed.release();
  expect(sizes(0)[0]).toBe(SEGMENT_BYTES);
  const log = open(false);
  expect(sizes(0)).toEqual([3 * 570, 2 * 8, 2 * 12]);
  expect(values(log)).toEqual(all);
  append(log, 'four');
  expect(values(log)).toEqual([...all, 'four']);
});

test('a preallocated log can be cut, begun anew and written on', () => {
  const log = open(true);
  for (const value of ['one', 'two', 'three']) append(log, value);
  log.truncateTo(1);
  append(log, 'zwei');
  expect(values(log)).toEqual(['one', 'zwei']);
  log.truncateFullyAndStartAt(40);
  expect(sizes(40)).toEqual([SEGMENT_BYTES, 1000, 996]);
  append(log, 'forty');
  expect(values(log)).toEqual(['forty']);
  expect(readdirSync(folder).filter((name) => name.endsWith('.log'))).toHaveLength(1);
});

test('without preallocate files grow as they are written', () => {
  append(open(true, false), 'one');
  expect(sizes(0)).toEqual([570, 0, 0]);
});
