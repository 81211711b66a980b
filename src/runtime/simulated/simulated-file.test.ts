import { expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedFile } from './simulated-file.ts';

type Change = { kind: 'write'; at: number; bytes: Uint8Array } | { kind: 'truncate'; at: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    at: fc.nat(40),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant('truncate' as const), at: fc.nat(50) }),
);

function after(changes: readonly Change[]): Buffer {
  let content = Buffer.alloc(0);
  for (const one of changes) {
    const size = one.kind === 'write' ? Math.max(content.length, one.at + one.bytes.length) : one.at;
    const next = Buffer.alloc(size);
    content.copy(next);
    if (one.kind === 'write') next.set(one.bytes, one.at);
    content = next;
  }
  return content;
}

function contentOf(file: SimulatedFile): Buffer {
  const content = Buffer.alloc(file.sizeBytes);
  file.read(content, 0, content.length, 0);
  return content;
}

test('after a loss of power a file has what was synced, and a beginning of the changes after that', () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), fc.boolean(), fc.integer(), (first, then, tear, seed) => {
      const file = new SimulatedFile();
      const make = (one: Change): void =>
        one.kind === 'write' ? file.write(Buffer.from(one.bytes), one.at) : file.truncate(one.at);
      first.forEach(make);
      const mark = file.changes();
      then.forEach(make);
      file.syncUpTo(mark);
      expect(contentOf(file)).toEqual(after([...first, ...then]));
      file.losePower(new SeededRandom(seed), tear);
      const possible = then.flatMap((next, i) => {
        const before = [...first, ...then.slice(0, i)];
        const torn =
          tear && next.kind === 'write'
            ? Array.from(next.bytes, (_, n) => [
                after([...before, { ...next, bytes: next.bytes.subarray(0, n + 1) }]),
                after([...before, { ...next, bytes: next.bytes.map((byte, i) => (i < n ? byte : 0)) }]),
              ]).flat()
            : [];
        return [after(before), ...torn];
      });
      possible.push(after([...first, ...then]));
      expect(possible.some((one) => one.equals(contentOf(file)))).toBe(true);
    }),
  );
});
