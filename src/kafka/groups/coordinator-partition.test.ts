import { expect, test } from 'vitest';
import { partitionFor } from './coordinator-partition.ts';

test("a group's partition is that of Java's hash, also for negative hashes and text beyond ASCII", () => {
  expect(partitionFor('', 50)).toBe(0);
  expect(partitionFor('a', 50)).toBe(97 % 50);
  expect(partitionFor('console-consumer-1', 50)).toBe(javaLike('console-consumer-1', 50));
  expect(partitionFor('그룹', 50)).toBe(javaLike('그룹', 50));
  expect(partitionFor('polygenelubricants', 50)).toBe(0); // hashes to the smallest int, whose absolute value is none
});

function javaLike(text: string, partitions: number): number {
  let hash = 0n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asIntN(32, hash * 31n + BigInt(text.charCodeAt(i)));
  return Number((hash < 0n ? -hash : hash) % BigInt(partitions));
}
