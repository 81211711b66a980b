import type { Writer } from '../../wire/writer.ts';
import * as support from './encode-support.ts';
import type { MessageVersion } from './message.ts';
import { inRange, scalarDefault, type Field, type Fields } from './schema.ts';

export type Encode = (writer: Writer, draft: unknown) => void;

/**
 * Makes the encoder of one version as straight-line code, as `compileDecoder` does the decoder. In it, `w` is the writer, `s` the
 * functions of `encode-support.ts`.
 */
export function compileEncoder(message: MessageVersion): Encode {
  const text = encoderText(message);
  // eslint-disable-next-line typescript/no-implied-eval -- this is how tables become code
  return (new Function('s', text) as (s: typeof support) => Encode)(support);
}

export function encoderText(message: MessageVersion): string {
  const generator = new Generator(message);
  generator.struct('w', message.fields, 'draft', message.name);
  return `'use strict';
${generator.tagWriters.map((name) => `let ${name};\n`).join('')}return function encode${message.name}_${message.version}(w, draft) {
${generator.lines.join('\n')}
};`;
}

class Generator {
  readonly lines: string[] = [];
  /** Tags are written apart first, for their size stands in front: one writer for each tag, made when it is first needed. */
  readonly tagWriters: string[] = [];
  private readonly version: number;
  private readonly flexible: boolean;
  private names = 0;

  constructor(message: MessageVersion) {
    this.version = message.version;
    this.flexible = message.flexible;
  }

  /** `at` is the expression of the struct, `w` the name of the writer, which is another one inside a tag. */
  struct(w: string, fields: Fields, at: string, path: string): void {
    const tagged: [string, Field][] = [];
    for (const [name, field] of Object.entries(fields)) {
      const where = `${path}.${name}`;
      if (!inRange(field.options, this.version)) {
        if (field.options.ignorable !== true)
          this.lines.push(
            `if (!(${isDefault(field, `${at}.${name}`)})) s.absent('${where} v${this.version}');`,
          );
      } else if (field.options.tag !== undefined) tagged.push([name, field]);
      else this.value(w, field, this.given(field, `${at}.${name}`), where);
    }
    if (this.flexible) this.tags(w, tagged, at, path);
  }

  private tags(w: string, tagged: [string, Field][], at: string, path: string): void {
    const count = this.name();
    const unknown = `${at}.unknownTags`;
    this.lines.push(`let ${count} = ${unknown} === undefined ? 0 : ${unknown}.length;`);
    const present: [string, string, Field][] = [];
    for (const [name, field] of tagged.toSorted((a, b) => a[1].options.tag! - b[1].options.tag!)) {
      const is = this.name();
      this.lines.push(`const ${is} = !(${isDefault(field, `${at}.${name}`)});`, `if (${is}) ${count}++;`);
      present.push([is, name, field]);
    }
    this.lines.push(`${w}.uvarint(${count});`, `if (${count} !== 0) {`, 'let next = 0;');
    for (const [is, name, field] of present) {
      const content = this.name();
      this.tagWriters.push(content);
      this.lines.push(
        `next = s.unknownTags(${w}, ${unknown}, next, ${field.options.tag});`,
        `if (${is}) {`,
        `(${content} ??= new s.Writer(256)).reset();`,
      );
      this.value(content, field, `${at}.${name}`, `${path}.${name}`, true);
      this.lines.push(`s.tag(${w}, ${field.options.tag}, ${content});`, '}');
    }
    this.lines.push(`s.unknownTags(${w}, ${unknown}, next, Infinity);`, '}');
  }

  private value(w: string, field: Field, at: string, where: string, inTag = false): void {
    const compact = this.flexible && field.options.plain !== true;
    switch (field.wire) {
      case 'string':
      case 'bytes':
      case 'records':
      case 'array':
      case 'struct':
        this.nullableValue(w, field, at, where, inTag, compact);
        break;
      case 'uuid':
        this.lines.push(`s.uuid(${w}, ${at}, '${where}');`);
        break;
      default:
        this.lines.push(`${w}.${field.wire}(${at});`);
    }
  }

