/**
 * An ensemble of three and an observer whose servers are replaced one after the other, under load, each taking over the data directory of
 * the one before it: Apache's of one version, gregor's, Apache's of the other, and back. On its way it is every mixture of three that has a
 * gregor in it, and each maker leads and follows each other. All that are replaced are killed with -9: leaders, followers, and with some of
 * them the observer. One voter and the observer keep their logs in a folder of its own.
 */
import { expect, test } from 'vitest';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { underLoad, whatIsNotLinearizable, whatIsWrongWith } from '../support/ensemble-load.ts';
import { startEnsemble, type Ensemble } from '../support/ensembles.ts';

const OLD = 'apache 3.4.14';
const NEW = 'apache 3.9.5';

const OBSERVER = 4;

/** Which servers become whose. Every mixture of voters is named as it is after the step. */
const steps: readonly (readonly [ids: readonly number[], maker: ZooKeeperMaker, after: string])[] = [
  [[1], 'gregor', '3.4 3.4 gregor'],
  [[3, OBSERVER], 'gregor', '3.4 gregor gregor'],
  [[2], 'gregor', 'gregor gregor gregor'],
  [[3], NEW, '3.9 gregor gregor'],
  [[1, OBSERVER], NEW, '3.9 3.9 gregor'],
  [[2], NEW, '3.9 3.9 3.9'],
  [[3, OBSERVER], 'gregor', '3.9 3.9 gregor'],
  [[2], 'gregor', '3.9 gregor gregor'],
  [[2], OLD, '3.4 3.9 gregor'],
  [[1], 'gregor', '3.4 gregor gregor'],
  [[3, OBSERVER], OLD, '3.4 3.4 gregor'],
  [[1], OLD, '3.4 3.4 3.4'],
];

test('servers of Apache become gregor, then others of Apache, and back, with their data, under load', async () => {
  const ensemble = await startEnsemble([OLD, OLD, OLD], { observers: [OLD], withLogFolder: [3, OBSERVER] });
  const led = new Set<string>();
  await underLoad(ensemble, async (load) => {
    for (const [ids, maker, after] of steps) {
      const replaced = ids.map((id) => ensemble.members[id - 1]!);
      await Promise.all(replaced.map((member) => member.kill()));
      await load.more(5); // the two that are left go on
      for (const member of replaced) {
        member.change(maker);
        member.start();
      }
      const leader = await ensemble.serving();
      led.add(leader.maker);
      expect(mixture(ensemble)).toBe(after);
      await load.more(10);
      expect(await whatIsWrongWith(ensemble, load), `${after}, led by ${leader.maker}`).toEqual([]);
      await load.go();
    }
    const history = await load.history();
    expect(await whatIsNotLinearizable(history, ensemble)).toEqual([]);
    expect(history.length).toBeGreaterThan(1000);
    expect([...led].sort()).toEqual([OLD, NEW, 'gregor'].sort());
  });
});

function mixture({ members }: Ensemble): string {
  const names = { 'apache 3.4.14': '3.4', 'apache 3.9.5': '3.9', gregor: 'gregor' };
  return members
    .filter(({ isObserver }) => !isObserver)
    .map(({ maker }) => names[maker])
    .sort()
    .join(' ');
}
