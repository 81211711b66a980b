import { expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { PathMap } from './path-map.ts';

test('it holds what a Map would hold', () => {
  const path = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('', '/', '/a', '/topics/a/partitions/0/state'),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.option(fc.integer())), { maxLength: 60 }), (changes) => {
      const map = new PathMap<number>();
      const expected = new Map<string, number>();
      for (const [key, value] of changes) {
        if (value === null) expect(map.delete(key)).toBe(expected.delete(key));
        else {
          map.set(key, value);
          expected.set(key, value);
        }
        expect(map.size).toBe(expected.size);
        expect(map.get(key)).toBe(expected.get(key));
      }
      expect(new Map(map)).toEqual(expected);
      expect([...map.values()].sort()).toEqual([...expected.values()].sort());
    }),
  );
});

test('usual paths are spread over the parts, so that none grows large', () => {
  const map = new PathMap<number>();
  for (let topic = 0; topic < 200; topic++)
    for (let partition = 0; partition < 50; partition++)
      map.set(`/brokers/topics/topic-${topic}/partitions/${partition}/state`, 1);
  expect(map.largestPart).toBeLessThan(map.size / 8);
});
