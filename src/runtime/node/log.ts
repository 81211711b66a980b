import { createRequire } from 'node:module';
import type { Log, LogFields } from '../runtime.ts';
import { prettyLine, type LogLevel, type PrettyOptions } from './pretty-line.ts';

export { silentLog } from '../silent-log.ts';
export type { LogLevel } from './pretty-line.ts';

export interface LogOptions {
  /** Lines below this level are left out. Default: info. */
  readonly level?: LogLevel;
  /** `json` for machines, one object a line; `pretty` for people. Default: json. */
  readonly format?: 'json' | 'pretty';
  /** Takes a whole line with its end. Default: standard error. */
  readonly write?: (line: string) => void;
  readonly pretty?: PrettyOptions;
}

export function createLog(options: LogOptions = {}): Log {
  const write = options.write ?? ((line) => void process.stderr.write(line));
  const level = options.level ?? 'info';
  return options.format === 'pretty'
    ? new PrettyLog(level, write, options.pretty ?? {}, {})
    : createJsonLog(level, write);
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

class PrettyLog implements Log {
  private readonly level: LogLevel;
  private readonly write: (line: string) => void;
  private readonly options: PrettyOptions;
  private readonly fields: LogFields;

  constructor(level: LogLevel, write: (line: string) => void, options: PrettyOptions, fields: LogFields) {
    this.level = level;
    this.write = write;
    this.options = options;
    this.fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    this.line('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.line('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.line('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.line('error', message, fields);
  }

  with(fields: LogFields): Log {
    return new PrettyLog(this.level, this.write, this.options, { ...this.fields, ...fields });
  }

  private line(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (RANK[level] < RANK[this.level]) return;
    const all = fields === undefined ? this.fields : { ...this.fields, ...fields };
    this.write(`${prettyLine(new Date(), level, message, all, this.options)}\n`);
  }
}

/** What is used of pino, which is loaded only where its lines are wanted: it takes a tenth of a start. */
interface Pino {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Pino;
}

const NO_FIELDS: LogFields = {};

function createJsonLog(level: LogLevel, write: (line: string) => void): Log {
  const pino = createRequire(import.meta.url)('pino') as (options: object, stream: object) => Pino;
  const options = {
    level,
    base: undefined,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    messageKey: 'message',
  };
  return jsonLog(pino(options, { write }));
}

function jsonLog(logger: Pino): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? NO_FIELDS, message),
    info: (message, fields) => logger.info(fields ?? NO_FIELDS, message),
    warn: (message, fields) => logger.warn(fields ?? NO_FIELDS, message),
    error: (message, fields) => logger.error(fields ?? NO_FIELDS, message),
    with: (fields) => jsonLog(logger.child(fields)),
  };
}
