/** An entry of a Java properties file. */
export interface Property {
  readonly key: string;
  readonly value: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/**
 * Reads a properties file as `java.util.Properties` does: lines that begin with # or ! are comments, the key ends at the first =, : or
 * blank that has no backslash before it, a backslash at the end of a line joins the next, \t \n \r \f \uXXXX are escapes. Entries come
 * in the file's order, repeated keys included.
 */
export function readProperties(text: string): Property[] {
  const entries: Property[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    let joined = withoutIndent(lines[i]!);
    const line = i + 1;
    if (joined === '' || joined.startsWith('#') || joined.startsWith('!')) continue;
    while (endsInBackslash(joined)) {
      joined = joined.slice(0, -1);
      i += 1;
      if (i < lines.length) joined += withoutIndent(lines[i]!);
    }
    const end = keyEnd(joined);
    const value = joined.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
    entries.push({ key: unescaped(joined.slice(0, end)), value: unescaped(value), line });
  }
  return entries;
}

/** The same by key; a later entry of a key replaces an earlier one. */
export function parseProperties(text: string): Map<string, Property> {
  return new Map(readProperties(text).map((entry) => [entry.key, entry]));
}

function withoutIndent(line: string): string {
  return line.replace(/^[ \t\f]+/, '');
}

/** Whether the last backslash isn't itself escaped. */
function endsInBackslash(line: string): boolean {
  return /\\*$/.exec(line)![0].length % 2 === 1;
}

function keyEnd(line: string): number {
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (/[=: \t\f]/.test(line[i]!)) return i;
  }
  return line.length;
}

const controls: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escape: string) =>
    escape.length === 5 ? String.fromCharCode(parseInt(escape.slice(1), 16)) : (controls[escape] ?? escape),
  );
}
