import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mistakes } from './known-mistakes.ts';

test.each(mistakes)('what the mistake $name changes stands in its file once', ({ edits }) => {
  for (const { file, right } of edits) {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
    expect(text.split(right), file).toHaveLength(2);
  }
});
