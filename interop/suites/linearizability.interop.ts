/** That the judge of histories bites: Porcupine, with the model of `clients/go/linearizable`, refuses what no register can have done. */
import { expect, test } from 'vitest';
import { judge, type Operation } from '../support/ensemble-load.ts';

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
