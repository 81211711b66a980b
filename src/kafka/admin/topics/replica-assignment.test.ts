import { describe, expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import type { Random } from '../../../runtime/runtime.ts';
import { assignReplicas, type BrokerPlace } from './replica-assignment.ts';

const first: Random = { float: () => 0, below: () => 0, bytes: (count) => Buffer.alloc(count) };
const seeded = (seed: number): Random => ({ ...first, below: (limit) => seed % limit });
const brokers = (count: number): BrokerPlace[] =>
  Array.from({ length: count }, (_, at) => ({ id: at + 1, rack: null }));

test('leaders go round, and the followers of each round stand one further on', () => {
  const assignment = assignReplicas(brokers(5), { partitions: 10, replicationFactor: 3 }, first);
  expect([...assignment.values()].map((replicas) => replicas.join(''))).toEqual([
    '123',
    '234',
    '345',
    '451',
    '512',
    '134',
    '245',
    '351',
    '412',
    '523',
  ]);
});

test('partitions that are added go on where the first ones ended', () => {
  const wish = { partitions: 2, replicationFactor: 2, firstPartition: 3, startIndex: 0 };
  expect(assignReplicas(brokers(3), wish, first)).toEqual(
    new Map([
      [3, [1, 3]],
      [4, [2, 1]],
    ]),
  );
});

const wishes = fc
  .record({
    racks: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 9 }),
    partitions: fc.integer({ min: 1, max: 40 }),
    factor: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(),
    withRacks: fc.boolean(),
  })
  .map((wish) => ({ ...wish, factor: Math.min(wish.factor, wish.racks.length) }));

describe('whatever is wished', () => {
  test('each partition has different brokers, and each broker leads as many as the others, give or take one', () => {
    fc.assert(
      fc.property(wishes, ({ racks, partitions, factor, seed, withRacks }) => {
        const places = racks.map((rack, at) => ({ id: at, rack: withRacks ? `r${rack}` : null }));
        const assignment = assignReplicas(places, { partitions, replicationFactor: factor }, seeded(seed));
        const leaders = new Map<number, number>(places.map(({ id }) => [id, 0]));
        for (const replicas of assignment.values()) {
          expect(new Set(replicas).size).toBe(factor);
          leaders.set(replicas[0]!, leaders.get(replicas[0]!)! + 1);
        }
        expect(Math.max(...leaders.values()) - Math.min(...leaders.values())).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('with racks, replicas are in as many of them as there can be', () => {
    fc.assert(
      fc.property(wishes, ({ racks, partitions, factor, seed }) => {
        const places = racks.map((rack, id) => ({ id, rack: `r${rack}` }));
        const assignment = assignReplicas(places, { partitions, replicationFactor: factor }, seeded(seed));
        for (const replicas of assignment.values()) {
          const used = new Set(replicas.map((id) => racks[id]));
          expect(used.size).toBe(Math.min(factor, new Set(racks).size));
        }
      }),
    );
  });
});
