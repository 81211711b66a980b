import { expect, test } from 'vitest';
import { ensembleOf } from '../../quorum/configuration/ensemble.ts';
import { parseZooKeeperConfig } from './config.ts';

const base = 'tickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\nclientPort=2181\n';
const servers = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\n';
const problem = (text: string): string =>
  parseZooKeeperConfig(base + servers + text, 'zoo.cfg').problems.map((p) => p.message)[0] ?? '';

test('groups and weights are read, and told as Apache tells them', () => {
  const { config } = parseZooKeeperConfig(`${base}${servers}group.1=1:2:3\nweight.3=0\n`, 'zoo.cfg');
  const ensemble = ensembleOf(config!);
  expect(ensemble.verifier.hasQuorum([1, 2])).toBe(true);
  expect(ensemble.verifier.hasQuorum([1, 3])).toBe(false);
  expect(ensemble.text).toBe(
    'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\nserver.4=d:1:2:observer\n' +
      'group.1=1:2:3\nweight.1=1\nweight.2=1\nweight.3=0\nversion=0',
  );
});

test('a voter without a group, in two groups, or with a wrong weight is refused', () => {
  expect(problem('group.1=1:2\n')).toContain('server 3 is in no group');
  expect(problem('group.1=1:2:3\ngroup.2=3\n')).toContain('in one group');
  expect(problem('group.1=1:2:3\nweight.1=heavy\n')).toContain('weight.1');
  expect(problem('group.1=1,2,3\n')).toContain('1:2:3');
});
