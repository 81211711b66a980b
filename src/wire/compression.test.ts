import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { createNodeCodecs } from '../runtime/node/codecs.ts';
import { CodecError } from '../runtime/runtime.ts';
import { compress, decompress, COMPRESSION_KINDS } from './compression.ts';
import { xxhash32 } from './xxhash32.ts';

interface Recorded {
  name: string;
  hex: string;
  batches: {
    magic: number;
    compression: 'gzip' | 'snappy' | 'lz4' | 'zstd';
    records: { value: string | null }[];
  }[];
}

const codecs = createNodeCodecs();
const fixture = new URL('../../test/fixtures/kafka-batches/compressed.ndjson', import.meta.url);
const recorded = readFileSync(fixture, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** The compressed part: of format 2 what follows the head, else the value of the one message (which has no key). */
function compressedPart(batch: Buffer, magic: number): Buffer {
  return batch.subarray(magic === 2 ? 61 : magic === 1 ? 34 : 26);
}

test.each(recorded)('$name, made by Apache, is decompressed to its records', ({ hex, batches }) => {
  const { magic, compression, records } = batches[0]!;
  const data = compressedPart(Buffer.from(hex, 'hex'), magic);
  const plain = decompress(codecs, compression, data, magic, 100_000);
  for (const { value } of records)
    if (value !== null) expect(plain.includes(Buffer.from(value, 'base64'))).toBe(true);
  expect(() => decompress(codecs, compression, data, magic, plain.length - 1)).toThrow(CodecError);
  expect(decompress(codecs, compression, data, magic, plain.length)).toStrictEqual(plain);
});

test('every codec gives back what it got, in every message format', () => {
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 20_000 }))
      .map(([text, times]) => Buffer.from(text.repeat(times))),
  );
  fc.assert(
    fc.property(
      data,
      fc.constantFrom(...COMPRESSION_KINDS),
      fc.integer({ min: 0, max: 2 }),
      (bytes, kind, magic) => {
        const plain = Buffer.from(bytes);
        const packed = compress(codecs, kind, plain, magic);
        expect(decompress(codecs, kind, packed, magic, Math.max(plain.length, 1)).equals(plain)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test('data that was damaged gives other data or a CodecError, and never more than is allowed', () => {
  const plain = Buffer.from('all work and no play '.repeat(300));
  const kinds = COMPRESSION_KINDS.slice(1);
  const packed = new Map(kinds.map((kind) => [kind, compress(codecs, kind, plain, 2)]));
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (kind, where, flip, cut) => {
        const damaged = Buffer.from(packed.get(kind)!);
        damaged[where % damaged.length]! ^= flip;
        const data = cut ? damaged.subarray(0, where % damaged.length) : damaged;
        try {
          expect(decompress(codecs, kind, data, 2, 10_000).length).toBeLessThanOrEqual(10_000);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('message format 0 has the header checksum of lz4 over the magic number too, and any is taken', () => {
  const data = Buffer.from('hello hello hello hello');
  const broken = compress(codecs, 'lz4', data, 0);
  const right = compress(codecs, 'lz4', data, 1);
  expect(broken[6]).not.toBe(right[6]);
  expect(broken.subarray(7)).toStrictEqual(right.subarray(7));
  expect(decompress(codecs, 'lz4', right, 0, 100)).toStrictEqual(data);
  expect(() => decompress(codecs, 'lz4', broken, 1, 100)).toThrow("the header's checksum is wrong");
});

test('snappy is read without framing, too', () => {
  const data = Buffer.from('hello hello hello hello');
  expect(decompress(codecs, 'snappy', codecs.snappy(data), 2, 100)).toStrictEqual(data);
});

test('a snappy block that announces a gigabyte is refused before anything is allocated', () => {
  expect(() => decompress(codecs, 'snappy', Buffer.from('8080808004', 'hex'), 2, 1 << 20)).toThrow(
    'are allowed',
  );
});

test.each([
  ['', 0, 0x02cc5d05],
  ['a', 0, 0x550d7456],
  ['abc', 0, 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0, 0xe2293b2f],
])('xxHash of %j with seed %i is known', (text, seed, hash) => {
  expect(xxhash32(Buffer.from(text), seed)).toBe(hash);
});
