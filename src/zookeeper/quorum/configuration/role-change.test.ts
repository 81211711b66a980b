import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { Ensemble } from './ensemble.ts';
import { roleChange, type Place } from './role-change.ts';

const three = ensembleOf([1, 2, 3], [], 1);
const placeIn = (ensemble: Ensemble, id = 1): Place => ({ ensemble, self: ensemble.member(id)! });
const moved = (id: number): Ensemble =>
  new Ensemble(
    three.members.map((member) =>
      member.id === id
        ? { ...member, addresses: [{ host: 'elsewhere', quorumPort: 2888, electionPort: 3888 }] }
        : member,
    ),
    null,
    2,
  );

test('the role goes on while leader and role stay, whoever else comes and goes', () => {
  expect(roleChange(placeIn(three), placeIn(ensembleOf([1, 3, 4], [5], 2)), 3, 3)).toBeNull();
  expect(roleChange(placeIn(three), placeIn(ensembleOf([1, 3], [], 2)), 3, null)).toBeNull();
});

test('another leader that was named is taken without a vote', () => {
  const change = roleChange(placeIn(three), placeIn(ensembleOf([1, 2], [], 2)), 3, 2);
  expect(change).toEqual({
    appointed: 2,
    reason: 'the ensemble was reconfigured, and server 2 leads from now on',
  });
});

test('who becomes an observer, or a participant, begins anew with the same leader', () => {
  const observing = ensembleOf([2, 3], [1], 2);
  expect(roleChange(placeIn(three), placeIn(observing), 3, 3)).toEqual({
    appointed: 3,
    reason: 'the ensemble was reconfigured, and this server is an observer from now on',
  });
  expect(roleChange(placeIn(observing), placeIn(three), 3, 3)?.reason).toMatch(/a participant from now on$/);
});

test('a leader that moved, or votes no more, without a word on who follows it: there is a vote', () => {
  expect(roleChange(placeIn(three), placeIn(moved(3)), 3, null)).toEqual({
    appointed: null,
    reason: 'the ensemble was reconfigured, and its leader moved',
  });
  expect(roleChange(placeIn(three), placeIn(moved(3)), 3, 3), 'it says itself that it leads on').toBeNull();
});
