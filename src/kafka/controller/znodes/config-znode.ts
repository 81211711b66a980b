import { encodeJson, JsonFields, ZnodeFormatError } from './json.ts';

/** What was set for one entity (topic, broker, user, client): key → value, both as text. */
export type ConfigOverrides = ReadonlyMap<string, string>;

export function encodeConfig(config: ConfigOverrides): Buffer {
  return encodeJson({ version: 1, config: Object.fromEntries(config) });
}

/** A znode without data, as the parents of `users/<u>/clients` are, holds no config. Throws ZnodeFormatError. */
export function decodeConfig(path: string, data: Buffer | null): Map<string, string> {
  if (data === null || data.length === 0) return new Map();
  const config = JsonFields.parse(path, data).object('config');
  return new Map(config.names().map((name) => [name, config.text(name)]));
}

/** `entity`: `topics/orders`, `brokers/1`, `users/bob%40x/clients/<default>`. */
export function encodeConfigChange(entity: string): Buffer {
  return encodeJson({ version: 2, entity_path: entity });
}

/** Versions 1 and 2. Throws ZnodeFormatError. */
export function decodeConfigChange(path: string, data: Buffer | null): string {
  const fields = JsonFields.parse(path, data);
  const version = fields.integer('version');
  if (version === 2) return fields.text('entity_path');
  if (version === 1) return `${fields.text('entity_type')}/${fields.text('entity_name')}`;
  throw new ZnodeFormatError(path, `has version ${version}`);
}
