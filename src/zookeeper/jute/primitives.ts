import type { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { Writer } from '../../wire/writer.ts';

/** jute's own types: int32 lengths, -1 for null. */

export function readUstring(reader: Reader): string | null {
  const length = reader.int32();
  if (length === -1) return null;
  if (length < 0 || length > reader.remaining) throw badLength('ustring', length, reader);
  const start = reader.position;
  reader.position = start + length;
  // One call into native code makes one flat string; pieces put together here would have to be joined to be hashed.
  const text = reader.buffer.toString('utf8', start, start + length);
  // Every broken byte has become U+FFFD, but Java counts a lone surrogate as one character and not as three.
  return text.includes('\uFFFD') ? javaUtf8(reader.buffer, start, start + length) : text;
}

/** Like Apache, writes each UTF-16 unit on its own: beyond U+FFFF that isn't UTF-8, but it is what their clients send. */
export function writeUstring(writer: Pick<Writer, 'int32' | 'utf8' | 'copy'>, text: string | null): void {
  if (text === null) {
    writer.int32(-1);
    return;
  }
  const byteLength = Buffer.byteLength(text);
  if (byteLength === text.length || !/[\uD800-\uDFFF]/.test(text)) {
    writer.int32(byteLength);
    writer.utf8(text, byteLength);
    return;
  }
  const bytes = Buffer.alloc(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes[at++] = unit;
    else {
      if (unit < 0x800) bytes[at++] = 0xc0 | (unit >> 6);
      else {
        bytes[at++] = 0xe0 | (unit >> 12);
        bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
      }
      bytes[at++] = 0x80 | (unit & 0x3f);
    }
  }
  writer.int32(at);
  writer.copy(bytes, 0, at);
}

/** A view of the reader's buffer. */
export function readBuffer(reader: Reader): Buffer | null {
  const length = reader.int32();
  if (length === -1) return null;
  if (length < 0 || length > reader.remaining) throw badLength('buffer', length, reader);
  return reader.bytes(length);
}

/** Large buffers are referred to, not copied: see Writer. */
export function writeBuffer(writer: Writer, bytes: Buffer | null): void {
  if (bytes === null) writer.int32(-1);
  else {
    writer.int32(bytes.length);
    writer.bytes(bytes);
  }
}

/** The number of elements, -1 for null. Throws when so many of at least `leastBytes` can't follow. */
export function readCount(reader: Reader, leastBytes: number): number {
  const count = reader.int32();
  if (count < -1 || count * leastBytes > reader.remaining) throw badLength('vector', count, reader);
  return count;
}

function badLength(what: string, length: number, reader: Reader): WireError {
  return new WireError(what, reader.position - 4, `length ${length}, but ${reader.remaining} bytes are left`);
}

/** Surrogates in three bytes (ED A0 80 to ED BF BF) become one U+FFFD each; all else is as everywhere. */
function javaUtf8(bytes: Buffer, start: number, end: number): string {
  let text = '';
  let from = start;
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] !== 0xed || bytes[at + 1]! < 0xa0 || bytes[at + 1]! > 0xbf) continue;
    if (bytes[at + 2]! < 0x80 || bytes[at + 2]! > 0xbf) continue;
    text += `${bytes.toString('utf8', from, at)}\uFFFD`;
    at += 2;
    from = at + 1;
  }
  return text + bytes.toString('utf8', from, end);
}
