import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** One line of `test/fixtures/kafka-wire`: what a library of Apache's wrote, as bytes and as JSON. */
export interface Vector {
  readonly api: string;
  readonly key: number;
  readonly version: number;
  readonly kind: 'request' | 'response' | 'requestHeader' | 'responseHeader' | 'key' | 'value' | 'data';
  readonly case: string;
  readonly json: Json;
  readonly hex: string;
  /** Records: the int16 at the front of `hex`. */
  readonly prefix?: number;
  /** Error responses: the request that they answer. */
  readonly request: string;
}

/** A line of `_frames` or `_traps`: a whole request and response with their sizes. */
export interface FrameVector {
  readonly api: string;
  readonly key: number;
  readonly version: number;
  readonly responseVersion?: number;
  readonly case: string;
  readonly requestHeader: { correlationId: number; clientId?: string | null };
  readonly responseHeader: { correlationId: number };
  readonly requestJson: Json;
  readonly responseJson: Json;
  readonly request: string;
  readonly response: string;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export function vectors(name: string): Vector[] {
  return lines(name) as Vector[];
}

export function frameVectors(name: '_frames' | '_traps'): FrameVector[] {
  return lines(name) as FrameVector[];
}

function lines(name: string): unknown[] {
  const file = new URL(`../fixtures/kafka-wire/${name}.ndjson.gz`, import.meta.url);
  const text = gunzipSync(readFileSync(file)).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** Where a decoded value differs from a vector's JSON, or null. Fields that the JSON leaves out aren't looked at. */
export function difference(value: unknown, json: Json, path = ''): string | null {
  if (Array.isArray(json)) {
    if (!Array.isArray(value) || value.length !== json.length) return `${path}: not ${json.length} elements`;
    return first(json.map((item: Json, i) => difference(value[i], item, `${path}[${i}]`)));
  }
  if (json !== null && typeof json === 'object') {
    if (value === null || typeof value !== 'object') return `${path}: not an object`;
    const fields = value as Record<string, unknown>;
    return first(
      Object.entries(json).map(([name, item]) => difference(fields[name], item, `${path}.${name}`)),
    );
  }
  const plain = Buffer.isBuffer(value)
    ? value.toString('base64')
    : typeof value === 'bigint'
      ? String(value)
      : value;
  return plain === json ? null : `${path}: ${String(plain)} instead of ${String(json)}`;
}

function first(found: (string | null)[]): string | null {
  return found.find((problem) => problem !== null) ?? null;
}
