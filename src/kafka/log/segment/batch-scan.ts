import type { File } from '../../../runtime/runtime.ts';
import { batchSize, HEADER_UP_TO_MAGIC_BYTES, V2_HEADER_BYTES } from '../../records/batch.ts';
import { RecordsError } from '../../records/records-error.ts';

const HEADERS_CHUNK_BYTES = 8 * 1024;
const WHOLE_CHUNK_BYTES = 256 * 1024;

/**
 * Walks over the batches of a segment's file. After `next` the current batch stands in `buffer` at `at`: whole, or with its header only
 * (the first 61 bytes), as asked for. The buffer changes with the next call.
 */
export class BatchScan {
  buffer: Buffer;
  at = 0;
  /** Where the current batch stands in the file. */
  position: number;
  /** Its bytes. */
  size = 0;
  private readonly file: File;
  private readonly end: number;
  private readonly whole: boolean;
  /** What of the file is in `buffer`. */
  private windowStart: number;
  private windowEnd: number;

  constructor(file: File, start: number, end: number, content: 'headers' | 'whole') {
    this.file = file;
    this.position = start;
    this.end = end;
    this.whole = content === 'whole';
    this.windowStart = start;
    this.windowEnd = start;
    this.buffer = Buffer.allocUnsafe(
      Math.max(Math.min(this.whole ? WHOLE_CHUNK_BYTES : HEADERS_CHUNK_BYTES, end - start), V2_HEADER_BYTES),
    );
  }

  /**
   * Goes to the next batch. @returns false at the end, which may be a batch that is cut short: `position` says where it begins.
   * Throws a RecordsError when no batch can stand there.
   */
  next(): boolean {
    this.position += this.size;
    this.size = 0;
    const left = this.end - this.position;
    if (left < HEADER_UP_TO_MAGIC_BYTES) return false;
    this.load(Math.min(V2_HEADER_BYTES, left));
    const at = this.position - this.windowStart;
    // The length counts against the file, not against the window that is in memory.
    const size = batchSize(this.buffer, at, at + left);
    if (size < 0) return false;
    if (this.whole) this.load(size);
    this.at = this.position - this.windowStart;
    this.size = size;
    return true;
  }

  private load(length: number): void {
    if (this.position >= this.windowStart && this.position + length <= this.windowEnd) return;
    if (length > this.buffer.length) this.buffer = Buffer.allocUnsafe(length);
    const wanted = Math.min(this.buffer.length, this.end - this.position);
    const got = this.file.read(this.buffer, 0, wanted, this.position);
    if (got < length) throw new RecordsError('corrupt', `the file ends at byte ${this.position + got}`);
    this.windowStart = this.position;
    this.windowEnd = this.position + got;
  }
}
