import { expect, test } from 'vitest';
import { TestClock } from '../../../test/zookeeper/test-server.ts';
import { RareWarnings } from '../../runtime/rare-warnings.ts';
import { silentLog } from '../../runtime/silent-log.ts';
import { WallClockWatch } from './wall-clock-watch.ts';

test('a wall clock that jumps is told of once, whichever way; one that drifts, or is corrected a little, is not', () => {
  const said: string[] = [];
  const clock = new (class extends TestClock {
    setByMs = 0;
    override wallMs(): number {
      return super.wallMs() + this.setByMs;
    }
  })();
  const log = { ...silentLog, warn: (message: string) => void said.push(message) };
  const watch = new WallClockWatch(clock, new RareWarnings(log, clock));
  for (const byMs of [0, 900, -2500, 40]) {
    clock.setByMs += byMs;
    watch.look();
  }
  expect(said).toEqual([]);
  clock.setByMs -= 60_000;
  watch.look();
  watch.look();
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('the clock of this machine jumped 60 s back.');
  clock.setByMs += 60_000;
  watch.look();
  expect(said).toHaveLength(1);
});
