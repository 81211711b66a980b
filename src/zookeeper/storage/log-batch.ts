import { putBigInt64 } from '../../wire/bigint64.ts';
import type { Int64 } from '../../wire/reader.ts';
import { encodeTransaction } from '../tree/transactions/transaction-codec.ts';
import { putInt32, putInt64 } from '../tree/znodes/stat-bytes.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { Adler32 } from './adler32.ts';
import { ENTRY_END, ENTRY_HEAD_BYTES } from './log-reader.ts';

const FIRST_BYTES = 64 * 1024;
/** A batch that grew beyond this isn't kept. */
const LARGEST_KEPT_BYTES = 4 << 20;

/** Log entries in one piece of memory, so that a batch is one write and its checksums run over bytes in a row. */
export class LogBatch {
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;
  private readonly sum = new Adler32();

  get length(): number {
    return this.at;
  }

  /** All that was added, valid until `clear`. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  clear(): void {
    this.at = 0;
    if (this.buffer.length > LARGEST_KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  addTransaction(transaction: Transaction): void {
    const head = this.at;
    this.room(ENTRY_HEAD_BYTES);
    this.at += ENTRY_HEAD_BYTES;
    encodeTransaction(this, transaction, true);
    this.seal(head, this.buffer, head + ENTRY_HEAD_BYTES, this.at);
  }

  /** An entry whose payload is encoded already: what a leader sent. */
  addPayload(payload: Buffer): void {
    const head = this.at;
    this.room(ENTRY_HEAD_BYTES);
    this.at += ENTRY_HEAD_BYTES;
    this.bytesOf(payload);
    // Of a whole buffer no view is made to copy it from.
    this.seal(head, payload, 0, payload.length);
  }

  /** Puts checksum and length in front of an entry, whose bytes are those of `bytes` from `start` to `end`, too. */
  private seal(head: number, bytes: Buffer, start: number, end: number): void {
    this.sum.reset();
    this.sum.update(bytes, start, end);
    putInt64(this.buffer, head, this.sum.value);
    putInt32(this.buffer, head + 8, end - start);
    this.int8(ENTRY_END);
  }

  int8(value: number): void {
    this.room(1);
    this.buffer[this.at++] = value;
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int32(value: number): void {
    this.room(4);
    putInt32(this.buffer, this.at, value);
    this.at += 4;
  }

  int64(value: Int64): void {
    this.room(8);
    if (typeof value === 'number') putInt64(this.buffer, this.at, value);
    else putBigInt64(this.buffer, this.at, value);
    this.at += 8;
  }

  utf8(text: string, byteLength: number): void {
    this.room(byteLength);
    this.buffer.write(text, this.at, byteLength, 'utf8');
    this.at += byteLength;
  }

  private bytesOf(bytes: Buffer): void {
    this.room(bytes.length);
    bytes.copy(this.buffer, this.at);
    this.at += bytes.length;
  }

  copy(source: Buffer, start: number, end: number): void {
    this.room(end - start);
    source.copy(this.buffer, this.at, start, end);
    this.at += end - start;
  }

  private room(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + count));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
