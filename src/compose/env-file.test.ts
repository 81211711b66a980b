import { expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';
import { Problems } from './problems.ts';

function parse(text: string, env: Record<string, string> = {}): Record<string, string> {
  const problems = new Problems();
  const values = parseEnvFile(text, '.env', (name) => env[name], problems);
  expect(problems.list()).toEqual([]);
  return Object.fromEntries([...values].map(([name, { value }]) => [name, value]));
}

test('names, comments, quotes, exports and variables', () => {
  const text = `
# a comment
A=1
export B = two words # and a comment
C='$A stays' # so
D="\${A} is\\n1"
E=\${A:-9}/x
F=
G="over
two lines"
H=a#b
I`;
  expect(parse(text, { I: 'mine' })).toEqual({
    A: '1',
    B: 'two words',
    C: '$A stays',
    D: '1 is\n1',
    E: '1/x',
    F: '',
    G: 'over\ntwo lines',
    H: 'a#b',
    I: 'mine',
  });
});

test('what is no variable and a quote that stays open are told with their lines', () => {
  const problems = new Problems();
  parseEnvFile('A=1\n=2\nB="x\n', 'my.env', () => undefined, problems);
  expect(problems.list().map(({ line, code }) => `${line} ${code}`)).toEqual([
    '2 ENV_FILE_LINE',
    '3 ENV_FILE_QUOTE',
  ]);
});
