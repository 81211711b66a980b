import { getBigInt64 } from './bigint64.ts';
import { int64FromHalves, type Int64 } from './int64.ts';
import { WireError } from './wire-error.ts';

export { toSafe, type Int64 } from './int64.ts';

/**
 * Reads big-endian values from `buffer`, from `position` up to, not including, `end`. Each read checks the bounds once and throws
 * a WireError that says what was read and where. Nothing is copied: `bytes` gives views.
 */
export class Reader {
  readonly buffer: Buffer;
  position: number;
  readonly end: number;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    if (!(position >= 0 && position <= end && end <= buffer.length))
      throw new RangeError(`a reader from ${position} to ${end} doesn't fit in ${buffer.length} bytes`);
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  int8(): number {
    return (this.uint8() << 24) >> 24;
  }

  uint8(): number {
    const at = this.position;
    if (at >= this.end) throw this.short('int8', 1);
    this.position = at + 1;
    return this.buffer[at]!;
  }

  bool(): boolean {
    return this.uint8() !== 0;
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  uint16(): number {
    const at = this.position;
    if (at + 2 > this.end) throw this.short('int16', 2);
    this.position = at + 2;
    const b = this.buffer;
    return (b[at]! << 8) | b[at + 1]!;
  }

  int32(): number {
    const at = this.position;
    if (at + 4 > this.end) throw this.short('int32', 4);
    this.position = at + 4;
    const b = this.buffer;
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): Int64 {
    const at = this.position;
    if (at + 8 > this.end) throw this.short('int64', 8);
    this.position = at + 8;
    const b = this.buffer;
    const high = (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
    const low = ((b[at + 4]! << 24) | (b[at + 5]! << 16) | (b[at + 6]! << 8) | b[at + 7]!) >>> 0;
    if (high > -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + low;
    return int64FromHalves(high, low);
  }

  /** For values that use all 64 bits, such as session ids. */
  int64Big(): bigint {
    const at = this.position;
    if (at + 8 > this.end) throw this.short('int64', 8);
    this.position = at + 8;
    return getBigInt64(this.buffer, at);
  }

  float64(): number {
    const at = this.position;
    if (at + 8 > this.end) throw this.short('float64', 8);
    this.position = at + 8;
    return this.buffer.readDoubleBE(at);
  }

  /** 32 bits without a sign, 1 to 5 bytes, the lowest seven bits first. Bits beyond the 32nd are dropped, as Apache does. */
  uvarint(): number {
    const b = this.buffer;
    const end = this.end;
    let at = this.position;
    if (at + 2 <= end) {
      const first = b[at]!;
      if (first < 0x80) {
        this.position = at + 1;
        return first;
      }
      const second = b[at + 1]!;
      if (second < 0x80) {
        this.position = at + 2;
        return (first & 0x7f) | (second << 7);
      }
    }
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (at >= end) throw this.short('varint', at - this.position + 1);
      const byte = b[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = at;
        return value >>> 0;
      }
    }
    throw new WireError('varint', this.position, 'it has more than 5 bytes');
  }

  /** 32 bits, zigzag. */
  varint(): number {
    const raw = this.uvarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** 64 bits, zigzag, 1 to 10 bytes. */
  varlong(): Int64 {
    const b = this.buffer;
    const end = this.end;
    let at = this.position;
    if (at < end && b[at]! < 0x80) {
      this.position = at + 1;
      return (b[at]! >>> 1) ^ -(b[at]! & 1);
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift <= 63; shift += 7) {
      if (at >= end) throw this.short('varlong', at - this.position + 1);
      const byte = b[at++]!;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x7f) >>> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.position = at;
        const sign = -(low & 1);
        return int64FromHalves((high >>> 1) ^ sign, (((low >>> 1) | (high << 31)) ^ sign) >>> 0);
      }
    }
    throw new WireError('varlong', this.position, 'it has more than 10 bytes');
  }

  /** The next `length` bytes: a view, so it lives and changes with the buffer. */
  bytes(length: number): Buffer {
    const at = this.take(length, 'bytes');
    return this.buffer.subarray(at, at + length);
  }

  /** The next `length` bytes as text. */
  utf8(length: number): string {
    const at = this.take(length, 'string');
    return this.buffer.toString('utf8', at, at + length);
  }

  skip(length: number): void {
    this.take(length, 'bytes');
  }

  private take(length: number, what: string): number {
    const at = this.position;
    if (!(length >= 0 && length <= this.end - at)) throw this.short(what, length);
    this.position = at + length;
    return at;
  }

  private short(what: string, needed: number): WireError {
    const left = this.end - this.position;
    return new WireError(what, this.position, `${needed} bytes wanted, ${left} left`);
  }
}
