import type { Placed } from './model.ts';
import type { Problems } from './problems.ts';
import { interpolate } from './interpolate.ts';

/**
 * Reads `.env` and `env_file` files: `NAME=value`, `export NAME=value`, `NAME` alone (the caller's own value), quotes, comments,
 * values over several lines in quotes. Single quotes keep dollars as they are.
 */
export function parseEnvFile(
  text: string,
  file: string,
  lookup: (name: string) => string | undefined,
  problems: Problems,
): Map<string, Placed<string>> {
  const values = new Map<string, Placed<string>>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const place = { file, line: index + 1 };
    const line = (lines[index] ?? '').trim();
    if (line === '' || line.startsWith('#')) continue;
    const parts = /^(?:export\s+)?([^\s=:]+)\s*(?:[=:]\s*([\s\S]*))?$/.exec(line);
    if (parts === null) {
      problems.error(place, 'ENV_FILE_LINE', `"${line}" is no variable`, 'write NAME=value');
      continue;
    }
    const [, name = ''] = parts;
    let raw = parts[2];
    if (raw === undefined) {
      const own = lookup(name);
      if (own !== undefined) values.set(name, { value: own, place });
      continue;
    }
    const quote = raw[0];
    if (quote === '"' || quote === "'") {
      while (!closes(raw, quote) && index + 1 < lines.length) {
        index += 1;
        raw += `\n${lines[index] ?? ''}`;
      }
      if (!closes(raw, quote)) {
        problems.error(place, 'ENV_FILE_QUOTE', `the quote before the value of ${name} is never closed`);
        continue;
      }
    }
    const fill = (value: string): string =>
      interpolate(value, {
        lookup: (wanted) => values.get(wanted)?.value ?? lookup(wanted),
        missing: () => {},
        failed: (code, message) => problems.error(place, code, message),
      });
    values.set(name, { value: unquote(raw, fill), place });
  }
  return values;
}

function closes(raw: string, quote: string): boolean {
  return endOfQuote(raw, quote) > 0;
}

function endOfQuote(raw: string, quote: string): number {
  for (let at = 1; at < raw.length; at += 1) {
    if (raw[at] === '\\' && quote === '"') at += 1;
    else if (raw[at] === quote) return at;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unquote(raw: string, fill: (value: string) => string): string {
  if (raw.startsWith("'")) return raw.slice(1, endOfQuote(raw, "'"));
  if (!raw.startsWith('"')) return fill(raw.replace(/(^|\s+)#.*$/, '').trimEnd());
  const inner = raw.slice(1, endOfQuote(raw, '"'));
  return fill(inner.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char));
}
