import { WireError } from '../../wire/wire-error.ts';
import { Writer } from '../../wire/writer.ts';
import { NO_BYTES, ZERO_UUID, type UnknownTag } from './schema.ts';

/** What compiled encoders call. */

const LONGEST_STRING_BYTES = 0x7fff;
const ZEROS = Buffer.alloc(16);

export { NO_BYTES, Writer };

/** What the version has no place for, though it isn't the default. */
export function absent(where: string): never {
  throw new WireError(where, 0, 'it is set, but this version has no such field');
}

export function nullRefused(where: string): never {
  throw new WireError(where, 0, 'it is null, which it may not be in this version');
}

export function plainString(w: Writer, text: string, where: string): void {
  const length = stringLength(text, where);
  w.int16(length);
  w.utf8(text, length);
}

export function compactString(w: Writer, text: string, where: string): void {
  const length = stringLength(text, where);
  w.uvarint(length + 1);
  w.utf8(text, length);
}

export function plainBytes(w: Writer, bytes: Buffer): void {
  w.int32(bytes.length);
  w.bytes(bytes);
}

export function compactBytes(w: Writer, bytes: Buffer): void {
  w.uvarint(bytes.length + 1);
  w.bytes(bytes);
}

export function plainRecords(w: Writer, parts: Buffer | readonly Buffer[]): void {
  w.int32(sizeInBytes(parts));
  writeRecords(w, parts);
}

export function compactRecords(w: Writer, parts: Buffer | readonly Buffer[]): void {
  w.uvarint(sizeInBytes(parts) + 1);
  writeRecords(w, parts);
}

export function uuid(w: Writer, text: string, where: string): void {
  if (text === ZERO_UUID) {
    w.bytes(ZEROS);
    return;
  }
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== 16) throw new WireError(where, 0, `${JSON.stringify(text)} isn't a uuid`);
  w.bytes(bytes);
}

/** Writes a known tag: its content was written to `content`. */
export function tag(w: Writer, number: number, content: Writer): void {
  w.uvarint(number);
  w.uvarint(content.position);
  for (const part of content.parts()) w.bytes(part);
}

/** Writes the unknown tags from the `from`th on that come before `limit`. @returns where to go on. */
export function unknownTags(
  w: Writer,
  tags: readonly UnknownTag[] | undefined,
  from: number,
  limit: number,
): number {
  let at = from;
  if (tags === undefined) return at;
  for (; at < tags.length && tags[at]!.tag < limit; at++) {
    const { tag: number, bytes } = tags[at]!;
    w.uvarint(number);
    w.uvarint(bytes.length);
    w.bytes(bytes);
  }
  return at;
}

function stringLength(text: string, where: string): number {
  const length = Buffer.byteLength(text);
  if (length > LONGEST_STRING_BYTES)
    throw new WireError(
      where,
      0,
      `a text of ${length} bytes is too long, ${LONGEST_STRING_BYTES} is the most`,
    );
  return length;
}

function sizeInBytes(parts: Buffer | readonly Buffer[]): number {
  if (Buffer.isBuffer(parts)) return parts.length;
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}

function writeRecords(w: Writer, parts: Buffer | readonly Buffer[]): void {
  if (Buffer.isBuffer(parts)) w.bytes(parts);
  else for (const part of parts) w.bytes(part);
}
