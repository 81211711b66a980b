import { expect, test } from 'vitest';
import { AckQueue } from './ack-queue.ts';

function queue(): {
  acks: AckQueue;
  heard: string[];
  wait(name: string, offset: number): { settled(code: number): void };
} {
  const acks = new AckQueue();
  const heard: string[] = [];
  return {
    acks,
    heard,
    wait(name, offset) {
      const waiter = { settled: (code: number) => void heard.push(`${name}:${code}`) };
      acks.wait(offset, waiter);
      return waiter;
    },
  };
}

test('those are settled that the high watermark reaches, in order', () => {
  const { acks, heard, wait } = queue();
  wait('a', 5);
  wait('b', 7);
  wait('c', 9);
  acks.reached(7, 0);
  expect(heard).toEqual(['a:0', 'b:0']);
  acks.reached(8, 0);
  expect(acks.size).toBe(1);
  acks.failAll(6);
  expect(heard).toEqual(['a:0', 'b:0', 'c:6']);
  expect(acks.size).toBe(0);
});

test('a duplicate waits for an earlier offset than those before it', () => {
  const { acks, heard, wait } = queue();
  wait('new', 9);
  wait('old', 4);
  acks.reached(4, 0);
  expect(heard).toEqual(['old:0']);
});

test('who gave up is not settled', () => {
  const { acks, heard, wait } = queue();
  const waiter = wait('a', 5);
  wait('b', 6);
  acks.remove(waiter);
  acks.reached(10, 0);
  expect(heard).toEqual(['b:0']);
});

test('who is settled may wait again at once', () => {
  const { acks, heard } = queue();
  acks.wait(1, {
    settled: () => {
      heard.push('first');
      acks.wait(2, { settled: () => void heard.push('second') });
    },
  });
  acks.reached(1, 0);
  expect(heard).toEqual(['first']);
  acks.reached(2, 0);
  expect(heard).toEqual(['first', 'second']);
});

test('thousands of waiters pass through without piling up', () => {
  const { acks, heard, wait } = queue();
  for (let offset = 1; offset <= 5000; offset += 1) {
    wait(String(offset), offset);
    if (offset > 3) acks.reached(offset - 3, 0);
  }
  expect(acks.size).toBe(3);
  expect(heard).toHaveLength(4997);
});
