import type { LogFields } from '../runtime.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface PrettyOptions {
  /** How a service's name stands at the beginning of its lines, e.g. padded and coloured. */
  readonly serviceName?: (name: string) => string;
  /** Colours for a terminal. */
  readonly paint?: (level: LogLevel, text: string) => string;
}

/**
 * `21:52:01.123 kafka1 WARN  message (key: value)`: one line for people. The fields `service` and `part` become names in front, and what
 * the message says already isn't repeated behind it.
 */
export function prettyLine(
  time: Date,
  level: LogLevel,
  message: string,
  fields: LogFields,
  options: PrettyOptions,
): string {
  const clock = time.toTimeString().slice(0, 8);
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  const service = fields['service'];
  const name = typeof service === 'string' ? `${(options.serviceName ?? String)(service)} ` : '';
  const label = level.toUpperCase().padEnd(5);
  const head = `${clock}.${ms} ${name}${options.paint === undefined ? label : options.paint(level, label)}`;
  const rest = Object.entries(fields)
    .filter(([key, value]) => key !== 'service' && key !== 'part' && value !== undefined)
    .filter(([, value]) => !says(message, String(value)))
    .map(([key, value]) => `${key}: ${oneLine(String(value))}`);
  const part = fields['part'];
  const prefix = typeof part === 'string' ? `${part}: ` : '';
  return `${head} ${prefix}${oneLine(message)}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`;
}

/** Whether the text contains the word, not only as a part of a longer one. */
function says(text: string, word: string): boolean {
  const isPart = (c: string | undefined): boolean => c !== undefined && /[\w.]/.test(c);
  if (word === '') return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!isPart(text[at - 1]) && !isPart(text[at + word.length])) return true;
  return false;
}

/** What comes from outside can't begin a line of its own or move a terminal's cursor. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]/g, (c) =>
    JSON.stringify(c).slice(1, -1).replace('\u007f', '\\u007f'),
  );
}
