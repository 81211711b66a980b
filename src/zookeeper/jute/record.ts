import type { Reader } from '../../wire/reader.ts';
import type { Writer } from '../../wire/writer.ts';
import { readBuffer, readCount, readUstring, writeBuffer, writeUstring } from './primitives.ts';

/** A type as records name it. `type` is never set; TypeScript infers from it. */
export interface Field<T> {
  readonly wire: 'int' | 'long' | 'bool' | 'ustring' | 'buffer' | 'vector' | 'record';
  /** The fewest bytes that one takes. */
  readonly leastBytes: number;
  readonly element?: Field<unknown>;
  readonly fields?: Fields;
  readonly type?: T;
}

export type Fields = { readonly [name: string]: Field<unknown> };
export type ValueOf<F extends Fields> = { [N in keyof F]: F[N] extends Field<infer T> ? T : never };

export const int: Field<number> = { wire: 'int', leastBytes: 4 };
export const long: Field<bigint> = { wire: 'long', leastBytes: 8 };
export const bool: Field<boolean> = { wire: 'bool', leastBytes: 1 };
export const ustring: Field<string | null> = { wire: 'ustring', leastBytes: 4 };
export const buffer: Field<Buffer | null> = { wire: 'buffer', leastBytes: 4 };
export const vector = <T>(element: Field<T>): Field<T[] | null> => ({
  wire: 'vector',
  leastBytes: 4,
  element,
});
export const nested = <F extends Fields>(record: RecordType<F>): Field<ValueOf<F>> => ({
  wire: 'record',
  leastBytes: leastBytes(record.fields),
  fields: record.fields,
});

/** A record: its fields in order, and the code to write and read it, which is compiled when first used. */
export interface RecordType<F extends Fields> {
  /** With its module, e.g. `proto.GetDataRequest`. */
  readonly name: string;
  readonly fields: F;
  encode(writer: Writer, value: ValueOf<F>): void;
  /** Buffers are views of the reader's. Throws a WireError. */
  decode(reader: Reader): ValueOf<F>;
}

/** The type of a record's values: `RecordOf<typeof getDataRequest>`. */
export type RecordOf<R> = R extends RecordType<infer F> ? ValueOf<F> : never;

export function record<const F extends Fields>(name: string, fields: F): RecordType<F> {
  let encode: ((writer: Writer, value: ValueOf<F>) => void) | null = null;
  let decode: ((reader: Reader) => ValueOf<F>) | null = null;
  return {
    name,
    fields,
    encode(writer, value) {
      encode ??= compileEncoder<F>(name, fields);
      encode(writer, value);
    },
    decode(reader) {
      decode ??= compileDecoder<F>(name, fields);
      return decode(reader);
    },
  };
}

function leastBytes(fields: Fields): number {
  return Object.values(fields).reduce((sum, field) => sum + field.leastBytes, 0);
}

/** Straight-line code for all fields. Only names of our own tables get into its text. */
function compileEncoder<F extends Fields>(name: string, fields: F): (w: Writer, v: ValueOf<F>) => void {
  const write = (field: Field<unknown>, at: string, depth: number): string => {
    switch (field.wire) {
      case 'int':
        return `w.int32(${at});`;
      case 'long':
        return `w.int64(${at});`;
      case 'bool':
        return `w.bool(${at});`;
      case 'ustring':
        return `writeUstring(w, ${at});`;
      case 'buffer':
        return `writeBuffer(w, ${at});`;
      case 'record':
        return struct(field.fields!, at, depth);
      case 'vector':
        return `if (${at} === null) w.int32(-1); else {
          w.int32(${at}.length);
          for (const e${depth} of ${at}) { ${write(field.element!, `e${depth}`, depth + 1)} }
        }`;
    }
  };
  const struct = (inner: Fields, at: string, depth: number): string =>
    Object.entries(inner)
      .map(([field, type]) => write(type, `${at}.${field}`, depth))
      .join('\n');
  const body = `'use strict'; // ${name}\nreturn (w, v) => {\n${struct(fields, 'v', 0)}\n}`;
  return new Function('writeUstring', 'writeBuffer', body)(writeUstring, writeBuffer) as never;
}

function compileDecoder<F extends Fields>(name: string, fields: F): (r: Reader) => ValueOf<F> {
  // Vectors need statements, so each gets a function of its own; all else is one expression, read from left to right.
  const vectors: string[] = [];
  const read = (field: Field<unknown>): string => {
    switch (field.wire) {
      case 'int':
        return 'r.int32()';
      case 'long':
        return 'r.int64Big()';
      case 'bool':
        return 'r.bool()';
      case 'ustring':
        return 'readUstring(r)';
      case 'buffer':
        return 'readBuffer(r)';
      case 'record':
        return struct(field.fields!);
      case 'vector': {
        const element = read(field.element!);
        const at = vectors.push(`(r) => {
          const count = readCount(r, ${field.element!.leastBytes});
          if (count < 0) return null;
          const list = [];
          for (let i = 0; i < count; i++) list.push(${element});
          return list;
        }`);
        return `vector${at - 1}(r)`;
      }
    }
  };
  const struct = (inner: Fields): string =>
    `{ ${Object.entries(inner)
      .map(([field, type]) => `${field}: ${read(type)}`)
      .join(', ')} }`;
  const main = struct(fields);
  const lists = vectors.map((text, at) => `const vector${at} = ${text};`).join('\n');
  const body = `'use strict'; // ${name}\n${lists}\nreturn (r) => (${main})`;
  return new Function('readUstring', 'readBuffer', 'readCount', body)(
    readUstring,
    readBuffer,
    readCount,
  ) as never;
}
