import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '../runtime.ts';

export function createNodeRandom(): Random {
  return {
    float: () => Math.random(),
    below: (limit) => (limit <= 1 ? 0 : randomInt(Math.min(limit, 2 ** 48 - 1))),
    bytes: (count) => randomBytes(count),
  };
}
