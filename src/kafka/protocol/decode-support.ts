import type { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { NO_BYTES, ZERO_UUID } from './schema.ts';

/** What compiled decoders call. Each function checks a length against what is left before anything is made for it. */

export { NO_BYTES };

/**
 * The most structs, texts and unknown tags in the arrays of one message. The largest honest messages, metadata of a cluster with a
 * million partitions, stay below; a frame of nearly empty structs, which would unfold into gigabytes, doesn't.
 */
export const MOST_ITEMS = 1 << 21;

/** Checks that `count` elements of at least `leastBytes` each can follow. */
export function fit(r: Reader, count: number, leastBytes: number, what: string): void {
  if (count > r.remaining / leastBytes)
    throw new WireError(what, r.position, `${count} elements don't fit in ${r.remaining} bytes`);
}

/** The same for elements that cost more than they take on the wire. @returns the new total of them. */
export function claim(r: Reader, items: number, count: number, leastBytes: number, what: string): number {
  fit(r, count, leastBytes, what);
  const total = items + count;
  if (total > MOST_ITEMS)
    throw new WireError(what, r.position, `a message of more than ${MOST_ITEMS} elements`);
  return total;
}

export function plainLength(r: Reader, what: string): number {
  const length = r.int32();
  if (length < 0) throw badLength(r, what, length);
  return length;
}

/** @returns -1 for null. */
export function plainNullableLength(r: Reader, what: string): number {
  const length = r.int32();
  if (length < -1) throw badLength(r, what, length);
  return length;
}

export function compactLength(r: Reader, what: string): number {
  const length = r.uvarint() - 1;
  if (length < 0) throw badLength(r, what, length);
  return length;
}

/** @returns -1 for null. */
export function compactNullableLength(r: Reader, _what: string): number {
  return r.uvarint() - 1;
}

export function plainString(r: Reader, what: string): string {
  const length = r.int16();
  if (length < 0) throw badLength(r, what, length);
  return r.utf8(length);
}

export function plainNullableString(r: Reader, what: string): string | null {
  const length = r.int16();
  if (length >= 0) return r.utf8(length);
  if (length < -1) throw badLength(r, what, length);
  return null;
}

export function compactString(r: Reader, what: string): string {
  const length = r.uvarint() - 1;
  if (length < 0 || length > 0x7fff) throw badLength(r, what, length);
  return r.utf8(length);
}

export function compactNullableString(r: Reader, what: string): string | null {
  const length = r.uvarint() - 1;
  if (length < 0) return null;
  if (length > 0x7fff) throw badLength(r, what, length);
  return r.utf8(length);
}

export function plainBytes(r: Reader, what: string): Buffer {
  return r.bytes(plainLength(r, what));
}

export function plainNullableBytes(r: Reader, what: string): Buffer | null {
  const length = plainNullableLength(r, what);
  return length < 0 ? null : r.bytes(length);
}

export function compactBytes(r: Reader, what: string): Buffer {
  return r.bytes(compactLength(r, what));
}

export function compactNullableBytes(r: Reader, what: string): Buffer | null {
  const length = compactNullableLength(r, what);
  return length < 0 ? null : r.bytes(length);
}

export function uuid(r: Reader): string {
  const at = r.position;
  r.skip(16);
  const b = r.buffer;
  for (let i = at; i < at + 16; i++) if (b[i] !== 0) return b.toString('base64url', at, at + 16);
  return ZERO_UUID;
}

/** @returns where the tag's content ends. */
export function tagEnd(r: Reader, size: number, what: string): number {
  if (size > r.remaining)
    throw new WireError(`${what} tag`, r.position, `${size} bytes wanted, ${r.remaining} left`);
  return r.position + size;
}

export function endTag(r: Reader, end: number, what: string): void {
  if (r.position !== end) throw new WireError(what, r.position, `the tag says that it ends at byte ${end}`);
}

function badLength(r: Reader, what: string, length: number): WireError {
  const problem = length === -1 ? 'it is null, which it may not be' : `its length can't be ${length}`;
  return new WireError(what, r.position, problem);
}
