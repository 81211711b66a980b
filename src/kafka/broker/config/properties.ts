/** Java's properties format, with the line of each entry kept so that a mistake can be shown where it stands. */

export interface Property {
  readonly key: string;
  readonly value: string;
  /** 1-based line where the entry begins. */
  readonly line: number;
}

/**
 * Reads a properties file: `key=value`, `key: value` or `key value`; lines that begin with # or ! are comments; a backslash at the
 * end goes on with the next line; \t \n \r \f \uXXXX are escapes. A later entry of a key replaces an earlier one.
 */
export function parseProperties(text: string): Map<string, Property> {
  const properties = new Map<string, Property>();
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let logical = lines[i]!.trimStart();
    if (logical === '' || logical[0] === '#' || logical[0] === '!') continue;
    while (endsInBackslash(logical) && i + 1 < lines.length)
      logical = logical.slice(0, -1) + lines[++i]!.trimStart();
    if (endsInBackslash(logical)) logical = logical.slice(0, -1);
    const split = keyEnd(logical);
    const key = unescape(logical.slice(0, split));
    const value = unescape(logical.slice(split).replace(/^[ \t\f]*[=:]?[ \t\f]*/, ''));
    properties.set(key, { key, value, line });
  }
  return properties;
}

function endsInBackslash(line: string): boolean {
  return /\\*$/.exec(line)![0].length % 2 === 1;
}

function keyEnd(line: string): number {
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (/[=:\s]/.test(line[i]!)) return i;
  }
  return line.length;
}

const escapes: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex: string | undefined, one: string) =>
    hex === undefined ? (escapes[one] ?? one) : String.fromCharCode(parseInt(hex, 16)),
  );
}
