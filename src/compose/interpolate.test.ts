import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { interpolate } from './interpolate.ts';

function fill(text: string, values: Record<string, string> = {}): { text: string; said: string[] } {
  const said: string[] = [];
  const filled = interpolate(text, {
    lookup: (name) => values[name],
    missing: (name) => said.push(`missing ${name}`),
    failed: (code, message) => said.push(`${code} ${message}`),
  });
  return { text: filled, said };
}

test.each([
  ['$A and ${A}', { A: '1' }, '1 and 1'],
  ['$$A costs $$1', {}, '$A costs $1'],
  ['${A:-x}', { A: '' }, 'x'],
  ['${A-x}', { A: '' }, ''],
  ['${A-x}', {}, 'x'],
  ['${A:+x}', { A: '' }, ''],
  ['${A+x}', { A: '' }, 'x'],
  ['${A:+x}', { A: '1' }, 'x'],
  ['${A:?why}', { A: '1' }, '1'],
  ['${A:-${B:-deep}}', {}, 'deep'],
  ['${A:-${B}/x}', { B: 'b' }, 'b/x'],
  ['${A:-a:b}', {}, 'a:b'],
])('%s with %o is %s', (text, values, expected) => {
  expect(fill(text, values as Record<string, string>)).toEqual({ text: expected, said: [] });
});

test('a variable without a value is nothing, and is named', () => {
  expect(fill('a${A}b$B')).toEqual({ text: 'ab', said: ['missing A', 'missing B'] });
});

test('a required variable without a value says what its author wrote', () => {
  expect(fill('${A:?set it in .env}').said).toEqual([
    'VARIABLE_REQUIRED the variable A has no value: set it in .env',
  ]);
});

test.each(['${A', '$', 'a$1', '${}', '${A!x}'])('%s is a mistake', (text) => {
  expect(fill(text).said[0]).toMatch(/^VARIABLE_SYNTAX/);
});

test('text without dollars stays as it is', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('$')),
      (text) => fill(text).text === text,
    ),
  );
});
