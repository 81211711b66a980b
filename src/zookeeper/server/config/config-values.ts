/** What a key of zoo.cfg may hold. `read` gives the value, or null when it isn't one; `allowed` finishes "write …". */
export interface ValueType<T> {
  readonly allowed: string;
  read(text: string): T | null;
}

export function whole(least: number, most = 0x7fffffff, unit = ''): ValueType<number> {
  const what = unit === '' ? 'a whole number' : `a whole number of ${unit}`;
  const range = most >= 0x7fffffff ? `of at least ${least}` : `from ${least} to ${most}`;
  return {
    allowed: least <= -0x7fffffff ? what : `${what} ${range}`,
    read(text) {
      if (!/^[+-]?\d+$/.test(text)) return null;
      const value = Number(text);
      return Number.isSafeInteger(value) && value >= least && value <= most ? value : null;
    },
  };
}

/** A whole number that Java reads in hexadecimal and octal, too (`jute.maxbuffer` comes as 0xfffff). */
export function wholeAnyBase(least: number): ValueType<number> {
  const decimal = whole(least);
  return {
    allowed: `${decimal.allowed} (hexadecimal with 0x)`,
    read: (text) =>
      /^0[xX][0-9a-fA-F]{1,8}$/.test(text) ? decimal.read(String(parseInt(text, 16))) : decimal.read(text),
  };
}

export function decimal(): ValueType<number> {
  return {
    allowed: 'a number such as 0.33',
    read: (text) => (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : null),
  };
}

export const bool: ValueType<boolean> = {
  allowed: 'true or false',
  read: (text) => named(text, { true: true, false: false }),
};

export const yesNo: ValueType<boolean> = {
  allowed: 'yes or no',
  read: (text) => named(text, { yes: true, no: false, true: true, false: false }),
};

function named(text: string, values: Record<string, boolean>): boolean | null {
  return values[text.toLowerCase()] ?? null;
}

export const text: ValueType<string> = {
  allowed: 'something',
  read: (value) => (value === '' ? null : value),
};

export const anyText: ValueType<string> = { allowed: 'anything', read: (value) => value };

export const path: ValueType<string> = { ...text, allowed: 'a path' };

export const host: ValueType<string> = {
  allowed: 'a host name or address',
  read: (value) => (/^[0-9A-Za-z._:%[\]-]+$/.test(value) ? value.replace(/^\[(.*)\]$/, '$1') : null),
};

export function oneOf<T extends string>(...values: T[]): ValueType<T> {
  return {
    allowed: values.map((value) => (value === '' ? 'nothing' : value)).join(' or '),
    read: (value) => values.find((known) => known.toLowerCase() === value.toLowerCase()) ?? null,
  };
}

export const port = whole(0, 65535);
