/**
 * `$NAME` and `${NAME}` in compose files, with `:-` `-` (else this), `:?` `?` (else stop, saying this) and `:+` `+` (this when it is set);
 * what stands behind them may contain variables again. `$$` is a dollar.
 */
export interface Interpolation {
  lookup(name: string): string | undefined;
  /** A variable has no value, and nothing says what to take instead. */
  missing(name: string): void;
  /** A required variable has no value (`:?`), or the text can't be read. */
  failed(code: 'VARIABLE_REQUIRED' | 'VARIABLE_SYNTAX', message: string): void;
}

export function interpolate(text: string, how: Interpolation): string {
  if (!text.includes('$')) return text;
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1] ?? '';
    if (next === '$') {
      result += '$';
      at = dollar + 2;
    } else if (next === '{') {
      const end = closingBrace(text, dollar + 2);
      if (end < 0) {
        how.failed('VARIABLE_SYNTAX', `"\${" in "${text}" has no closing brace`);
        return text;
      }
      result += braced(text.slice(dollar + 2, end), how);
      at = end + 1;
    } else {
      const name = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1))?.[0];
      if (name === undefined) {
        how.failed('VARIABLE_SYNTAX', `the dollar in "${text}" names no variable`);
        return text;
      }
      result += plain(name, how);
      at = dollar + 1 + name.length;
    }
  }
  return result;
}

function braced(inner: string, how: Interpolation): string {
  const parts = /^([A-Za-z_]\w*)(?:(:?[-?+])([\s\S]*))?$/.exec(inner);
  if (parts === null) {
    how.failed('VARIABLE_SYNTAX', `"\${${inner}}" is no variable`);
    return '';
  }
  const [, name = '', operator, word = ''] = parts;
  if (operator === undefined) return plain(name, how);
  const value = how.lookup(name);
  const usable = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  if (operator.endsWith('+')) return usable ? interpolate(word, how) : '';
  if (usable) return value ?? '';
  if (operator.endsWith('-')) return interpolate(word, how);
  const says = interpolate(word, how);
  how.failed('VARIABLE_REQUIRED', `the variable ${name} has no value${says === '' ? '' : `: ${says}`}`);
  return '';
}

function plain(name: string, how: Interpolation): string {
  const value = how.lookup(name);
  if (value === undefined) how.missing(name);
  return value ?? '';
}

/** The brace that closes the one before `from`; those of nested variables come in pairs. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '$' && text[at + 1] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
