import { expect, test } from 'vitest';
import { SessionTracker } from './session-tracker.ts';

test('a session expires at the tick after its timeout, and once only', () => {
  const tracker = new SessionTracker<null>(1000, 0);
  tracker.add(1n, 4000, 500, null);
  expect(tracker.expire(4999)).toEqual([]);
  expect(tracker.expire(5000).map((session) => session.id)).toEqual([1n]);
  expect(tracker.expire(9000)).toEqual([]);
});

test('a touched session lives on from there', () => {
  const tracker = new SessionTracker<null>(1000, 0);
  const session = tracker.add(1n, 4000, 0, null);
  session.touchedAtMs = 3900;
  expect(tracker.expire(7999)).toEqual([]);
  expect(tracker.expire(8000)).toHaveLength(1);
});

test('whole buckets expire together, also when the server looked away for a long time', () => {
  const tracker = new SessionTracker<null>(1000, 0);
  for (let i = 0; i < 5; i++) tracker.add(BigInt(i), 2000, i * 300, null);
  expect(tracker.expire(60_000)).toHaveLength(5);
});

test('a removed session never expires', () => {
  const tracker = new SessionTracker<null>(1000, 0);
  tracker.add(1n, 2000, 0, null);
  tracker.remove(1n);
  expect(tracker.expire(60_000)).toEqual([]);
  expect(tracker.size).toBe(0);
});
