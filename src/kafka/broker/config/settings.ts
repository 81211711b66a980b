/**
 * A broker's configuration as texts with where each came from: /config/brokers/<id> before /config/brokers/<default> before server.properties
 * before the default (KIP-226), and topics' values that fall back on the broker's.
 */
import { brokerKeys } from './broker-keys.ts';
import { parseConfigValue, type ConfigKey, type ConfigValue } from './config-key.ts';
import { topicKeys } from './topic-keys.ts';

/** Numbers as DescribeConfigs has them. */
export const ConfigSource = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  static: 4,
  default: 5,
} as const;
export type ConfigSource = (typeof ConfigSource)[keyof typeof ConfigSource];

export interface SourcedValue {
  readonly name: string;
  readonly text: string | null;
  readonly source: ConfigSource;
}

export type Texts = ReadonlyMap<string, string>;

const none: Texts = new Map();

/** One state of a broker's configuration. A change makes a new one. */
export class Settings {
  readonly statics: Texts;
  readonly perBroker: Texts;
  readonly clusterDefault: Texts;

  constructor(statics: Texts, perBroker: Texts = none, clusterDefault: Texts = none) {
    this.statics = statics;
    this.perBroker = perBroker;
    this.clusterDefault = clusterDefault;
  }

  withDynamic(perBroker: Texts, clusterDefault: Texts): Settings {
    return new Settings(this.statics, perBroker, clusterDefault);
  }

  /** All places that DescribeConfigs names for a key, the one that counts first: synonyms only behind an entry of the key itself. */
  sources(name: string): SourcedValue[] {
    const all = this.candidates(name);
    const own = all.findIndex((value) => value.name === name);
    return own < 0 ? [] : all.slice(own);
  }

  /** All places that say something about a key or its synonyms in other units, the one that counts first. */
  candidates(name: string): SourcedValue[] {
    const names = brokerKeys[name]?.synonyms ?? [name];
    const from = (texts: Texts, source: ConfigSource) =>
      names.filter((n) => texts.has(n)).map((n) => ({ name: n, text: texts.get(n)!, source }));
    return [
      ...from(this.perBroker, ConfigSource.dynamicBroker),
      ...from(this.clusterDefault, ConfigSource.dynamicDefaultBroker),
      ...from(this.statics, ConfigSource.static),
      ...names
        .map((n) => ({ name: n, text: brokerKeys[n]?.default ?? null, source: ConfigSource.default }))
        .filter((value) => value.text !== null),
    ];
  }

  /** The text that counts for exactly this key, its synonyms left out; null when nothing sets it. */
  text(name: string): string | null {
    return (
      this.perBroker.get(name) ??
      this.clusterDefault.get(name) ??
      this.statics.get(name) ??
      brokerKeys[name]?.default ??
      null
    );
  }

  isSet(name: string): boolean {
    return this.perBroker.has(name) || this.clusterDefault.has(name) || this.statics.has(name);
  }

  /** Throws ConfigError. */
  value(name: string): ConfigValue {
    const text = this.text(name);
    return text === null ? null : parseConfigValue(name, keyOf(name), text);
  }

  number(name: string): number {
    const value = this.value(name);
    if (typeof value !== 'number') throw new TypeError(`${name} is no number`);
    return value;
  }

  numberOrNull(name: string): number | null {
    return this.text(name) === null ? null : this.number(name);
  }

  flag(name: string): boolean {
    return this.value(name) === true;
  }

  string(name: string): string {
    return String(this.value(name) ?? '');
  }

  stringOrNull(name: string): string | null {
    return this.text(name) === null ? null : this.string(name);
  }

  list(name: string): readonly string[] {
    const value = this.value(name);
    return Array.isArray(value) ? value : [];
  }
}

function keyOf(name: string): ConfigKey {
  const key = brokerKeys[name];
  if (key === undefined) throw new TypeError(`there is no broker key ${name}`);
  return key;
}

const hourMs = 3_600_000;
const unitMs: Record<string, number> = {
  'log.retention.hours': hourMs,
  'log.retention.minutes': 60_000,
  'log.roll.hours': hourMs,
  'log.roll.jitter.hours': hourMs,
};

/** A broker key's text in the unit of the topic key that falls back on it: hours and minutes become ms; a negative retention is none. */
function inTopicUnit(name: string, text: string): string {
  const unit = unitMs[name];
  if (unit === undefined) return text;
  const value = Number(text);
  return value < 0 ? '-1' : String(value * unit);
}

/** All places that DescribeConfigs names for a topic's key, the one that counts first. */
export function topicSources(name: string, overrides: Texts, broker: Settings): SourcedValue[] {
  const own = overrides.get(name);
  const [brokerKey] = topicKeys[name]?.brokerKeys ?? [];
  return [
    ...(own === undefined ? [] : [{ name, text: own, source: ConfigSource.topic }]),
    ...(brokerKey === undefined ? [] : broker.sources(brokerKey)),
  ];
}

/** What counts for a topic's key. Throws ConfigError. */
export function topicValue(name: string, overrides: Texts, broker: Settings): ConfigValue {
  const key = topicKeys[name];
  if (key === undefined) throw new TypeError(`there is no topic key ${name}`);
  const text = topicText(name, overrides, broker);
  return text === null ? null : parseConfigValue(name, key, text);
}

export function topicText(name: string, overrides: Texts, broker: Settings): string | null {
  const own = overrides.get(name);
  if (own !== undefined) return own;
  const [brokerKey] = topicKeys[name]?.brokerKeys ?? [];
  const [counts] = brokerKey === undefined ? [] : broker.candidates(brokerKey);
  const text = counts?.text ?? topicKeys[name]?.default ?? null;
  return counts === undefined || text === null ? text : inTopicUnit(counts.name, text);
}
