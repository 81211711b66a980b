import { expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { createNodeCodecs } from '../../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { baseTimestamp } from '../../records/batch.ts';
import { buildBatch } from '../../records/build-batch.ts';
import { readRecords } from '../../records/read-records.ts';
import type { LogRecord } from '../../records/record.ts';
import { RecordsError } from '../../records/records-error.ts';
import { newWalkResult, walkRecords, type WalkResult } from './record-walk.ts';

const codecs = createNodeCodecs();
const digests = createNodeDigests();

const bytes = (maxLength: number): fc.Arbitrary<Buffer | null> =>
  fc.option(fc.uint8Array({ maxLength }).map((array) => Buffer.from(array)));
const record = fc.record({
  key: bytes(200),
  value: fc.oneof(bytes(100), bytes(9000)),
  timestamp: fc.oneof(fc.nat(200), fc.integer({ min: -1, max: 2 ** 45 })),
  headers: fc.array(fc.record({ key: fc.string({ maxLength: 5 }), value: bytes(70) }), { maxLength: 3 }),
});

/** What the plain reader finds; null: it refuses. */
function readSlowly(b: Buffer): LogRecord[] | null {
  try {
    return readRecords(codecs, b, 0, b.length);
  } catch (error) {
    if (error instanceof RecordsError) return null;
    throw error;
  }
}

function walk(b: Buffer): WalkResult | null {
  const result = newWalkResult();
  try {
    walkRecords(b, 0, b.length, result);
    return result;
  } catch (error) {
    if (error instanceof RecordsError || error instanceof WireError) return null;
    throw error;
  }
}

function resultOf(records: readonly LogRecord[], b: Buffer): WalkResult {
  const deltas = records.map((r) => Number(r.timestamp) - baseTimestamp(b, 0));
  const max = Math.max(...deltas);
  return {
    minTimestampDelta: Math.min(...deltas),
    maxTimestampDelta: max,
    maxTimestampIndex: deltas.indexOf(max),
    hasNullKey: records.some((r) => r.key === null),
  };
}

test('the quick walk finds what the plain reader finds', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
      const b = buildBatch(codecs, digests, records);
      expect(walk(b)).toEqual(resultOf(readSlowly(b)!, b));
    }),
    { numRuns: 300 },
  );
});

test('what the quick walk lets pass, the plain reader can read', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      (records, changes) => {
        const b = buildBatch(codecs, digests, records);
        for (const [where, value] of changes) b[57 + (where % Math.min(b.length - 57, 60))] = value;
        if (walk(b) !== null) expect(readSlowly(b)).not.toBe(null);
      },
    ),
    { numRuns: 2000 },
  );
});
