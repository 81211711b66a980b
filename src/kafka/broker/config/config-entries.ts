/** Configuration as DescribeConfigs shows it: each key with the value that counts, where it comes from, and what it overrides. */
import { brokerKeys } from './broker-keys.ts';
import type { ConfigKey, ConfigType } from './config-key.ts';
import {
  ConfigSource,
  topicSources,
  topicText,
  type Settings,
  type SourcedValue,
  type Texts,
} from './settings.ts';
import { topicKeys } from './topic-keys.ts';

export interface ConfigEntry {
  readonly name: string;
  /** null for secrets and for what nothing sets. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly isDefault: boolean;
  readonly isSensitive: boolean;
  readonly isReadOnly: boolean;
  readonly type: ConfigType;
  /** Every place that sets it, the one that counts first. */
  readonly synonyms: readonly SourcedValue[];
}

export function brokerEntries(settings: Settings): ConfigEntry[] {
  const known = Object.entries(brokerKeys)
    .filter(([name, key]) => key.quota !== true || settings.isSet(name))
    .map(([name, key]) => {
      const synonyms = settings.sources(name);
      return entry(name, key, settings.text(name), synonyms, ConfigSource.static, isReadOnly(name));
    });
  return known;
}

export function topicEntries(overrides: Texts, broker: Settings): ConfigEntry[] {
  return Object.entries(topicKeys).map(([name, key]) =>
    entry(
      name,
      key,
      topicText(name, overrides, broker),
      topicSources(name, overrides, broker),
      ConfigSource.topic,
      false,
    ),
  );
}

/** A key whose synonym in another unit can be changed counts as one that can be changed. */
function isReadOnly(name: string): boolean {
  return (brokerKeys[name]?.synonyms ?? [name]).every((each) => brokerKeys[each]?.update === 'read-only');
}

function entry(
  name: string,
  key: ConfigKey,
  value: string | null,
  synonyms: SourcedValue[],
  own: ConfigSource,
  isReadOnly: boolean,
): ConfigEntry {
  const source = synonyms[0]?.source ?? ConfigSource.default;
  const isSensitive = key.type === 'password';
  return {
    name,
    value: isSensitive ? null : value,
    source,
    // Version 0 knows no sources: there "default" means that the entity itself doesn't set it.
    isDefault: own === ConfigSource.topic ? source !== ConfigSource.topic : source === ConfigSource.default,
    isSensitive,
    isReadOnly,
    type: key.type,
    synonyms: isSensitive ? synonyms.map((s) => ({ ...s, text: null })) : synonyms,
  };
}
