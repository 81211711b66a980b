import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { joinParts } from './join-parts.ts';

test('joining changes no byte, leaves large parts as they are and no two small ones side by side', () => {
  const part = fc.oneof(fc.nat(200), fc.nat(3000)).map((size) => Buffer.alloc(size, size));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 30 }), (parts) => {
      const total = parts.reduce((sum, one) => sum + one.length, 0);
      const joined = joinParts(parts, total);
      expect(Buffer.concat(joined).equals(Buffer.concat(parts))).toBe(true);
      if (total <= 4096) expect(joined).toHaveLength(1);
      else for (const one of parts) if (one.length >= 1024) expect(joined).toContain(one);
    }),
  );
});
