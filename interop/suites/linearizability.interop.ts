/** That the judge of histories bites: Porcupine, with the model of `clients/go/linearizable`, refuses what no register can have done. */
import { expect, test } from 'vitest';
import { judge, whatGoesBackwards, type Operation } from '../support/ensemble-load.ts';
import { Timeline } from '../support/timeline.ts';

type Draft = Partial<Operation> & Pick<Operation, 'op' | 'call' | 'return'>;

const history = (...drafts: readonly Draft[]): Operation[] =>
  drafts.map((draft, client) => ({ client, key: 'r0', outcome: 'ok', ...draft }));

const first: Draft = { op: 'set', value: 'a', version: 1, call: 0, return: 10 };
const second: Draft = { op: 'set', value: 'b', version: 2, call: 20, return: 30 };

const possible: Record<string, Operation[]> = {
  'one after the other': history(first, second, { op: 'read', seen: 'b', version: 2, call: 40, return: 50 }),
  'a read beside a write that sees what was before': history(first, second, {
    op: 'read',
    seen: 'a',
    version: 1,
    call: 20,
    return: 50,
  }),
  'a write of which nobody knows, seen later': history(
    first,
    { op: 'set', value: 'b', outcome: 'unknown', call: 20, return: 30 },
    { op: 'read', seen: 'a', version: 1, call: 40, return: 50 },
    { op: 'read', seen: 'b', version: 2, call: 60, return: 70 },
  ),
  'a write of which nobody knows, never seen': history(
    first,
    { op: 'set', value: 'b', outcome: 'unknown', call: 20, return: 30 },
    { op: 'read', seen: 'a', version: 1, call: 40, return: 50 },
  ),
  'a refused compare-and-set': history(first, {
    op: 'cas',
    value: 'x',
    expected: 7,
    outcome: 'refused',
    call: 20,
    return: 30,
  }),
};

const impossible: Record<string, Operation[]> = {
  'a stale read': history(first, second, { op: 'read', seen: 'a', version: 1, call: 40, return: 50 }),
  'an acknowledged write that is lost': history(first, {
    op: 'read',
    seen: '',
    version: 0,
    call: 40,
    return: 50,
  }),
  'two writes that both were the second': history(first, second, {
    op: 'set',
    value: 'c',
    version: 2,
    call: 40,
    return: 50,
  }),
  'a compare-and-set that won twice': history(
    first,
    { op: 'cas', value: 'b', expected: 1, version: 2, call: 20, return: 30 },
    { op: 'cas', value: 'c', expected: 1, version: 3, call: 20, return: 30 },
  ),
  'a write of which nobody knows, seen and gone again': history(
    first,
    { op: 'set', value: 'b', outcome: 'unknown', call: 20, return: 30 },
    { op: 'read', seen: 'b', version: 2, call: 40, return: 50 },
    { op: 'read', seen: 'a', version: 1, call: 60, return: 70 },
  ),
};

test.each(Object.entries(possible))('%s is a history of a register', async (_, operations) => {
  expect(await judge(operations)).toMatchObject({ illegal: [], undecided: [] });
});

test('a refused history says what can not have been, what could, and what is known', async () => {
  const earlier: Draft = { op: 'read', seen: 'a', version: 1, call: 12, return: 15 };
  const stale: Draft = { op: 'read', seen: 'a', version: 1, call: 4e6, return: 5e6, server: 'host:1' };
  const { why } = await judge(
    history(first, earlier, second, { op: 'read', seen: 'b', version: 2, call: 35, return: 36 }, stale),
  );
  expect(why).toEqual([
    'r0: client 4 at host:1, from 4.000 to 5.000 ms, read "a" (version 1): impossible; possible: "b" (version 2)',
    '  as these are known:',
    expect.stringContaining('read "b" (version 2)'),
  ]);
});

test.each(Object.entries(impossible))('%s is no history of a register', async (_, operations) => {
  expect(await judge(operations)).toMatchObject({ illegal: ['r0'], undecided: [] });
});

test('who may have led when is known from what the servers were seen to be', () => {
  let now = 0;
  const timeline = new Timeline(() => now);
  const at = (ns: number) => ((now = ns), timeline);
  at(0).befell(1, 'apache 3.9.5', 'starts', true);
  at(10).saw(1, 'apache 3.9.5', 'follower', 9);
  at(20).saw(1, 'apache 3.9.5', 'follower', 19);
  at(30).saw(1, 'apache 3.9.5', 'leader', 29);
  at(35).befell(1, 'apache 3.9.5', 'is cut off', false);
  at(40).saw(1, 'apache 3.9.5', 'follower', 39);
  expect([
    timeline.mayHaveLed(1, 15, 18),
    timeline.mayHaveLed(1, 15, 21),
    timeline.mayHaveLed(1, 36, 37),
    timeline.mayHaveLed(1, 41, 42),
    timeline.mayHaveLed(2, 20, 30),
  ]).toEqual([null, 'apache 3.9.5', 'apache 3.9.5', null, null]);
});

test('a session that goes backwards and a version with two values are told', () => {
  const forked: Draft = { op: 'read', seen: 'x', version: 1, call: 32, return: 33 };
  const back: Draft = { op: 'read', seen: 'a', version: 1, call: 34, return: 35 };
  const together = history(first, second, forked, back).map((each, i) => ({ ...each, client: i % 2 }));
  expect(whatGoesBackwards(together)).toEqual([
    'r0: version 1 is "a" for some and "x" for others',
    'r0: client 1 at undefined met version 1 after version 2',
  ]);
});
