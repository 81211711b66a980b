/** An entry of a Java properties file. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

/**
 * Reads a properties file as Java does: comments begin with # or !, the key ends at the first =, : or blank that has no backslash
 * before it, a backslash at the end of a line joins the next. Entries come in the file's order, repeated keys included.
 */
export function readProperties(text: string): Entry[] {
  const entries: Entry[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    let joined = lines[i]!.replace(/^[ \t\f]+/, '');
    const line = i + 1;
    if (joined === '' || joined.startsWith('#') || joined.startsWith('!')) continue;
    while (/(^|[^\\])(\\\\)*\\$/.test(joined)) {
      joined = joined.slice(0, -1);
      i += 1;
      if (i < lines.length) joined += lines[i]!.replace(/^[ \t\f]+/, '');
    }
    const parts = /^((?:\\.|[^=: \t\f\\])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(joined);
    entries.push({ key: unescaped(parts?.[1] ?? ''), value: unescaped(parts?.[2] ?? '').trim(), line });
  }
  return entries;
}

const controls: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escape: string) =>
    escape.length === 5 ? String.fromCharCode(parseInt(escape.slice(1), 16)) : (controls[escape] ?? escape),
  );
}
