import type { ValueType } from './config-values.ts';
import type { ZooKeeperConfig } from './config.ts';

export type Value = string | number | boolean;
export type Draft = { -readonly [K in keyof ZooKeeperConfig]: ZooKeeperConfig[K] };

/** What becomes of a key of zoo.cfg. */
export type KeyRule =
  | {
      readonly key: string;
      readonly type: ValueType<Value>;
      readonly meaning: 'honoured';
      set(config: Draft, value: Value): void;
    }
  /** Has no meaning here: a warning says why. */
  | { readonly key: string; readonly type: ValueType<Value>; readonly meaning: 'moot'; readonly why: string }
  /** Going on without it would be unsafe or wrong: an error, unless it has its harmless value. */
  | {
      readonly key: string;
      readonly type: ValueType<Value>;
      readonly meaning: 'unserved';
      readonly harmless: Value | null;
      readonly why: string;
    };

export function honoured<F extends keyof ZooKeeperConfig>(
  key: string,
  field: F,
  type: ValueType<ZooKeeperConfig[F] & Value>,
): KeyRule {
  return {
    key,
    type,
    meaning: 'honoured',
    set: (config, value) => Object.assign(config, { [field]: value }),
  };
}

export function moot(key: string, type: ValueType<Value>, why: string): KeyRule {
  return { key, type, meaning: 'moot', why };
}

export function unserved(key: string, type: ValueType<Value>, harmless: Value | null, why: string): KeyRule {
  return { key, type, meaning: 'unserved', harmless, why };
}
