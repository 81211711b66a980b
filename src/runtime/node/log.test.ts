import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import { prettyLine } from './pretty-line.ts';

test('for machines a line is an object, with the fields of its log and its own', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(line) });
  log.with({ service: 'kafka1' }).warn('the disk is slow', { ms: 1200, session: 2n ** 60n });
  const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, unknown>;
  expect(Date.parse(String(time))).not.toBeNaN();
  expect(rest).toEqual({
    level: 'warn',
    service: 'kafka1',
    message: 'the disk is slow',
    ms: 1200,
    session: 2 ** 60,
  });
});

test('for people a line begins with time, service and level, and is one line whatever it holds', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5, 67);
  expect(
    prettyLine(
      time,
      'warn',
      'it is\nslow',
      { service: 'kafka1', ms: 5, path: 'a\u001b[2Jb', no: undefined },
      {},
    ),
  ).toBe('03:04:05.067 kafka1 WARN  it is\\nslow (ms: 5, path: a\\u001b[2Jb)');
});

test.each(['json', 'pretty'] as const)('%s lines below the level are left out', (format) => {
  const lines: string[] = [];
  const log = createLog({ format, level: 'warn', write: (line) => lines.push(line) });
  log.info('no');
  log.error('yes');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('yes');
});
