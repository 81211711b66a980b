import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import { readEnsemble } from './ensemble-text.ts';
import type { Ensemble } from './ensemble.ts';
import { designate, nextEnsemble } from './reconfigure.ts';

const three = ensembleOf([1, 2, 3], [], 0x100000000);
const none = { joining: null, leaving: null, newMembers: null, fromVersion: -1 };
const servers = (ensemble: Ensemble | number): string | number =>
  typeof ensemble === 'number' ? ensemble : ensemble.text;

test('some leave and some join; the version is the zxid', () => {
  const next = nextEnsemble(
    three,
    { ...none, leaving: '1', joining: 'server.4=zk4:2888:3888:observer;2181' },
    0x100000007,
    true,
  );
  expect(servers(next)).toBe(
    'server.2=zk2:2888:3888:participant;0.0.0.0:2181\nserver.3=zk3:2888:3888:participant;0.0.0.0:2181\n' +
      'server.4=zk4:2888:3888:observer;0.0.0.0:2181\nversion=100000007',
  );
});

test('a whole list replaces the old one, groups and several addresses included', () => {
  const text =
    'server.1=a:1:2|b:1:2:participant;0.0.0.0:5\nserver.2=c:1:2:participant;0.0.0.0:5\ngroup.1=1:2\nweight.1=2\nweight.2=1';
  const next = nextEnsemble(three, { ...none, newMembers: text }, 9, true);
  expect(servers(next)).toBe(`${text}\nversion=9`);
  expect((next as Ensemble).verifier.hasQuorum([1])).toBe(true);
});

test('what is refused has Apache’s codes', () => {
  const refused = (change: Partial<typeof none>, standalone = true): string | number =>
    servers(nextEnsemble(three, { ...none, ...change } as typeof none, 9, standalone));
  expect(refused({ fromVersion: 5 })).toBe(ErrorCode.BadVersion);
  expect(refused({ leaving: '2,3' } as never)).toBe(ErrorCode.BadArguments);
  expect(refused({ leaving: '2,3' } as never, false)).toContain('server.1=');
  expect(refused({ leaving: 'x' } as never)).toBe(ErrorCode.BadArguments);
  expect(refused({ joining: 'server.4=zk4:2888:3888' } as never)).toBe(ErrorCode.BadArguments);
  expect(refused({ joining: 'server.4=zk1:2888:3999;2181' } as never)).toBe(ErrorCode.BadArguments);
  expect(refused({ newMembers: 'server.1=zk1:1:2\nclientPort=2181' } as never)).toBe(ErrorCode.BadArguments);
  const grouped = ensembleOf([1, 2, 3], [], 0, { groups: new Map([[1, [1, 2, 3]]]), weights: new Map() });
  expect(nextEnsemble(grouped, { ...none, leaving: '1' } as never, 9, true)).toBe(ErrorCode.BadArguments);
});

test('what an ensemble tells is what it reads', () => {
  const read = readEnsemble(three.text);
  expect((read as Ensemble).text).toBe(three.text);
  expect(readEnsemble('server.1=a:1:2:observer')).toContain('takes part in votes');
});

test('who leads goes on if it stays; else whoever acknowledged most', () => {
  const acks = [
    { sid: 1, zxid: 9 },
    { sid: 2, zxid: 8 },
  ];
  expect(designate(3, three, ensembleOf([1, 2, 3]), acks)).toBe(3);
  expect(designate(3, three, ensembleOf([1, 2]), acks)).toBe(1);
  expect(designate(3, three, ensembleOf([2, 4], [1, 3]), acks)).toBe(2);
});
