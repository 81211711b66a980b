import type { Int64 } from '../../wire/int64.ts';

/**
 * The language in which messages are declared. A message is an object of fields, in the order of the wire; one declaration stands
 * for all versions. What each field is, in TypeScript, follows from it: `Value` is what a decoder gives, `Draft` what an encoder takes.
 *
 *     { groupId: string(), instanceId: nullable(string({ since: 3, default: null })), topics: array(struct({ … })) }
 *
 * Nothing here knows how to read or write; `compile-decoder.ts` and `compile-encoder.ts` do.
 */
export interface Field<V = unknown, D = unknown, Optional extends boolean = boolean> {
  readonly wire: Wire;
  readonly options: FieldOptions<unknown>;
  /** What an array is of. */
  readonly item?: Field;
  /** What a struct is of. */
  readonly fields?: Fields;
  /** The versions in which null is allowed, among those that the field has. */
  readonly nullable?: VersionRange;
  /** For the type checker only; there is no such value. */
  readonly type: { readonly value: V; readonly draft: D; readonly optional: Optional };
}

export type Wire =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'bytes'
  | 'records'
  | 'uuid'
  | 'array'
  | 'struct';

export type Fields = { readonly [name: string]: Field };

/** Both ends belong to it; absent ends are open. */
export interface VersionRange {
  readonly since?: number;
  readonly until?: number;
}

export interface FieldOptions<V> extends VersionRange {
  /** A tagged field: it isn't written while it has its default (KIP-482). */
  readonly tag?: number;
  /** What a decoder puts where the version has no such field. By itself: 0, false, '', [], the zero uuid, a struct of defaults. */
  readonly default?: V | null;
  /** A version that lacks the field may drop what isn't the default. Otherwise encoding it throws. */
  readonly ignorable?: boolean;
  /** A string whose length stays an int16 in flexible versions too. */
  readonly plain?: boolean;
}

/** A tagged field that this version doesn't know. Kept in order and written back. */
export interface UnknownTag {
  readonly tag: number;
  readonly bytes: Buffer;
}

type Tags = { unknownTags?: readonly UnknownTag[] | undefined };

/** A decoded message or struct: all fields of all versions are there. */
export type Value<F extends Fields> = { -readonly [N in keyof F]: F[N]['type']['value'] } & Tags;

/** What to encode: fields declared with options (not in every version, tagged, with a default) may be left out. */
export type Draft<F extends Fields> = {
  readonly [N in keyof F as F[N]['type']['optional'] extends true ? never : N]: F[N]['type']['draft'];
} & {
  readonly [N in keyof F as F[N]['type']['optional'] extends true ? N : never]?:
    F[N]['type']['draft'] | undefined;
} & Readonly<Tags>;

interface Declare<V, D = V> {
  (): Field<V, D, false>;
  (options: FieldOptions<V>): Field<V, D, true>;
}

function declare<V, D = V>(wire: Wire): Declare<V, D> {
  return (options: FieldOptions<V> = {}) => ({ wire, options }) as never;
}

export const bool = declare<boolean>('bool');
export const int8 = declare<number>('int8');
export const int16 = declare<number>('int16');
export const uint16 = declare<number>('uint16');
export const int32 = declare<number>('int32');
export const uint32 = declare<number>('uint32');
/** A number where it is a safe integer, else a bigint. */
export const int64 = declare<Int64>('int64');
export const float64 = declare<number>('float64');
export const string = declare<string>('string');
/** A view of what was read. */
export const bytes = declare<Buffer>('bytes');
/** Record batches as they come: a view when read, one or more buffers when written. */
export const records = declare<Buffer, Buffer | readonly Buffer[]>('records');
/** 16 bytes, as 22 characters of URL-safe base64. */
export const uuid = declare<string>('uuid');

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';
export const NO_BYTES = Buffer.alloc(0);

export function array<V, D>(item: Field<V, D>): Field<V[], readonly D[], false>;
export function array<V, D>(item: Field<V, D>, options: FieldOptions<V[]>): Field<V[], readonly D[], true>;
export function array(item: Field, options: FieldOptions<unknown> = {}): never {
  return { wire: 'array', item, options } as never;
}

export function struct<F extends Fields>(fields: F): Field<Value<F>, Draft<F>, false>;
export function struct<F extends Fields>(
  fields: F,
  options: FieldOptions<never>,
): Field<Value<F>, Draft<F>, true>;
export function struct(fields: Fields, options: FieldOptions<never> = {}): never {
  return { wire: 'struct', fields, options } as never;
}

/** The same field, where null is allowed too; `range` if not in all of its versions. */
export function nullable<V, D, Optional extends boolean>(
  field: Field<V, D, Optional>,
  range: VersionRange = {},
): Field<V | null, D | null, Optional> {
  return { ...field, nullable: range } as never;
}

export function inRange(range: VersionRange | undefined, version: number): boolean {
  return (
    range !== undefined &&
    version >= (range.since ?? 0) &&
    version <= (range.until ?? Number.POSITIVE_INFINITY)
  );
}

/** The default as it stands in a decoded message; arrays and structs are made anew, so see `compile-decoder.ts`. */
export function scalarDefault(field: Field): unknown {
  if (field.options.default !== undefined) return field.options.default;
  switch (field.wire) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
    default:
      return 0;
  }
}
