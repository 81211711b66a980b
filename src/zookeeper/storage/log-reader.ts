import type { File } from '../../runtime/runtime.ts';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { getInt32, getInt64 } from '../tree/znodes/stat-bytes.ts';
import { decodeDigest, decodeTransaction, type TreeDigest } from '../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { Adler32 } from './adler32.ts';
import { FileWindow } from './file-window.ts';
import { FILE_HEADER_BYTES, FILE_VERSION, LOG_MAGIC } from './files.ts';
import { StorageError } from './storage-error.ts';

/** Checksum as a long, then the length. After the payload comes one byte more. */
export const ENTRY_HEAD_BYTES = 12;
export const ENTRY_END = 0x42; // B
/** session, cxid, zxid, time, type */
const TRANSACTION_HEADER_BYTES = 32;

export interface LogEnd {
  /** Where the next entry would go. */
  readonly offset: number;
  /** Why the log ends here: its padding, the end of the file, or an entry that was never written to its end. */
  readonly reason: 'padding' | 'end' | 'torn';
}

/** `transaction` and its data are valid only until `each` returns. Return false to stop. */
export type EachEntry = (
  transaction: Transaction,
  digest: TreeDigest | null,
  offset: number,
) => boolean | void;

/**
 * Reads a log from its start. What was cut off in the middle of the last entry, or never got to the disk, ends it quietly: nobody was
 * told that it is done. A broken entry with good ones behind it is another matter, and throws a StorageError. `from`: where an entry
 * begins, as an earlier call told.
 */
export function readLog(file: File, each: EachEntry, from = 0): LogEnd {
  const window = new FileWindow(file, undefined, from);
  const problem = from === 0 ? readHeader(file, window) : null;
  if (problem !== null) return problem;
  const sum = new Adler32();
  for (;;) {
    const offset = window.offset;
    if (!window.need(ENTRY_HEAD_BYTES)) return { offset, reason: 'end' };
    const at = window.position;
    const checksum = getInt64(window.buffer, at);
    const length = getInt32(window.buffer, at + 8);
    if (checksum === 0 && length === 0) return { offset, reason: 'padding' };
    if (length < TRANSACTION_HEADER_BYTES || !window.need(ENTRY_HEAD_BYTES + length + 1)) {
      refuseIfMoreFollows(file, offset);
      return { offset, reason: 'torn' };
    }
    const start = window.position + ENTRY_HEAD_BYTES;
    const end = start + length;
    sum.reset();
    sum.update(window.buffer, start, end);
    if (sum.value !== checksum || window.buffer[end] !== ENTRY_END) {
      refuseIfMoreFollows(file, offset);
      return { offset, reason: 'torn' };
    }
    const reader = new Reader(window.buffer, start, end);
    let transaction: Transaction;
    try {
      transaction = decodeTransaction(reader);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new StorageError(
        'LOG_UNREADABLE',
        file.path,
        `${file.path}: the entry at byte ${offset} is intact but can't be read (${error.message}); it was written by a version that knows more than this one`,
        error,
      );
    }
    if (each(transaction, decodeDigest(reader), offset) === false) return { offset, reason: 'end' };
    window.position = end + 1;
  }
}

/** @returns the end of a file that has nothing else. */
function readHeader(file: File, window: FileWindow): LogEnd | null {
  if (!window.need(FILE_HEADER_BYTES)) return { offset: 0, reason: 'torn' };
  if (getInt32(window.buffer, 0) !== LOG_MAGIC || getInt32(window.buffer, 4) !== FILE_VERSION) {
    if (isTornHeader(window.buffer)) {
      refuseIfMoreFollows(file, 0);
      return { offset: 0, reason: 'torn' };
    }
    throw new StorageError(
      'NOT_A_LOG',
      file.path,
      `${file.path} doesn't begin as a transaction log does; move it out of the folder if it isn't one, else restore it from a copy`,
    );
  }
  window.position = FILE_HEADER_BYTES;
  return null;
}

/** Whether it begins as it must, if at all, and goes on with zeros: it was never written to its end. */
function isTornHeader(bytes: Buffer): boolean {
  const right = Buffer.alloc(8);
  right.writeInt32BE(LOG_MAGIC, 0);
  right.writeInt32BE(FILE_VERSION, 4);
  const written = right.findIndex((byte, at) => bytes[at] !== byte);
  return bytes.subarray(written, right.length).every((byte) => byte === 0);
}

/** Whether anywhere behind the broken entry at `offset` a whole one stands: then it isn't the torn end of the log. */
function refuseIfMoreFollows(file: File, offset: number): void {
  const window = new FileWindow(file);
  const sum = new Adler32();
  // The first bytes of the broken entry itself can't be the head of another.
  for (let skip = offset + 1; skip > 0;) {
    const step = Math.min(skip, 1 << 16);
    if (!window.need(step)) return;
    window.position += step;
    skip -= step;
  }
  for (; window.need(ENTRY_HEAD_BYTES); window.position++) {
    const at = window.position;
    if (getInt32(window.buffer, at) !== 0) continue;
    const length = getInt32(window.buffer, at + 8);
    if (length < TRANSACTION_HEADER_BYTES || length >= window.remaining - ENTRY_HEAD_BYTES) continue;
    const checksum = getInt32(window.buffer, at + 4) >>> 0;
    if (checksum === 0 || !window.need(ENTRY_HEAD_BYTES + length + 1)) continue;
    const start = window.position + ENTRY_HEAD_BYTES;
    if (window.buffer[start + length] !== ENTRY_END) continue;
    sum.reset();
    sum.update(window.buffer, start, start + length);
    if (sum.value !== checksum) continue;
    throw new StorageError(
      'LOG_CORRUPT',
      file.path,
      `${file.path} is damaged at byte ${offset}: the entry there fails its checksum, but a good one follows at byte ${window.offset}. ` +
        `Restore the file from a copy; or, if this server is one of an ensemble, move its data away and let it sync anew; or, to give up ` +
        `all that came after, cut it: truncate -s ${offset} ${file.path}`,
    );
  }
}
