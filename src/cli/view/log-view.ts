import { prettyLine } from '../../runtime/node/pretty-line.ts';
import type { Colors } from './colors.ts';
import { namePainter } from './colors.ts';
import type { LogLine } from './service-log.ts';

/** Turns log lines into text for people, each with its service's name in front. */
export function logView(names: readonly string[], colors: Colors): (line: LogLine) => string {
  const serviceName = namePainter(names, colors);
  const paint = (level: string, text: string): string =>
    level === 'error' ? colors.red(text) : level === 'warn' ? colors.yellow(text) : colors.dim(text);
  return (line) =>
    `${prettyLine(new Date(line.timeMs), line.level, line.message, { ...line.fields, service: line.service }, { serviceName, paint })}\n`;
}
