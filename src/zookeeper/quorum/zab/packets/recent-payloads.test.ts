import { expect, test } from 'vitest';
import { RecentPayloads } from './recent-payloads.ts';

const bytesOf = (zxid: number, size = 8): Buffer => Buffer.alloc(size, zxid % 251);

test('what was pushed comes back as it was, from any of them on, while the oldest go', () => {
  const recent = new RecentPayloads(100, 2000);
  for (let zxid = 101; zxid <= 20_000; zxid++) recent.push(zxid, bytesOf(zxid, 1000));
  expect(recent.last).toBe(20_000);
  expect(recent.after(100, false)).toBeNull();
  const late = recent.after(18_500, false)!;
  expect(late.length).toBe(1500);
  for (const [i, payload] of late.entries()) expect(payload.equals(bytesOf(18_501 + i, 1000))).toBe(true);
  expect(recent.after(20_000, false)).toEqual([]);
});

test('a number that is none of them is not known, unless it is to be trusted', () => {
  const recent = new RecentPayloads(10, 2000);
  recent.push(11, bytesOf(11));
  recent.push(20, bytesOf(20));
  expect(recent.after(10, false)).toEqual([bytesOf(11), bytesOf(20)]);
  expect(recent.after(15, false)).toBeNull();
  expect(recent.after(15, true)).toEqual([bytesOf(20)]);
  expect(recent.after(9, true)).toBeNull();
});

test('large ones are kept, too, but not many of them', () => {
  const recent = new RecentPayloads(0, 2000);
  for (let zxid = 1; zxid <= 100; zxid++) recent.push(zxid, bytesOf(zxid, 1 << 20));
  expect(recent.after(50, false)).toBeNull();
  expect(recent.after(90, false)!.map((payload) => payload[0])).toEqual([
    91, 92, 93, 94, 95, 96, 97, 98, 99, 100,
  ]);
  recent.reset(7);
  expect(recent.last).toBe(7);
  expect(recent.after(7, false)).toEqual([]);
});
