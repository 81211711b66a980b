import { expect, test } from 'vitest';
import { createNodeCodecs } from '../../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import { buildBatch } from '../../records/build-batch.ts';
import { LogTail, TailBudget } from './log-tail.ts';

const codecs = createNodeCodecs();
const digests = createNodeDigests();

function append(tail: LogTail, offset: number): void {
  const batch = buildBatch(codecs, digests, [{ value: Buffer.alloc(1000) }], { baseOffset: offset });
  tail.add(Buffer.from(new Uint8Array(batch).buffer), offset, offset);
}

const has = (tail: LogTail, offset: number, end: number): boolean =>
  tail.read(offset, 10_000, end, true) !== null;

test('what everybody who follows has is let go, the rest stays', () => {
  const tail = new LogTail(new TailBudget(1_000_000));
  for (let offset = 0; offset < 5; offset += 1) append(tail, offset);
  tail.trim(3);
  expect([0, 1, 2, 3, 4].map((offset) => has(tail, offset, 5))).toEqual([false, false, false, true, true]);
});

test('the oldest appends of all logs make room, however many were let go before', () => {
  const budget = new TailBudget(20_000);
  const busy = new LogTail(budget);
  const idle = new LogTail(budget);
  append(idle, 0);
  for (let offset = 0; offset < 20_000; offset += 1) {
    append(busy, offset);
    busy.trim(offset);
  }
  expect(has(idle, 0, 1)).toBe(true);
  expect(has(busy, 19_999, 20_000)).toBe(true);
  for (let offset = 20_000; offset < 20_040; offset += 1) append(busy, offset);
  expect(has(idle, 0, 1)).toBe(false);
  expect(has(busy, 20_039, 20_040)).toBe(true);
  expect(has(busy, 20_000, 20_040)).toBe(false);
});
