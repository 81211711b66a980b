import { expect, test } from 'vitest';
import { runEnsembleStory } from './story.ts';

test('a seed tells the same story of an ensemble each time, to the byte', async () => {
  const once = await runEnsembleStory({ seed: 11 });
  expect(await runEnsembleStory({ seed: 11 })).toEqual(once);
  expect(await runEnsembleStory({ seed: 12 })).not.toMatchObject({ traceHash: once.traceHash });
});
