import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { Writer } from '../../wire/writer.ts';
import * as data from './data.ts';
import * as file from './file-header.ts';
import * as messages from './messages.ts';
import * as quorum from './quorum-packets.ts';
import type { Field, Fields, RecordType } from './record.ts';
import * as transactions from './transactions.ts';

interface Vector {
  readonly record: string;
  readonly case: string;
  readonly json: unknown;
  readonly hex: string;
  readonly readBack?: unknown;
}

const vectors = gunzipSync(
  readFileSync(new URL('../../../test/fixtures/zookeeper-wire/jute.ndjson.gz', import.meta.url)),
)
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

const records = new Map<string, RecordType<Fields>>();
for (const [name, record] of Object.entries({ ...data, ...messages, ...quorum, ...transactions, ...file }))
  if (!name.endsWith('Of34')) records.set(record.name, record as unknown as RecordType<Fields>);

type Json = Record<string, unknown>;

/** longs are decimal strings in JSON, buffers base64. */
function fromJson(field: Field<unknown>, json: unknown): unknown {
  if (json === null) return null;
  if (field.wire === 'long') return BigInt(json as string);
  if (field.wire === 'buffer') return Buffer.from(json as string, 'base64');
  if (field.wire === 'vector') return (json as unknown[]).map((item) => fromJson(field.element!, item));
  if (field.wire === 'record') return structFromJson(field.fields!, json as Json);
  return json;
}

function structFromJson(fields: Fields, json: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, fromJson(field, json[name])]),
  );
}

test("every record of Apache's vectors is known, and every record known has vectors but the one of old files", () => {
  const inVectors = new Set(vectors.map((vector) => vector.record));
  expect([...records.keys()].filter((name) => !inVectors.has(name))).toEqual(['data.StatPersistedV1']);
  expect([...inVectors].filter((name) => !records.has(name))).toEqual([]);
});

test('every vector is written and read as Apache does, to the byte', () => {
  const writer = new Writer();
  for (const vector of vectors) {
    const record = records.get(vector.record)!;
    writer.reset();
    record.encode(writer, structFromJson(record.fields, vector.json as Json));
    expect(writer.finish().toString('hex'), `${vector.record} ${vector.case}`).toBe(vector.hex);
    const reader = new Reader(Buffer.from(vector.hex, 'hex'));
    const expected = structFromJson(record.fields, (vector.readBack ?? vector.json) as Json);
    expect(record.decode(reader), `${vector.record} ${vector.case}`).toEqual(expected);
    expect(reader.remaining).toBe(0);
  }
});

test('bytes that were cut or changed read as something else or throw a WireError, nothing worse', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...vectors),
      fc.nat(),
      fc.nat(),
      fc.constantFrom(0x00, 0x7f, 0x80, 0xff),
      (vector, cutAt, changeAt, byte) => {
        const record = records.get(vector.record)!;
        const whole = Buffer.from(vector.hex, 'hex');
        const bytes = whole.subarray(0, cutAt % (whole.length + 1));
        if (bytes.length > 0) bytes[changeAt % bytes.length] = byte;
        try {
          record.decode(new Reader(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('a vector that promises two thousand million elements is refused before anything is allocated', () => {
  const bytes = Buffer.from('7fffffff00000001', 'hex');
  expect(() => transactions.multiTxn.decode(new Reader(bytes))).toThrow(WireError);
  expect(() => messages.getChildrenResponse.decode(new Reader(bytes))).toThrow(WireError);
});
