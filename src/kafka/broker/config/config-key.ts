/** What a configuration key may hold: types, ranges and how a text becomes a value. The rules are Apache's ConfigDef's. */

export type ConfigType =
  'boolean' | 'int' | 'short' | 'long' | 'double' | 'string' | 'list' | 'password' | 'class';

/** A long beyond 2^53 is taken as 2^53 − 1: such limits mean "never". Its text stays exact. */
export type ConfigValue = boolean | number | string | readonly string[] | null;

/** @returns what is wrong with a value, as the end of a sentence that begins with the key's name; null when it is right. */
export type Validator = (value: ConfigValue) => string | null;

export interface ConfigKey {
  readonly type: ConfigType;
  readonly default: string | null | undefined;
  readonly importance: 'high' | 'medium' | 'low';
  readonly update?: UpdateMode;
  readonly valid?: Validator;
  /** Broker keys that say the same in other units, the most important first. */
  readonly synonyms?: readonly string[];
  /** For a topic's key: the broker's keys that it takes its default from. */
  readonly brokerKeys?: readonly string[];
  /** Only valid as a dynamic setting in ZooKeeper, not in server.properties. */
  readonly quota?: boolean;
}

export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide';

export type ConfigKeys = Readonly<Record<string, ConfigKey>>;

/** A value that doesn't fit its key. The message is a whole sentence with what is allowed. */
export class ConfigError extends Error {
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.name = 'ConfigError';
    this.key = key;
  }
}

const integers = {
  short: { min: -(2n ** 15n), max: 2n ** 15n - 1n },
  int: { min: -(2n ** 31n), max: 2n ** 31n - 1n },
  long: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
};

/** Reads the text of a value. Throws ConfigError. */
export function parseConfigValue(name: string, key: ConfigKey, text: string): ConfigValue {
  const value = parse(name, key.type, text.trim());
  const wrong = key.valid?.(value) ?? null;
  if (wrong !== null) throw new ConfigError(name, `${name} ${wrong}, not ${quote(text)}`);
  return value;
}

function parse(name: string, type: ConfigType, text: string): ConfigValue {
  switch (type) {
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower === 'true' || lower === 'false') return lower === 'true';
      throw new ConfigError(name, `${name} must be true or false, not ${quote(text)}`);
    }
    case 'short':
    case 'int':
    case 'long': {
      const { min, max } = integers[type];
      if (!/^[+-]?\d+$/.test(text))
        throw new ConfigError(name, `${name} must be a whole number, not ${quote(text)}`);
      const value = BigInt(text.replace('+', ''));
      if (value < min || value > max)
        throw new ConfigError(name, `${name} must lie between ${min} and ${max}, not ${text}`);
      return clamp(value);
    }
    case 'double': {
      const value = Number(text);
      if (text === '' || Number.isNaN(value))
        throw new ConfigError(name, `${name} must be a number, not ${quote(text)}`);
      return value;
    }
    case 'list':
      return text === '' ? [] : text.split(',').map((item) => item.trim());
    case 'string':
    case 'password':
    case 'class':
      return text;
  }
}

const quote = (text: string) => (text.trim() === '' ? 'empty' : `'${text.trim()}'`);

export const atLeast =
  (min: number): Validator =>
  (value) =>
    typeof value === 'number' && value < min ? `must be at least ${min}` : null;

export const between =
  (min: number, max: number): Validator =>
  (value) =>
    typeof value === 'number' && (value < min || value > max) ? `must lie between ${min} and ${max}` : null;

export const oneOf =
  (...allowed: string[]): Validator =>
  (value) =>
    typeof value === 'string' && !allowed.includes(value) ? `must be one of ${allowed.join(', ')}` : null;

export const eachOf =
  (...allowed: string[]): Validator =>
  (value) =>
    Array.isArray(value) && value.some((item) => !allowed.includes(item))
      ? `must be a list of ${allowed.join(' and ')}`
      : null;

/** `partition:broker,…` or `*`. */
export const throttledReplicas: Validator = (value) =>
  Array.isArray(value) &&
  !(value.length === 1 && value[0] === '*') &&
  value.some((item) => !/^\d+:\d+$/.test(item))
    ? "must be '*' or a list of partition:broker"
    : null;

const versions =
  '0.8.0 0.8.1 0.8.2 0.9.0 0.10.0-IV0 0.10.0-IV1 0.10.1-IV0 0.10.1-IV1 0.10.1-IV2 0.10.2-IV0 0.11.0-IV0 0.11.0-IV1 0.11.0-IV2 1.0-IV0 1.1-IV0 2.0-IV0 2.0-IV1 2.1-IV0 2.1-IV1 2.1-IV2 2.2-IV0 2.2-IV1 2.3-IV0 2.3-IV1'.split(
    ' ',
  );

/**
 * The full name of a protocol or format version (`2.3`, `2.3.0` and `2.3-IV1` are all `2.3-IV1`): a release without IV means its
 * last one. null for a version that 2.3 doesn't know.
 */
export function fullKafkaVersion(text: string): string | null {
  const parts = text.split('-')[0]!.split('.');
  const release = parts.slice(0, parts[0] === '0' ? 3 : 2).join('.');
  const wanted = text.includes('-') ? `${release}-${text.split('-')[1]}` : release;
  return versions.findLast((v) => v === wanted || v.split('-')[0] === wanted) ?? null;
}

/** -1, 0 or 1: the order of two full version names. */
export function compareKafkaVersions(a: string, b: string): number {
  return Math.sign(versions.indexOf(a) - versions.indexOf(b));
}

export const kafkaVersion: Validator = (value) =>
  typeof value === 'string' && fullKafkaVersion(value) === null
    ? 'must be a version up to 2.3, such as 2.3 or 0.10.2-IV0'
    : null;

function clamp(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}
