import type { Codecs, Digests } from '../../../runtime/runtime.ts';
import {
  baseOffset,
  crcValid,
  forEachBatch,
  lastOffset,
  magic,
  maxTimestamp,
  producerId,
} from '../../records/batch.ts';
import { readMarker } from '../../records/control-record.ts';
import { RecordsError } from '../../records/records-error.ts';
import type { PreparedRecords } from './leader-append.ts';

/** Batches of a fetch that are written together. */
interface Chunk {
  start: number;
  end: number;
  firstOffset: number;
  lastOffset: number;
  maxTimestamp: number;
  offsetOfMaxTimestamp: number;
  hasProducer: boolean;
}

/**
 * Checks what a leader sent (checksums, rising offsets, markers of transactions) and gives it to `write` in parts that fit in a segment.
 * Batches below `nextOffset` are left out, and so is an unfinished one at the end. Throws a RecordsError.
 */
export function splitForFollower(
  { codecs, digests }: { codecs: Codecs; digests: Digests },
  records: Buffer,
  nextOffset: number,
  segmentBytes: number,
  write: (chunk: PreparedRecords) => void,
): void {
  let next = nextOffset;
  let chunk = newChunk();
  const finish = (): void => {
    if (chunk.start >= 0)
      write({ ...chunk, records: records.subarray(chunk.start, chunk.end), logAppendTimeMs: -1 });
    chunk = newChunk();
  };
  forEachBatch(records, 0, records.length, (at, size) => {
    const last = lastOffset(records, at);
    if (last < nextOffset) return;
    if (!crcValid(digests, records, at, size))
      throw new RecordsError('corrupt', `the leader sent a batch with a wrong checksum at offset ${last}`);
    const first = magic(records, at) === 2 ? baseOffset(records, at) : next;
    if (first < next || last < first)
      throw new RecordsError('corrupt', `the leader sent offset ${first} after ${next - 1}`);
    if (chunk.start >= 0 && at + size - chunk.start > segmentBytes) finish();
    // Read once more when it is written: what can't be read must not get there.
    if (producerId(records, at) >= 0) readMarker(codecs, records, at, size);
    extend(chunk, records, at, size, first, last);
    next = last + 1;
  });
  finish();
}

function newChunk(): Chunk {
  return {
    start: -1,
    end: -1,
    firstOffset: -1,
    lastOffset: -1,
    maxTimestamp: -1,
    offsetOfMaxTimestamp: -1,
    hasProducer: false,
  };
}

function extend(chunk: Chunk, b: Buffer, at: number, size: number, first: number, last: number): void {
  if (chunk.start < 0) {
    chunk.start = at;
    chunk.firstOffset = first;
  }
  chunk.end = at + size;
  chunk.lastOffset = last;
  const timestamp = maxTimestamp(b, at);
  if (timestamp > chunk.maxTimestamp) {
    chunk.maxTimestamp = timestamp;
    chunk.offsetOfMaxTimestamp = last;
  }
  if (producerId(b, at) >= 0) chunk.hasProducer = true;
}
