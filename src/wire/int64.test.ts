import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { addInt64, int64FromBigInt, subtractInt64 } from './int64.ts';

test('sums and differences are those of 64 bits, numbers where they are safe', () => {
  const any = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-100n, 100n));
  fc.assert(
    fc.property(any, any, (a, b) => {
      const [x, y] = [int64FromBigInt(a), int64FromBigInt(b)];
      expect(addInt64(x, y)).toBe(int64FromBigInt(BigInt.asIntN(64, a + b)));
      expect(subtractInt64(x, y)).toBe(int64FromBigInt(BigInt.asIntN(64, a - b)));
    }),
    { examples: [[BigInt(Number.MAX_SAFE_INTEGER), 1n]] },
  );
});
