import { putBigInt64 } from './bigint64.ts';
import type { Int64 } from './int64.ts';

/** From this size on `bytes` refers to a buffer instead of copying it. */
const REFERENCE_FROM_BYTES = 1024;
const SMALL_COPY_BYTES = 80;
const LARGEST_SLAB_BYTES = 64 * 1024;

/**
 * Writes big-endian values one after the other. Large buffers (1 KiB and more) are referred to, not copied: the caller must leave
 * them unchanged. Values aren't checked: what is too large for its type is cut to its low bits.
 *
 * One writer can make many messages: `parts` or `finish` hand one out, `reset` begins the next. What was handed out stays valid
 * until `rewind`; it shares a slab with its neighbours, so bytes that live long should be copied.
 */
export class Writer {
  private slab: Buffer;
  /** Where the next byte goes in `slab`. */
  private at = 0;
  /** Where the piece that isn't in `done` yet begins in `slab`. */
  private start = 0;
  private done: Buffer[] = [];
  private doneBytes = 0;

  constructor(sizeHint = 1024) {
    this.slab = Buffer.allocUnsafeSlow(Math.max(sizeHint, 16));
  }

  /** Bytes written since the last `reset`. */
  get position(): number {
    return this.doneBytes + this.at - this.start;
  }

  int8(value: number): void {
    if (this.at + 1 > this.slab.length) this.grow(1);
    this.slab[this.at++] = value;
  }

  uint8(value: number): void {
    this.int8(value);
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int16(value: number): void {
    if (this.at + 2 > this.slab.length) this.grow(2);
    const b = this.slab;
    const at = this.at;
    b[at] = value >> 8;
    b[at + 1] = value;
    this.at = at + 2;
  }

  uint16(value: number): void {
    this.int16(value);
  }

  int32(value: number): void {
    if (this.at + 4 > this.slab.length) this.grow(4);
    putInt32(this.slab, this.at, value);
    this.at += 4;
  }

  uint32(value: number): void {
    this.int32(value);
  }

  int64(value: Int64): void {
    if (this.at + 8 > this.slab.length) this.grow(8);
    if (typeof value === 'number') {
      const high = Math.floor(value / 0x1_0000_0000);
      putInt32(this.slab, this.at, high);
      putInt32(this.slab, this.at + 4, value - high * 0x1_0000_0000);
    } else putBigInt64(this.slab, this.at, value);
    this.at += 8;
  }

  float64(value: number): void {
    if (this.at + 8 > this.slab.length) this.grow(8);
    this.slab.writeDoubleBE(value, this.at);
    this.at += 8;
  }

  /** 32 bits without a sign. */
  uvarint(value: number): void {
    if (this.at + 5 > this.slab.length) this.grow(5);
    const b = this.slab;
    let at = this.at;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      b[at++] = rest | 0x80;
      rest >>>= 7;
    }
    b[at++] = rest;
    this.at = at;
  }

  /** 32 bits, zigzag. */
  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31));
  }

  /** 64 bits, zigzag. */
  varlong(value: Int64): void {
    if (typeof value === 'number' && value >= -0x8000_0000 && value <= 0x7fff_ffff) {
      this.varint(value);
      return;
    }
    if (this.at + 10 > this.slab.length) this.grow(10);
    const high =
      typeof value === 'number' ? Math.floor(value / 0x1_0000_0000) : Number(BigInt.asIntN(32, value >> 32n));
    const low = typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
    const sign = high >> 31;
    let zigLow = ((low << 1) ^ sign) >>> 0;
    let zigHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    const b = this.slab;
    let at = this.at;
    while (zigHigh > 0 || zigLow > 0x7f) {
      b[at++] = zigLow | 0x80;
      zigLow = ((zigLow >>> 7) | (zigHigh << 25)) >>> 0;
      zigHigh >>>= 7;
    }
    b[at++] = zigLow;
    this.at = at;
  }

  /** Copies small buffers, refers to large ones. */
  bytes(bytes: Buffer): void {
    const length = bytes.length;
    if (length >= REFERENCE_FROM_BYTES) {
      this.closePiece();
      this.done.push(bytes);
      this.doneBytes += length;
      return;
    }
    if (this.at + length > this.slab.length) this.grow(length);
    this.slab.set(bytes, this.at);
    this.at += length;
  }

  /** Copies `source` from `start` to `end`, however large: for bytes that may change later. */
  copy(source: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.at + length > this.slab.length) this.grow(length);
    // A view for a few bytes costs more than the bytes.
    if (length <= SMALL_COPY_BYTES) {
      const slab = this.slab;
      for (let from = start, to = this.at; from < end; from++, to++) slab[to] = source[from]!;
    } else source.copy(this.slab, this.at, start, end);
    this.at += length;
  }

  /** The text's bytes. `byteLength`: as `Buffer.byteLength` says, which a length in front of it needed anyway. */
  utf8(text: string, byteLength: number): void {
    if (this.at + byteLength > this.slab.length) this.grow(byteLength);
    if (byteLength === text.length && byteLength <= 24) {
      const b = this.slab;
      const at = this.at;
      for (let i = 0; i < byteLength; i++) b[at + i] = text.charCodeAt(i);
    } else this.slab.write(text, this.at, byteLength, 'utf8');
    this.at += byteLength;
  }

  /** Replaces the int32 at `position`, where one was written before: for lengths that are known only afterwards. */
  setInt32(position: number, value: number): void {
    if (position >= this.doneBytes) {
      putInt32(this.slab, this.start + position - this.doneBytes, value);
      return;
    }
    let before = 0;
    for (const piece of this.done) {
      if (position < before + piece.length) {
        putInt32(piece, position - before, value);
        return;
      }
      before += piece.length;
    }
  }

  /** All that was written, as the pieces it lies in. */
  parts(): Buffer[] {
    this.closePiece();
    return this.done;
  }

  /** All that was written, in one buffer. */
  finish(): Buffer {
    if (this.done.length === 0) return this.slab.subarray(this.start, this.at);
    this.closePiece();
    return this.done.length === 1 ? this.done[0]! : Buffer.concat(this.done, this.doneBytes);
  }

  /** Begins a new message in the place of those before: nothing that was handed out may be in use any more. */
  rewind(): void {
    if (this.slab.length > LARGEST_SLAB_BYTES) this.slab = Buffer.allocUnsafeSlow(LARGEST_SLAB_BYTES);
    this.at = 0;
    this.reset();
  }

  /** Begins a new message. */
  reset(): void {
    this.start = this.at;
    if (this.done.length > 0) this.done = [];
    this.doneBytes = 0;
  }

  private closePiece(): void {
    if (this.at === this.start) return;
    this.done.push(this.slab.subarray(this.start, this.at));
    this.doneBytes += this.at - this.start;
    this.start = this.at;
  }

  /** Goes on in a new slab with room for `needed` bytes more. Only the piece that is open moves; it doubles while it grows. */
  private grow(needed: number): void {
    const open = this.at - this.start;
    const usual = Math.min(this.slab.length * 2, LARGEST_SLAB_BYTES);
    const slab = Buffer.allocUnsafeSlow(Math.max(usual, 2 * (open + needed)));
    this.slab.copy(slab, 0, this.start, this.at);
    this.slab = slab;
    this.start = 0;
    this.at = open;
  }
}

function putInt32(b: Buffer, at: number, value: number): void {
  b[at] = value >> 24;
  b[at + 1] = value >> 16;
  b[at + 2] = value >> 8;
  b[at + 3] = value;
}