  private nullableValue(
    w: string,
    field: Field,
    at: string,
    where: string,
    inTag: boolean,
    compact: boolean,
  ): void {
    const nullable = inRange(field.nullable, this.version);
    const marked = field.wire === 'struct' && nullable;
    if (field.nullable !== undefined || field.options.default === null) {
      this.lines.push(`if (${at} === null) {`);
      if (!nullable) this.lines.push(`s.nullRefused('${where} v${this.version}');`);
      else if (marked) this.lines.push(`${w}.int8(${inTag ? 0 : -1});`);
      else if (compact) this.lines.push(`${w}.uvarint(0);`);
      else this.lines.push(`${w}.${field.wire === 'string' ? 'int16' : 'int32'}(-1);`);
      this.lines.push('} else {');
    } else this.lines.push('{');
    if (field.wire === 'array') this.array(w, field.item!, at, where);
    else if (field.wire === 'struct') {
      if (marked) this.lines.push(`${w}.int8(1);`);
      this.struct(w, field.fields!, at, where);
    } else {
      const kind = { string: 'String', bytes: 'Bytes', records: 'Records' }[field.wire as 'string'];
      this.lines.push(`s.${compact ? 'compact' : 'plain'}${kind}(${w}, ${at}, '${where}');`);
    }
    this.lines.push('}');
  }

  private array(w: string, item: Field, at: string, where: string): void {
    const index = this.name();
    const each = this.name();
    this.lines.push(
      this.flexible ? `${w}.uvarint(${at}.length + 1);` : `${w}.int32(${at}.length);`,
      `for (let ${index} = 0; ${index} < ${at}.length; ${index}++) {`,
      `const ${each} = ${at}[${index}];`,
    );
    this.value(w, item, each, where);
    this.lines.push('}');
  }

  /** @returns a variable with what the draft has, or the default where it was left out. */
  private given(field: Field, at: string): string {
    const variable = this.name();
    this.lines.push(
      mayBeLeftOut(field)
        ? `const ${variable} = ${at} === undefined ? ${emptyText(field)} : ${at};`
        : `const ${variable} = ${at};`,
    );
    return variable;
  }

  private name(): string {
    return `v${this.names++}`;
  }
}

function mayBeLeftOut(field: Field): boolean {
  return Object.keys(field.options).length > 0;
}

/** What to write for a field that was left out. */
function emptyText(field: Field): string {
  if (field.options.default === null || field.wire === 'records') return 'null';
  switch (field.wire) {
    case 'array':
      return '[]';
    case 'struct':
      return `{ ${Object.entries(field.fields!)
        .map(([name, inner]) => `${name}: ${emptyText(inner)}`)
        .join(', ')} }`;
    case 'bytes':
      return 's.NO_BYTES';
    default:
      return scalarText(field);
  }
}

/** An expression that says whether what is at `at` is the field's default, or left out. */
function isDefault(field: Field, at: string): string {
  const missing = `${at} === undefined`;
  if (field.options.default === null) return `${missing} || ${at} === null`;
  switch (field.wire) {
    case 'array':
    case 'bytes':
      return `${missing} || ${at} !== null && ${at}.length === 0`;
    case 'records':
      return `${missing} || ${at} === null`;
    case 'struct': {
      const inner = Object.entries(field.fields!).map(([name, f]) => `(${isDefault(f, `${at}.${name}`)})`);
      return `${missing} || ${at} !== null && ${[...inner, `${at}.unknownTags === undefined`].join(' && ')}`;
    }
    case 'int64':
      return `${missing} || ${at} == ${scalarText(field)}`; // 0n and 0 are the same
    default:
      return `${missing} || ${at} === ${scalarText(field)}`;
  }
}

function scalarText(field: Field): string {
  const value = scalarDefault(field);
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}
