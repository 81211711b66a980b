import { expect, test } from 'vitest';
import { Ensemble } from './ensemble.ts';
import { readEnsemble } from './ensemble-text.ts';

test('addresses of IPv6 stand in brackets, in lines that are read and in those that are told (ZOOKEEPER-1460, 3057)', () => {
  const text = [
    'server.1=[fd00::1]:2888:3888:participant;[::]:2181',
    'server.2=[fd00::2]:2888:3888|[fd01::2]:2889:3889:participant;0.0.0.0:2181',
    'server.3=zk3:2888:3888:observer',
    'version=100000003',
  ].join('\n');
  const ensemble = readEnsemble(text);
  expect(ensemble).toBeInstanceOf(Ensemble);
  if (typeof ensemble === 'string') return;
  expect(ensemble.member(1)!.addresses).toEqual([{ host: 'fd00::1', quorumPort: 2888, electionPort: 3888 }]);
  expect(ensemble.member(2)!.addresses.map(({ host }) => host)).toEqual(['fd00::2', 'fd01::2']);
  expect(ensemble.text).toBe(text);
});

test.each(['server.1=fd00::1:2888:3888', 'server.1=[fd00::1:2888:3888', 'server.1=[zk1]:2888:3888'])(
  '%s is no line of a configuration',
  (line) => {
    expect(readEnsemble(line)).toMatch(/is not of that form/);
  },
);
