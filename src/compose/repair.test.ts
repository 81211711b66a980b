import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { parseYaml } from './parse-yaml.ts';
import { Problems } from './problems.ts';
import { repair } from './repair.ts';
import { child, textOf } from './tree.ts';

function mend(text: string): { text: string; said: string[] } {
  const problems = new Problems();
  const mended = repair(text, 'c.yml', problems);
  return {
    text: mended,
    said: problems.list().map(({ line, code, message }) => `${line} ${code} ${message}`),
  };
}

test('tabs become two spaces each, and a region of such lines is told of once', () => {
  const text = 'a:\n\tb:\n\n\t# c\n\t\tc: 1\nd: 1\n \te: 2\n';
  expect(mend(text)).toEqual({
    text: 'a:\n  b:\n\n  # c\n    c: 1\nd: 1\n   e: 2\n',
    said: [
      '2 TAB_INDENTATION lines 2-5 are indented with tabs, which YAML forbids',
      '7 TAB_INDENTATION this line is indented with tabs, which YAML forbids',
    ],
  });
});

test('placeholders are quoted; those of volumes are told of where volumes are read', () => {
  expect(mend('- {my path}:/data  # here\n')).toEqual({ text: '- "{my path}:/data"  # here\n', said: [] });
  expect(mend('  A: {host}:9092\n')).toEqual({
    text: '  A: "{host}:9092"\n',
    said: ['1 PLACEHOLDER {host} is a placeholder that was never filled in'],
  });
});

test('flow maps, quoted braces and variables stay as they are', () => {
  const text = 'a: { b: 1 }\nc: "{x}y"\nd: ${E}/f\n- {g: h}\n';
  expect(mend(text)).toEqual({ text, said: [] });
});

test('lines stay where they are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('\t', ' ', '-', '{', '}', ':', 'a', '#', '"') })),
      (lines) => mend(lines.join('\n')).text.split('\n').length === Math.max(1, lines.length),
    ),
  );
});

test('what YAML can read is not mended: a tab in a text is a tab', () => {
  const problems = new Problems();
  const tree = parseYaml('a: |\n  one\n  \ttwo\n', 'c.yml', problems);
  expect(textOf(child(tree ?? undefined, 'a'))).toBe('one\n\ttwo\n');
  expect(problems.list()).toEqual([]);
});

test('no text makes the reader fail', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('\t', ' ', '-', '{', '}', ':', 'a', '&', '*', '[', '\n', '"', '<') }),
      (text) => {
        parseYaml(text, 'c.yml', new Problems());
      },
    ),
  );
});
