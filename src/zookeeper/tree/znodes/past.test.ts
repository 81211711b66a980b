import { expect, test } from 'vitest';
import { mayBeOneCluster, type Past } from './past.ts';

/** Znodes as [path, zxid, ms]. */
function past(lastZxid: number, ...znodes: [string, number, number][]): Past {
  return {
    lastZxid,
    newestMs: Math.max(...znodes.map(([, , timeMs]) => timeMs)),
    created: new Map(znodes.map(([path, zxid, timeMs]) => [path, { zxid, timeMs }])),
  };
}

const TAIL_MS = 1000;

test('trees without a znode in common, each with old ones, are of two clusters', () => {
  const own = past(9, ['/a', 1, 10], ['/b', 9, 5000]);
  expect(mayBeOneCluster(own, past(20, ['/a', 1, 11], ['/b', 9, 5000], ['/c', 2, 12]), TAIL_MS)).toBe(false);
  expect(mayBeOneCluster(own, past(20, ['/a', 1, 10], ['/c', 2, 12]), TAIL_MS)).toBe(true);
});

test('who missed a time in which all was made anew is of this cluster', () => {
  expect(mayBeOneCluster(past(9, ['/a', 1, 10], ['/b', 9, 5000]), past(20, ['/c', 12, 9000]), TAIL_MS)).toBe(
    true,
  );
});

test('a tail that was never committed, which removed all and made something else, makes no other cluster of it', () => {
  expect(mayBeOneCluster(past(9, ['/mine', 9, 5000]), past(20, ['/theirs', 1, 10]), TAIL_MS)).toBe(true);
  expect(
    mayBeOneCluster(past(9, ['/mine', 8, 4500], ['/b', 9, 5000]), past(20, ['/theirs', 1, 10]), TAIL_MS),
  ).toBe(true);
});

test('who was away while all but the youngest of what it knows was removed is of this cluster', () => {
  const own = past(9, ['/old', 1, 10], ['/young', 9, 5000]);
  expect(mayBeOneCluster(own, past(20, ['/young', 9, 5000], ['/c', 12, 9000]), TAIL_MS)).toBe(true);
});
