import { describe, expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import {
  batchFixtures,
  fixtureInt64,
  type BatchFixture,
  type FixtureBatch,
} from '../../../test/support/batch-fixtures.ts';
import { silentLog } from '../../runtime/node/log.ts';
import * as batch from './batch.ts';
import { buildBatch, type BatchOptions, type NewRecord } from './build-batch.ts';
import { readMarker } from './control-record.ts';
import { downConvert } from './convert.ts';
import { firstOffset, readRecords } from './read-records.ts';
import type { LogRecord } from './record.ts';
import { RecordsError } from './records-error.ts';

const { codecs, digests } = createNodeRuntime({ log: silentLog });
const base64 = (bytes: Buffer | null): string | null => (bytes === null ? null : bytes.toString('base64'));
const recordsOf = (b: FixtureBatch): unknown[] =>
  (b.records ?? []).map((r) => ({
    offset: fixtureInt64(r.offset),
    timestamp: fixtureInt64(r.timestamp ?? -1),
    key: r.key,
    value: r.value,
    headers: r.headers ?? [],
  }));
const plain = (r: LogRecord): unknown => ({
  offset: r.offset,
  timestamp: r.timestamp,
  key: base64(r.key),
  value: base64(r.value),
  headers: r.headers.map((h) => [h.key, base64(h.value)]),
});

function batchesIn(b: Buffer): { at: number; size: number }[] {
  const found: { at: number; size: number }[] = [];
  batch.forEachBatch(b, 0, b.length, (at, size) => found.push({ at, size }));
  return found;
}

function expectHeader(b: Buffer, at: number, size: number, said: FixtureBatch): void {
  expect(size).toBe(said.length + batch.LOG_OVERHEAD_BYTES);
  expect(batch.sizeInBytes(b, at)).toBe(size);
  expect(batch.magic(b, at)).toBe(said.magic);
  expect(batch.crcField(b, at)).toBe(said.crc);
  expect(batch.attributes(b, at)).toBe(said.attributes);
  expect(batch.compression(b, at)).toBe(said.compression);
  expect(batch.exactInt64At(b, at)).toBe(fixtureInt64(said.baseOffset ?? said.offset!));
  expect(batch.hasLogAppendTime(b, at)).toBe(said.timestampType === 'append');
  expect(batch.crcValid(digests, b, at, size)).toBe(said.invalid === undefined);
  if (said.magic === 1) expect(batch.maxTimestamp(b, at)).toBe(said.timestamp);
  if (said.magic !== 2) return;
  expect(batch.partitionLeaderEpoch(b, at)).toBe(said.partitionLeaderEpoch);
  expect(batch.isTransactional(b, at)).toBe(said.transactional);
  expect(batch.isControl(b, at)).toBe(said.control);
  expect(batch.hasDeleteHorizon(b, at)).toBe(said.deleteHorizon);
  expect(batch.baseTimestamp(b, at)).toBe(said.baseTimestamp);
  expect(batch.maxTimestamp(b, at)).toBe(said.maxTimestamp);
  expect(batch.exactInt64At(b, at + 43)).toBe(fixtureInt64(said.producerId!));
  expect(batch.producerEpoch(b, at)).toBe(said.producerEpoch);
  expect(batch.baseSequence(b, at)).toBe(said.baseSequence);
  expect(batch.recordCount(b, at)).toBe(said.recordCount);
  if (Number.isSafeInteger(Number(said.lastOffset))) expect(batch.lastOffset(b, at)).toBe(said.lastOffset);
}

function expectReads(b: Buffer, fixture: BatchFixture): void {
  const found = batchesIn(b);
  expect(found.length).toBe(fixture.batches.length);
  const end = found.reduce((sum, { size }) => sum + size, 0);
  expect(b.length - end).toBe(fixture.trailingBytes ?? 0);
  found.forEach(({ at, size }, i) => {
    const said = fixture.batches[i]!;
    expectHeader(b, at, size, said);
    if (said.invalid !== undefined) {
      expect(() => batch.requireCrc(digests, b, at, size)).toThrow(RecordsError);
      return;
    }
    expect(firstOffset(codecs, b, at, size)).toBe(fixtureInt64(said.firstOffsetSeen));
    expect(readRecords(codecs, b, at, size).map(plain)).toEqual(recordsOf(said));
  });
}

const files = ['v0', 'v1', 'v2', 'v2-control', 'mixed', 'assign', 'downconvert'];
for (const file of files)
  describe(`batches that Apache wrote: ${file}`, () => {
    test.each(batchFixtures(file).map((f) => [f.name, f] as const))('%s reads as said', (_name, fixture) => {
      expectReads(Buffer.from(fixture.hex, 'hex'), fixture);
    });
  });

/** What buildBatch needs to make the same batch again. */
function optionsOf(said: FixtureBatch): BatchOptions {
  const options: Record<string, unknown> = { magic: said.magic, compression: said.compression };
  if (said.timestampType === 'append') options['logAppendTimeMs'] = said.maxTimestamp ?? said.timestamp;
  if (said.magic < 2) return options;
  const first = fixtureInt64(said.baseOffset!);
  options['baseOffset'] = first;
  options['lastOffset'] = fixtureInt64(said.lastOffset);
  options['partitionLeaderEpoch'] = said.partitionLeaderEpoch;
  options['producerId'] = fixtureInt64(said.producerId!);
  options['producerEpoch'] = said.producerEpoch;
  options['baseSequence'] = said.baseSequence;
  options['transactional'] = said.transactional;
  options['control'] = said.control;
  if (said.deleteHorizon === true) options['deleteHorizonMs'] = said.baseTimestamp;
  if (said.recordCount === 0) options['maxTimestamp'] = said.maxTimestamp;
  return options;
}

const uncompressed = ['v0', 'v1', 'v2', 'v2-control', 'mixed']
  .flatMap(batchFixtures)
  .filter((f) => f.trailingBytes === undefined && f.batches.length > 0)
  .filter((f) => f.batches.every((b) => b.compression === 'none' && b.invalid === undefined));

test.each(uncompressed.map((f) => [f.name, f] as const))('%s is built to the byte', (_name, fixture) => {
  const b = Buffer.from(fixture.hex, 'hex');
  const rebuilt = batchesIn(b).map(({ at, size }, i) => {
    const records: NewRecord[] = readRecords(codecs, b, at, size, { storedTimestamps: true });
    return buildBatch(codecs, digests, records, optionsOf(fixture.batches[i]!));
  });
  expect(Buffer.concat(rebuilt).toString('hex')).toBe(fixture.hex);
});

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'a batch built with %s reads back',
  (compression) => {
    for (const magic of [0, 1, 2] as const) {
      if (magic < 2 && compression === 'zstd') continue;
      const records = Array.from({ length: 20 }, (_, i) => ({
        key: Buffer.from(`key ${i % 3}`),
        value: Buffer.from(`value ${i}`.repeat(i)),
        timestamp: 1_600_000_000_000 + i,
      }));
      const b = buildBatch(codecs, digests, records, { magic, compression, baseOffset: 100 });
      const read = batchesIn(b).flatMap(({ at, size }) => {
        batch.requireCrc(digests, b, at, size);
        return readRecords(codecs, b, at, size);
      });
      expect(read.map((r) => r.offset)).toEqual(records.map((_, i) => 100 + i));
      expect(read.map((r) => r.value)).toEqual(records.map((r) => r.value));
      if (magic > 0) expect(read.map((r) => r.timestamp)).toEqual(records.map((r) => r.timestamp));
    }
  },
);

