import type { Fields } from '../../src/kafka/protocol/schema.ts';
import { inRange, type Field } from '../../src/kafka/protocol/schema.ts';

/** A draft without the fields that the version lacks, so that one draft does for all versions. */
export function atVersion(fields: Fields, version: number, draft: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(draft)
      .filter(([name]) => inRange(fields[name]?.options, version))
      .map(([name, value]) => [name, valueAt(fields[name]!, version, value)]),
  );
}

function valueAt(field: Field, version: number, value: unknown): unknown {
  if (value === null) return null;
  if (field.wire === 'array') return (value as unknown[]).map((item) => valueAt(field.item!, version, item));
  return field.wire === 'struct' ? atVersion(field.fields!, version, value as object) : value;
}
