import type { LogFields } from '../runtime.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface PrettyOptions {
  /** How a service's name stands at the beginning of its lines, e.g. padded and coloured. */
  readonly serviceName?: (name: string) => string;
  /** Colours for a terminal. */
  readonly paint?: (level: LogLevel, text: string) => string;
}

/** `21:52:01.123 kafka1 WARN  message (key: value)`: one line for people. The field `service` becomes the name in front. */
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
    .filter(([key, value]) => key !== 'service' && value !== undefined)
    .map(([key, value]) => `${key}: ${oneLine(String(value))}`);
  return `${head} ${oneLine(message)}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`;
}

/** What comes from outside can't begin a line of its own or move a terminal's cursor. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]/g, (c) =>
    JSON.stringify(c).slice(1, -1).replace('\u007f', '\\u007f'),
  );
}