test.each(batchFixtures('assign').map((f) => [f.name, f] as const))(
  '%s: in place as Apache does it',
  (_n, f) => {
    const b = Buffer.from(f.before!, 'hex');
    const { setLastOffset, setPartitionLeaderEpoch, setLogAppendTime } = f.operation!;
    batch.setLastOffset(b, 0, setLastOffset);
    if (setPartitionLeaderEpoch !== undefined) batch.setPartitionLeaderEpoch(b, 0, setPartitionLeaderEpoch);
    if (setLogAppendTime !== undefined)
      batch.setMaxTimestamp(digests, b, 0, b.length, true, setLogAppendTime);
    expect(b.toString('hex')).toBe(f.hex);
  },
);

test.each(batchFixtures('downconvert').map((f) => [f.name, f] as const))(
  '%s as Apache does it',
  (_name, f) => {
    const converted = downConvert(codecs, digests, Buffer.from(f.before!, 'hex'), f.toMagic!, f.firstOffset!);
    if (f.batches.every((b) => b.compression === 'none')) expect(converted.toString('hex')).toBe(f.hex);
    const found = batchesIn(converted);
    expect(found.map(({ at }) => batch.compression(converted, at))).toEqual(
      f.batches.map((b) => b.compression),
    );
    expect(found.flatMap(({ at, size }) => readRecords(codecs, converted, at, size)).map(plain)).toEqual(
      f.batches.flatMap(recordsOf),
    );
  },
);

