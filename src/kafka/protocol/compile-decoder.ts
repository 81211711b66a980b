import type { Reader } from '../../wire/reader.ts';
import * as support from './decode-support.ts';
import type { MessageVersion } from './message.ts';
import { inRange, scalarDefault, type Field, type Fields } from './schema.ts';

export type Decode = (reader: Reader) => unknown;

/**
 * Makes the decoder of one version as straight-line code: which fields there are, compact or not, is settled here, once. Only our
 * own declarations' names enter that text. In it, `r` is the reader, `s` the functions of `decode-support.ts`, and `items` counts
 * what arrays have claimed in this message.
 */
export function compileDecoder(message: MessageVersion): Decode {
  const text = decoderText(message);
  // eslint-disable-next-line typescript/no-implied-eval -- this is how tables become code
  return (new Function('s', text) as (s: typeof support) => Decode)(support);
}

export function decoderText(message: MessageVersion): string {
  const generator = new Generator(message);
  const result = generator.struct(message.fields, message.name);
  return `'use strict';
return function decode${message.name}_${message.version}(r) {
let items = 0;
${generator.lines.join('\n')}
return ${result};
};`;
}

class Generator {
  readonly lines: string[] = [];
  private readonly version: number;
  private readonly flexible: boolean;
  private names = 0;

  constructor(message: MessageVersion) {
    this.version = message.version;
    this.flexible = message.flexible;
  }

  /** Reads a struct's fields into variables. @returns the expression of the object, which has all fields in all versions. */
  struct(fields: Fields, path: string): string {
    const values = new Map<string, string>();
    const tagged: [string, Field][] = [];
    for (const [name, field] of Object.entries(fields)) {
      if (!inRange(field.options, this.version)) values.set(name, defaultText(field));
      else if (field.options.tag === undefined) values.set(name, this.value(field, `${path}.${name}`));
      else tagged.push([name, field]);
    }
    let unknown = 'undefined';
    if (this.flexible) unknown = this.tags(tagged, values, path);
    const entries = Object.keys(fields).map((name) => `${name}: ${values.get(name)}`);
    return `{ ${[...entries, `unknownTags: ${unknown}`].join(', ')} }`;
  }

  private tags(tagged: [string, Field][], values: Map<string, string>, path: string): string {
    for (const [name, field] of tagged) {
      const variable = this.name();
      this.lines.push(`let ${variable} = ${defaultText(field)};`);
      values.set(name, variable);
    }
    const unknown = this.name();
    const count = this.name();
    this.lines.push(`let ${unknown} = undefined;`, `let ${count} = r.uvarint();`);
    this.lines.push(`if (${count} !== 0) {`, `items = s.claim(r, items, ${count}, 2, '${path} tags');`);
    this.lines.push(`for (; ${count} > 0; ${count}--) {`);
    this.lines.push(`const tag = r.uvarint(), end = s.tagEnd(r, r.uvarint(), '${path}');`);
    if (tagged.length > 0) {
      this.lines.push('switch (tag) {');
      for (const [name, field] of tagged) {
        this.lines.push(`case ${field.options.tag}: {`);
        const value = this.value(field, `${path}.${name}`, true);
        this.lines.push(
          `${values.get(name)} = ${value};`,
          `s.endTag(r, end, '${path}.${name}');`,
          'continue;',
          '}',
        );
      }
      this.lines.push('}');
    }
    this.lines.push(`(${unknown} ??= []).push({ tag, bytes: r.bytes(end - r.position) });`, '}', '}');
    return unknown;
  }

  /** @returns an expression without side effects: a variable, or an object of variables. */
  private value(field: Field, path: string, inTag = false): string {
    const nullable = inRange(field.nullable, this.version);
    switch (field.wire) {
      case 'array':
        return this.array(field.item!, nullable, path);
      case 'struct':
        return nullable ? this.nullableStruct(field.fields!, path, inTag) : this.struct(field.fields!, path);
      case 'string':
      case 'bytes':
      case 'records': {
        const kind = field.wire === 'string' ? 'String' : 'Bytes';
        const length = this.flexible && field.options.plain !== true ? 'compact' : 'plain';
        return this.assign(`s.${length}${nullable ? 'Nullable' : ''}${kind}(r, '${path}')`);
      }
      case 'uuid':
        return this.assign('s.uuid(r)');
      default:
        return this.assign(`r.${field.wire}()`);
    }
  }

  private array(item: Field, nullable: boolean, path: string): string {
    const length = this.name();
    const list = this.name();
    const index = this.name();
    this.lines.push(
      `const ${length} = s.${this.flexible ? 'compact' : 'plain'}${nullable ? 'Nullable' : ''}Length(r, '${path}');`,
    );
    this.lines.push(`let ${list} = null;`, `if (${length} >= 0) {`, `${list} = [];`);
    const least = leastBytes(item, this.version, this.flexible);
    this.lines.push(
      SIZES[item.wire] === undefined
        ? `items = s.claim(r, items, ${length}, ${least}, '${path}');`
        : `s.fit(r, ${length}, ${least}, '${path}');`,
    );
    this.lines.push(`for (let ${index} = 0; ${index} < ${length}; ${index}++) {`);
    const value = this.value(item, path);
    this.lines.push(`${list}.push(${value});`, '}', '}');
    return list;
  }

  private nullableStruct(fields: Fields, path: string, inTag: boolean): string {
    const variable = this.name();
    this.lines.push(`let ${variable} = null;`, `if (r.int8() ${inTag ? '>' : '>='} 0) {`);
    const value = this.struct(fields, path);
    this.lines.push(`${variable} = ${value};`, '}');
    return variable;
  }

  private assign(expression: string): string {
    const variable = this.name();
    this.lines.push(`const ${variable} = ${expression};`);
    return variable;
  }

  private name(): string {
    return `v${this.names++}`;
  }
}

/** An expression that makes the field's default: a new one each time, since decoded values may be changed. */
function defaultText(field: Field): string {
  if (field.options.default === null) return 'null';
  switch (field.wire) {
    case 'array':
      return '[]';
    case 'struct': {
      const entries = Object.entries(field.fields!).map(([name, inner]) => `${name}: ${defaultText(inner)}`);
      return `{ ${[...entries, 'unknownTags: undefined'].join(', ')} }`;
    }
    case 'bytes':
      return 's.NO_BYTES';
    case 'records':
      return 'null';
    default: {
      const value = scalarDefault(field);
      return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
    }
  }
}

const SIZES: Partial<Record<Field['wire'], number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
};

/** The fewest bytes that a value can take: what an array's length is checked against before anything is made for it. */
function leastBytes(field: Field, version: number, flexible: boolean): number {
  if (field.wire === 'string') return flexible ? 1 : 2;
  if (field.wire !== 'struct') return SIZES[field.wire] ?? (flexible ? 1 : 4);
  if (inRange(field.nullable, version)) return 1;
  let total = flexible ? 1 : 0;
  for (const inner of Object.values(field.fields!))
    if (inRange(inner.options, version) && inner.options.tag === undefined)
      total += leastBytes(inner, version, flexible);
  return Math.max(total, 1);
}
