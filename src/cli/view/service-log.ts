import type { LogLevel } from '../../runtime/node/pretty-line.ts';
import type { Log, LogFields } from '../../runtime/runtime.ts';

export interface LogLine {
  readonly timeMs: number;
  readonly service: string;
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly message: string;
  /** Nothing in them but what JSON can hold. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

/** A service's log as lines that can be kept, sent and shown later. */
export function serviceLog(
  service: string,
  take: (line: LogLine) => void,
  level: 'debug' | 'info' = 'info',
  bound: LogFields = {},
): Log {
  const line = (at: LogLine['level'], message: string, fields: LogFields | undefined): void =>
    take({ timeMs: Date.now(), service, level: at, message, fields: plainFields({ ...bound, ...fields }) });
  return {
    debug: (message, fields) => {
      if (level === 'debug') line('debug', message, fields);
    },
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, fields) => line('error', message, fields),
    with: (fields) => serviceLog(service, take, level, { ...bound, ...fields }),
  };
}

function plainFields(fields: LogFields): LogLine['fields'] {
  const plain: Record<string, string | number | boolean | null> = {};
  for (const [key, value] of Object.entries(fields))
    if (value !== undefined && key !== 'service')
      plain[key] = typeof value === 'bigint' ? String(value) : value;
  return plain;
}