test('a transaction marker says what it decides', () => {
  const markers = batchFixtures('v2-control').map((f) => {
    const b = Buffer.from(f.hex, 'hex');
    return [f.name, readMarker(codecs, b, 0, b.length)] as const;
  });
  expect(Object.fromEntries(markers)).toMatchObject({
    'v2-control-commit': { type: 'commit', coordinatorEpoch: 11 },
    'v2-control-abort': { type: 'abort', coordinatorEpoch: 11 },
    'v2-control-leader-change': null,
  });
});

describe('hostile batches', () => {
  const all = files.flatMap(batchFixtures).filter((f) => f.hex.length < 4000);
  const read = (b: Buffer): void => {
    try {
      batch.forEachBatch(b, 0, b.length, (at, size) => void readRecords(codecs, b, at, size));
    } catch (error) {
      if (!(error instanceof RecordsError)) throw error;
    }
  };

  test('any change of any byte gives records or a RecordsError', () => {
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.nat(), fc.nat(255), (which, where, value) => {
        const b = Buffer.from(all[which]!.hex, 'hex');
        if (b.length > 0) b[where % b.length] = value;
        read(b);
      }),
      { numRuns: 3000 },
    );
  });

  test('any cut gives whole batches or a RecordsError', () => {
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.nat(), (which, where) => {
        const b = Buffer.from(all[which]!.hex, 'hex');
        read(b.subarray(0, where % (b.length + 1)));
      }),
      { numRuns: 1000 },
    );
  });

  test('a huge record count is refused before anything is made for it', () => {
    const b = Buffer.from(batchFixtures('v2')[0]!.hex, 'hex');
    b.writeInt32BE(0x7fff_ffff, 57);
    expect(() => readRecords(codecs, b, 0, b.length)).toThrow(RecordsError);
  });

  test('negative, tiny and unknown things are named', () => {
    const b = Buffer.from(batchFixtures('v2')[0]!.hex, 'hex');
    const changed = (change: (copy: Buffer) => void): Buffer => {
      const copy = Buffer.from(b);
      change(copy);
      return copy;
    };
    expect(() => read2(changed((c) => c.writeInt32BE(-1, 8)))).toThrow('length -1');
    expect(() => read2(changed((c) => c.writeInt32BE(20, 8)))).toThrow('too few');
    expect(() => read2(changed((c) => (c[16] = 7)))).toThrow('magic 7');
    expect(() => read2(changed((c) => (c[22] = 6)))).toThrow('no codec 6');
  });

  function read2(b: Buffer): void {
    batch.forEachBatch(b, 0, b.length, (at, size) => void readRecords(codecs, b, at, size));
  }
});
