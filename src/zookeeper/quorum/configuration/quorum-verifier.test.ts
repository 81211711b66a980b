import { expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { bothOf, hierarchyOf, majorityOf } from './quorum-verifier.ts';

test('a majority is more than half of the voters, and nobody else counts', () => {
  const four = majorityOf([1, 2, 3, 4]);
  expect(four.hasQuorum([1, 2])).toBe(false);
  expect(four.hasQuorum([1, 2, 2, 9])).toBe(false);
  expect(four.hasQuorum([1, 2, 4])).toBe(true);
  expect(majorityOf([7]).hasQuorum([7])).toBe(true);
  expect(four.weightOf(9)).toBe(0);
});

test('of a hierarchy more than half of the groups are needed, and more than half of the weight of each', () => {
  const groups = new Map([
    [1, [1, 2, 3]],
    [2, [4, 5, 6]],
    [3, [7, 8, 9]],
  ]);
  const three = hierarchyOf([1, 2, 3, 4, 5, 6, 7, 8, 9], { groups, weights: new Map() });
  expect(three.hasQuorum([1, 2, 4, 5])).toBe(true);
  expect(three.hasQuorum([1, 2, 3, 4, 7])).toBe(false);
  expect(three.hasQuorum([1, 4, 7])).toBe(false);
});

test('weight 0 counts for nothing, and a group without weight is none', () => {
  const groups = new Map([
    [1, [1, 2, 3]],
    [2, [4, 5]],
  ]);
  const weights = new Map([
    [3, 0],
    [4, 0],
    [5, 0],
  ]);
  const one = hierarchyOf([1, 2, 3, 4, 5], { groups, weights });
  expect(one.hasQuorum([1, 2])).toBe(true);
  expect(one.hasQuorum([1, 3, 4, 5])).toBe(false);
  expect(one.weightOf(3)).toBe(0);
  expect(one.weightOf(1)).toBe(1);
});

test('a heavy server may outweigh its group', () => {
  const only = hierarchyOf([1, 2, 3], {
    groups: new Map([[1, [1, 2, 3]]]),
    weights: new Map([[1, 3]]),
  });
  expect(only.hasQuorum([1])).toBe(true);
  expect(only.hasQuorum([2, 3])).toBe(false);
});

test('any two quorums of a configuration meet', () => {
  const servers = [1, 2, 3, 4, 5, 6, 7];
  const sets = fc.uniqueArray(fc.constantFrom(...servers));
  const weights = fc.array(fc.nat(4), { minLength: 7, maxLength: 7 });
  const cuts = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 6 }));
  fc.assert(
    fc.property(sets, sets, weights, cuts, (a, b, w, [x, y]) => {
      const hierarchy = hierarchyOf(servers, {
        groups: new Map([
          [1, servers.slice(0, x)],
          [2, servers.slice(x, y)],
          [3, servers.slice(y)],
        ]),
        weights: new Map(servers.map((server, i) => [server, w[i]!])),
      });
      for (const verifier of [majorityOf(servers), hierarchy])
        if (verifier.hasQuorum(a) && verifier.hasQuorum(b))
          expect(a.some((server) => b.includes(server))).toBe(true);
    }),
  );
});

test('on the way from one configuration to the next both must agree', () => {
  const joint = bothOf(majorityOf([1, 2, 3]), majorityOf([3, 4, 5]));
  expect(joint.hasQuorum([1, 2, 3])).toBe(false);
  expect(joint.hasQuorum([2, 3, 4])).toBe(true);
});
