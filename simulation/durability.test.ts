import { expect, test } from 'vitest';
import { runStory } from './durability.ts';

/** A story takes two seconds of a quiet machine; ms of the real clock. */
const PATIENCE_MS = 120_000;

test('a seed tells the same story each time, to the byte', { timeout: PATIENCE_MS }, async () => {
  const once = await runStory({ seed: 11, faultsMs: 4000 });
  const again = await runStory({ seed: 11, faultsMs: 4000 });
  expect(again).toEqual(once);
  expect(await runStory({ seed: 12, faultsMs: 4000 })).not.toMatchObject({ traceHash: once.traceHash });
});

test.each([1, 2, 3])(
  'with seed %i nothing that was acknowledged is lost, doubled or out of order',
  { timeout: PATIENCE_MS },
  async (seed) => {
    const { broken, acknowledged } = await runStory({ seed, faultsMs: 15_000 });
    expect(broken).toEqual([]);
    expect(acknowledged).toBeGreaterThan(500);
  },
);
