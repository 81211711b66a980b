import { expect, test } from 'vitest';
import { parseProperties, readProperties } from './properties.ts';

test('properties are read as Java reads them, each with the line where it begins', () => {
  const text = [
    '# a comment \\',
    '! another',
    '',
    '  key = value with blanks  ',
    'colon:1',
    'blank   2',
    'joined=a,\\',
    '    b,\\',
    '    c',
    'even=\\\\',
    'a\\=b\\ c=d\\te\\u00e9',
    'empty',
    'last=x\\',
  ].join('\r\n');
  expect(readProperties(text)).toEqual([
    { key: 'key', value: 'value with blanks  ', line: 4 },
    { key: 'colon', value: '1', line: 5 },
    { key: 'blank', value: '2', line: 6 },
    { key: 'joined', value: 'a,b,c', line: 7 },
    { key: 'even', value: '\\', line: 10 },
    { key: 'a=b c', value: 'd\te\u00e9', line: 11 },
    { key: 'empty', value: '', line: 12 },
    { key: 'last', value: 'x', line: 13 },
  ]);
});

test('a later entry of a key replaces an earlier one', () => {
  const text = 'a=1\nb=2\na=3\n';
  expect(readProperties(text).map(({ key }) => key)).toEqual(['a', 'b', 'a']);
  expect(parseProperties(text).get('a')).toEqual({ key: 'a', value: '3', line: 3 });
});
