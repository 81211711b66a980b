import { expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { createSimdAdler32 } from './adler32-simd.ts';
import { Adler32 } from './adler32.ts';

/** As RFC 1950 defines it. */
function plain(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

test('the sum is that of the definition, however the bytes are cut into pieces', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      (some, times, cut) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => some));
        const sum = new Adler32();
        const at = cut % (bytes.length + 1);
        sum.update(bytes, 0, at);
        sum.update(bytes, at, bytes.length);
        expect(sum.value).toBe(plain(bytes));
      },
    ),
  );
  const largest = Buffer.alloc(100_000, 0xff);
  const sum = new Adler32();
  sum.update(largest, 0, largest.length);
  expect(sum.value).toBe(plain(largest));
});

test('with vectors and without them the sum is the same, whatever came before', () => {
  expect(createSimdAdler32()).not.toBeNull();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat({ max: 140_000 }),
      fc.nat({ max: 255 }),
      (head, length, fill) => {
        const bytes = Buffer.concat([head, Buffer.alloc(length, fill), head]);
        const quick = new Adler32();
        const slow = new Adler32();
        for (let again = 0; again < 2; again++) {
          quick.update(bytes, 0, bytes.length);
          slow.updatePlainly(bytes, 0, bytes.length);
          expect(quick.value).toBe(slow.value);
        }
      },
    ),
    { numRuns: 50 },
  );
});
