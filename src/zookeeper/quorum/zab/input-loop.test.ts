import { expect, test } from 'vitest';
import { InputLoop } from './input-loop.ts';

test('all that comes out of an input is carried out before the next one, and what that leads to comes after', () => {
  const told: string[] = [];
  const loop: InputLoop<string, string> = new InputLoop<string, string>(
    (input, out) => {
      told.push(`in ${input}`);
      if (input === 'a') out.push('1', '2');
    },
    (output) => {
      told.push(`out ${output}`);
      if (output === '1') loop.step('b');
    },
  );
  loop.step('a');
  loop.step('c');
  expect(told).toEqual(['in a', 'out 1', 'out 2', 'in b', 'in c']);
});

test('when nothing is left there may be one more input, whose outputs count as any', () => {
  const told: string[] = [];
  let owed = 0;
  const loop: InputLoop<string, string> = new InputLoop<string, string>(
    (input, out) => {
      told.push(input);
      if (input === 'settle' && told.length < 4) out.push('again');
    },
    () => {
      owed += 1;
      loop.step('b');
    },
    () => (owed-- > 0 ? 'settle' : null),
  );
  owed = 1;
  loop.step('a');
  expect(told).toEqual(['a', 'settle', 'b', 'settle']);
});

test('an input that fails takes those that wait with it, and the next one is fed as any', () => {
  const told: string[] = [];
  const loop: InputLoop<string, string> = new InputLoop<string, string>(
    (input, out) => {
      told.push(input);
      if (input === 'bad') out.push('fails');
    },
    () => {
      loop.step('lost');
      throw new Error('the disk is gone');
    },
  );
  expect(() => loop.step('bad')).toThrow('the disk is gone');
  loop.step('good');
  expect(told).toEqual(['bad', 'good']);
});
