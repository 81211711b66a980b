import { expect, test } from 'vitest';
import { TestClock } from '../../test/zookeeper/test-server.ts';
import { RareWarnings } from './rare-warnings.ts';
import { silentLog } from './silent-log.ts';

test('of a flood one warning is logged, and the next tells how many there were', () => {
  const said: string[] = [];
  let nowMs = 0;
  const clock = { ...new TestClock(), monotonicMs: () => nowMs } as TestClock;
  const warnings = new RareWarnings({ ...silentLog, warn: (message) => void said.push(message) }, clock);
  for (let i = 0; i < 1000; i++) warnings.warn('refused', `refused connection ${i}`);
  warnings.warn('malformed', 'what came makes no sense');
  nowMs = 10_000;
  warnings.warn('refused', 'refused connection 1000');
  nowMs = 20_000;
  warnings.warn('refused', 'refused connection 1001');
  expect(said).toEqual([
    'refused connection 0',
    'what came makes no sense',
    'refused connection 1000 (and 999 times more, since it was last said)',
    'refused connection 1001',
  ]);
});
