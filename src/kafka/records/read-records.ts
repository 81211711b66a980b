/** Looks inside batches: the records of format 2, the messages of formats 0 and 1, compressed or not. */
import type { Codecs } from '../../runtime/runtime.ts';
import { CodecError } from '../../runtime/runtime.ts';
import { decompress } from '../../wire/compression.ts';
import { addInt64, type Int64 } from '../../wire/int64.ts';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import {
  batchSize,
  compression,
  exactBaseTimestamp,
  exactInt64At,
  exactMaxTimestamp,
  hasLogAppendTime,
  magic,
  recordCount,
  V2_HEADER_BYTES,
  type Magic,
} from './batch.ts';
import { NO_HEADERS, type LogRecord, type RecordHeader } from './record.ts';
import { RecordsError } from './records-error.ts';

/** What a batch may decompress to at most: 64 times Kafka's own limit of a request's batch, roughly. */
export const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

/**
 * The records of the batch at `at`. The checksum isn't looked at. Throws a RecordsError; lengths are checked before anything is made.
 * `storedTimestamps`: those that the producer gave, also where the batch has log append time.
 */
export function readRecords(
  codecs: Codecs,
  b: Buffer,
  at: number,
  size: number,
  options?: { storedTimestamps?: boolean },
): LogRecord[] {
  try {
    return magic(b, at) === 2
      ? readV2(codecs, b, at, size, options?.storedTimestamps === true)
      : readOld(codecs, b, at, size);
  } catch (error) {
    if (error instanceof WireError || error instanceof CodecError)
      throw new RecordsError('corrupt', `the batch at byte ${at} can't be read: ${error.message}`, error);
    throw error;
  }
}

/** Offset of the first record of the batch at `at`; inside a compressed old message it must be looked for. */
export function firstOffset(codecs: Codecs, b: Buffer, at: number, size: number): Int64 {
  if (magic(b, at) === 2 || compression(b, at) === 'none') return exactInt64At(b, at);
  const first = readRecords(codecs, b, at, size)[0];
  return first === undefined ? exactInt64At(b, at) : first.offset;
}

function readV2(codecs: Codecs, b: Buffer, at: number, size: number, stored: boolean): LogRecord[] {
  const count = recordCount(b, at);
  if (count < 0) throw new RecordsError('corrupt', `the batch at byte ${at} says it has ${count} records`);
  const codec = compression(b, at);
  const payload = b.subarray(at + V2_HEADER_BYTES, at + size);
  const data = codec === 'none' ? payload : decompress(codecs, codec, payload, 2, MAX_DECOMPRESSED_BYTES);
  // The smallest record has 7 bytes, so a count that can't be is found before the loop believes it.
  if (count * 7 > data.length)
    throw new RecordsError('corrupt', `the batch at byte ${at} is too small for ${count} records`);
  const reader = new Reader(data);
  const first = exactInt64At(b, at);
  const base = exactBaseTimestamp(b, at);
  const appendTime = !stored && hasLogAppendTime(b, at) ? exactMaxTimestamp(b, at) : null;
  const records: LogRecord[] = [];
  for (let i = 0; i < count; i++) records.push(readRecord(reader, first, base, appendTime));
  if (reader.remaining > 0)
    throw new RecordsError('corrupt', `${reader.remaining} bytes follow the last record of a batch`);
  return records;
}

function readRecord(r: Reader, first: Int64, base: Int64, appendTime: Int64 | null): LogRecord {
  const length = r.varint();
  if (length < 0 || length > r.remaining)
    throw new RecordsError('corrupt', `a record has the length ${length}, ${r.remaining} bytes are left`);
  const end = r.position + length;
  r.skip(1); // attributes: unused
  const timestamp = addInt64(base, r.varlong());
  const offset = addInt64(first, r.varint());
  const key = nullableBytes(r);
  const value = nullableBytes(r);
  const headers = readHeaders(r, end);
  if (r.position !== end)
    throw new RecordsError('corrupt', `a record says it has ${length} bytes, but its fields don't fill them`);
  return { offset, timestamp: appendTime ?? timestamp, key, value, headers };
}

function readHeaders(r: Reader, end: number): readonly RecordHeader[] {
  const count = r.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count * 2 > end - r.position)
    throw new RecordsError('corrupt', `a record says it has ${count} headers`);
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    const key = nullableBytes(r);
    if (key === null) throw new RecordsError('corrupt', 'a header has no key');
    headers.push({ key: key.toString('utf8'), value: nullableBytes(r) });
  }
  return headers;
}

function nullableBytes(r: Reader): Buffer | null {
  const length = r.varint();
  return length < 0 ? null : r.bytes(length);
}

function readOld(codecs: Codecs, b: Buffer, at: number, size: number): LogRecord[] {
  const outer = readMessage(b, at, size);
  const codec = compression(b, at);
  if (codec === 'none') return [outer];
  const outerMagic = magic(b, at);
  if (codec === 'zstd') throw new RecordsError('unsupported', 'only format 2 has zstd');
  if (outer.value === null) throw new RecordsError('corrupt', 'a compressed message has no value');
  const data = decompress(codecs, codec, outer.value, outerMagic, MAX_DECOMPRESSED_BYTES);
  const records: LogRecord[] = [];
  const appendTime = hasLogAppendTime(b, at) ? outer.timestamp : null;
  let inner = 0;
  while (inner < data.length) {
    const innerSize = batchSize(data, inner, data.length);
    if (innerSize < 0) throw new RecordsError('corrupt', 'a message inside a compressed one is cut short');
    if (magic(data, inner) !== outerMagic)
      throw new RecordsError(
        'corrupt',
        `a message of magic ${magic(data, inner)} stands in one of ${outerMagic}`,
      );
    if (compression(data, inner) !== 'none')
      throw new RecordsError('corrupt', 'a message inside a compressed one is compressed again');
    const record = readMessage(data, inner, innerSize);
    records.push(appendTime === null ? record : { ...record, timestamp: appendTime });
    inner += innerSize;
  }
  return outerMagic === 0 ? records : withAbsoluteOffsets(records, outer.offset);
}

/** Format 1 stores offsets inside relative to each other; the wrapper has the last one. */
function withAbsoluteOffsets(records: LogRecord[], last: Int64): LogRecord[] {
  const lastInner = records[records.length - 1]?.offset ?? 0;
  const base = addInt64(last, -lastInner);
  return records.map((record) => ({ ...record, offset: addInt64(base, record.offset) }));
}

function readMessage(b: Buffer, at: number, size: number): LogRecord {
  const isV1: boolean = (magic(b, at) as Magic) === 1;
  const r = new Reader(b, at + (isV1 ? 26 : 18), at + size);
  const key = oldBytes(r);
  const value = oldBytes(r);
  if (r.remaining > 0)
    throw new RecordsError('corrupt', `${r.remaining} bytes follow the value of a message`);
  const timestamp = isV1 ? exactInt64At(b, at + 18) : -1;
  return { offset: exactInt64At(b, at), timestamp, key, value, headers: NO_HEADERS };
}

function oldBytes(r: Reader): Buffer | null {
  const length = r.int32();
  return length < 0 ? null : r.bytes(length);
}
