import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { getBigInt64, putBigInt64 } from './bigint64.ts';

test('bigints are read and written as Buffer does', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const expected = Buffer.alloc(10);
      expected.writeBigInt64BE(value, 1);
      const written = Buffer.alloc(10);
      putBigInt64(written, 1, value);
      expect(written).toEqual(expected);
      expect(getBigInt64(expected, 1)).toBe(value);
    }),
  );
});
