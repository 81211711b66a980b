import { SecurityError } from '../config.ts';

/** One entry of a section: a login module and its options. */
export interface JaasEntry {
  /** The Java class. */
  readonly module: string;
  readonly options: ReadonlyMap<string, string>;
}

const TOKEN = /\s+|\/\/[^\n]*|#[^\n]*|\/\*[^]*?\*\/|"((?:[^"\\\n]|\\.)*)"|([{};=])|([^\s{};="/#]+|\/)/gy;

/**
 * Reads a JAAS file, the form in which Java programs keep their logins: sections by name. Throws a SecurityError, which tells the line
 * and no secret.
 */
export function parseJaas(text: string, file: string): Map<string, readonly JaasEntry[]> {
  const tokens: { text: string; isQuoted: boolean; at: number }[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null) throw wrong(text, at, file, 'a quotation mark or comment that does not end');
    const [, quoted, sign, word] = match;
    if (quoted !== undefined) tokens.push({ text: quoted.replace(/\\(.)/g, '$1'), isQuoted: true, at });
    else if (sign !== undefined || word !== undefined)
      tokens.push({ text: (sign ?? word)!, isQuoted: false, at });
  }
  let next = 0;
  const peek = (): string | null => {
    const token = tokens[next];
    return token === undefined || token.isQuoted ? null : token.text;
  };
  const take = (wanted: string | null, what: string): string => {
    const token = tokens[next];
    const isSign = token !== undefined && !token.isQuoted && /^[{};=]$/.test(token.text);
    if (token === undefined || (wanted === null ? isSign : token.isQuoted || token.text !== wanted))
      throw wrong(text, token?.at ?? text.length, file, `${what} is missing`);
    next += 1;
    return token.text;
  };
  const sections = new Map<string, readonly JaasEntry[]>();
  while (next < tokens.length) {
    const name = take(null, 'the name of a section');
    take('{', 'an opening brace');
    const entries: JaasEntry[] = [];
    while (peek() !== '}') {
      const module = take(null, 'a login module');
      take(null, 'required, requisite, sufficient or optional');
      const options = new Map<string, string>();
      while (peek() !== ';') {
        const option = take(null, 'an option, or a semicolon behind the last one,');
        take('=', 'an equals sign');
        options.set(option, take(null, 'a value'));
      }
      take(';', 'a semicolon');
      entries.push({ module, options });
    }
    take('}', 'a closing brace');
    take(';', 'a semicolon behind the closing brace');
    sections.set(name, entries);
  }
  return sections;
}

function wrong(text: string, at: number, file: string, what: string): SecurityError {
  const line = text.slice(0, at).split('\n').length;
  return new SecurityError('JAAS_WRONG', `${file}:${line} is not as a JAAS file should be: ${what}`);
}
