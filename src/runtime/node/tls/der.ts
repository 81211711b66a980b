import { TlsError } from '../../tls.ts';

/** One element of DER. */
export interface Der {
  readonly tag: number;
  readonly body: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

export const SEQUENCE = 0x30;
export const SET = 0x31;
export const OCTETS = 0x04;
export const INTEGER = 0x02;
export const OID = 0x06;

/** The element at the beginning of `bytes`. Throws a TlsError. */
export function readDer(bytes: Buffer): Der {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined) throw damaged();
  let length = first;
  let at = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || bytes.length < 2 + count) throw damaged();
    length = bytes.readUIntBE(2, count);
    at += count;
  }
  if (at + length > bytes.length) throw damaged();
  return { tag, body: bytes.subarray(at, at + length), whole: bytes.subarray(0, at + length) };
}

/** All elements that stand one after the other. */
export function readAll(bytes: Buffer): Der[] {
  const all: Der[] = [];
  for (let rest = bytes; rest.length > 0; rest = rest.subarray(all.at(-1)!.whole.length))
    all.push(readDer(rest));
  return all;
}

/** What is in an element of that tag. */
export function inside(element: Der | undefined, tag: number): Der[] {
  return readAll(bodyOf(element, tag));
}

export function bodyOf(element: Der | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw damaged();
  return element.body;
}

/** 1.2.840.… */
export function readOid(element: Der | undefined): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of bodyOf(element, OID)) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - 40 * first);
    } else parts.push(value);
    value = 0;
  }
  return parts.join('.');
}

/** A small one. */
export function readInteger(element: Der | undefined): number {
  const body = bodyOf(element, INTEGER);
  if (body.length === 0 || body.length > 6 || body[0]! >= 0x80) throw damaged();
  return body.readUIntBE(0, body.length);
}

function damaged(): TlsError {
  return new TlsError('it is damaged, or of another kind than its beginning says');
}
