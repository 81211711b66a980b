/** Makes batches. What isn't compressed is equal to what Apache's library makes, byte for byte. */
import type { Codecs, Digests } from '../../runtime/runtime.ts';
import { compress, type CompressionKind } from '../../wire/compression.ts';
import { subtractInt64, type Int64 } from '../../wire/int64.ts';
import { varintSize, varlongSize } from '../../wire/varint-size.ts';
import { Writer } from '../../wire/writer.ts';
import {
  ATTRIBUTE_CONTROL,
  ATTRIBUTE_DELETE_HORIZON,
  ATTRIBUTE_LOG_APPEND_TIME,
  ATTRIBUTE_TRANSACTIONAL,
  compressionCode,
  LOG_OVERHEAD_BYTES,
  updateCrc,
  V2_HEADER_BYTES,
  type Magic,
} from './batch.ts';
import type { RecordHeader } from './record.ts';
import { RecordsError } from './records-error.ts';

export interface NewRecord {
  /** Default: one after the other from the base offset on. */
  readonly offset?: Int64;
  /** ms since 1970. Default -1: none. */
  readonly timestamp?: Int64;
  readonly key?: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly RecordHeader[];
}

export interface BatchOptions {
  readonly magic?: Magic;
  readonly compression?: CompressionKind;
  /** Default: that of the first record, or 0. */
  readonly baseOffset?: Int64;
  /** Format 2: default is the last record's; compaction keeps the old one. */
  readonly lastOffset?: Int64;
  readonly partitionLeaderEpoch?: number;
  /** Marks the batch with log append time. */
  readonly logAppendTimeMs?: Int64;
  readonly producerId?: Int64;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  /** KIP-534: when tombstones and markers of this batch may go. */
  readonly deleteHorizonMs?: Int64;
  /** For a batch without records: its largest timestamp, which compaction keeps. */
  readonly maxTimestamp?: Int64;
}

/** Records as one batch of format 2, or as messages of format 0 or 1 (compressed: one message that holds them). */
export function buildBatch(
  codecs: Codecs,
  digests: Digests,
  records: readonly NewRecord[],
  options: BatchOptions = {},
): Buffer {
  return options.magic === 0 || options.magic === 1
    ? buildOld(codecs, digests, records, options, options.magic)
    : buildV2(codecs, digests, records, options);
}

function buildV2(codecs: Codecs, digests: Digests, records: readonly NewRecord[], o: BatchOptions): Buffer {
  const compressionName = o.compression ?? 'none';
  const first = o.baseOffset ?? records[0]?.offset ?? 0;
  const firstTimestamp = records[0]?.timestamp ?? -1;
  const base = o.deleteHorizonMs ?? firstTimestamp;
  const body = new Writer();
  let maxTimestamp: Int64 = o.maxTimestamp ?? -1;
  let lastDelta = o.lastOffset === undefined ? 0 : subtractInt64(o.lastOffset, first);
  records.forEach((record, i) => {
    const timestamp = record.timestamp ?? -1;
    const offsetDelta = record.offset === undefined ? i : Number(subtractInt64(record.offset, first));
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    if (o.lastOffset === undefined) lastDelta = offsetDelta;
    writeRecord(body, record, subtractInt64(timestamp, base), offsetDelta);
  });
  const plain = body.finish();
  const payload = compressionName === 'none' ? plain : compress(codecs, compressionName, plain, 2);
  const batch = Buffer.allocUnsafe(V2_HEADER_BYTES + payload.length);
  const flags =
    compressionCode(compressionName) |
    (o.logAppendTimeMs === undefined ? 0 : ATTRIBUTE_LOG_APPEND_TIME) |
    (o.transactional === true ? ATTRIBUTE_TRANSACTIONAL : 0) |
    (o.control === true ? ATTRIBUTE_CONTROL : 0) |
    (o.deleteHorizonMs === undefined ? 0 : ATTRIBUTE_DELETE_HORIZON);
  batch.writeBigInt64BE(BigInt(first), 0);
  batch.writeInt32BE(batch.length - LOG_OVERHEAD_BYTES, 8);
  batch.writeInt32BE(o.partitionLeaderEpoch ?? -1, 12);
  batch[16] = 2;
  batch.writeInt16BE(flags, 21);
  batch.writeInt32BE(Number(lastDelta), 23);
  batch.writeBigInt64BE(BigInt(base), 27);
  batch.writeBigInt64BE(BigInt(o.logAppendTimeMs ?? maxTimestamp), 35);
  batch.writeBigInt64BE(BigInt(o.producerId ?? -1), 43);
  batch.writeInt16BE(o.producerEpoch ?? -1, 51);
  batch.writeInt32BE(o.baseSequence ?? -1, 53);
  batch.writeInt32BE(records.length, 57);
  payload.copy(batch, V2_HEADER_BYTES);
  updateCrc(digests, batch, 0, batch.length);
  return batch;
}

function writeRecord(w: Writer, record: NewRecord, timestampDelta: Int64, offsetDelta: number): void {
  const key = record.key ?? null;
  const headers = record.headers ?? [];
  let size = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta);
  size += bytesSize(key) + bytesSize(record.value) + varintSize(headers.length);
  for (const header of headers) {
    const length = Buffer.byteLength(header.key);
    size += varintSize(length) + length + bytesSize(header.value);
  }
  w.varint(size);
  w.int8(0);
  w.varlong(timestampDelta);
  w.varint(offsetDelta);
  writeBytes(w, key);
  writeBytes(w, record.value);
  w.varint(headers.length);
  for (const header of headers) {
    writeBytes(w, Buffer.from(header.key));
    writeBytes(w, header.value);
  }
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function writeBytes(w: Writer, bytes: Buffer | null): void {
  w.varint(bytes === null ? -1 : bytes.length);
  if (bytes !== null) w.bytes(bytes);
}

function buildOld(
  codecs: Codecs,
  digests: Digests,
  records: readonly NewRecord[],
  o: BatchOptions,
  magic: 0 | 1,
): Buffer {
  const codec = o.compression ?? 'none';
  if (codec === 'zstd') throw new RecordsError('unsupported', 'only format 2 has zstd');
  if (records.length === 0) return Buffer.alloc(0);
  const first = o.baseOffset ?? records[0]?.offset ?? 0;
  const attributes = magic === 1 && o.logAppendTimeMs !== undefined ? ATTRIBUTE_LOG_APPEND_TIME : 0;
  const offsets = records.map((record, i) => record.offset ?? BigInt(first) + BigInt(i));
  const messages = records.map((record, i) => {
    const offset = codec !== 'none' && magic === 1 ? subtractInt64(offsets[i]!, first) : offsets[i]!;
    const timestamp = o.logAppendTimeMs ?? record.timestamp ?? -1;
    return buildMessage(digests, magic, offset, attributes, timestamp, record.key ?? null, record.value);
  });
  const plain = Buffer.concat(messages);
  if (codec === 'none') return plain;
  let maxTimestamp: Int64 = -1;
  for (const record of records)
    if ((record.timestamp ?? -1) > maxTimestamp) maxTimestamp = record.timestamp ?? -1;
  const value = compress(codecs, codec, plain, magic);
  const last = offsets[offsets.length - 1]!;
  const wrapper = attributes | compressionCode(codec);
  return buildMessage(digests, magic, last, wrapper, o.logAppendTimeMs ?? maxTimestamp, null, value);
}

function buildMessage(
  digests: Digests,
  magic: 0 | 1,
  offset: Int64,
  attributes: number,
  timestamp: Int64,
  key: Buffer | null,
  value: Buffer | null,
): Buffer {
  const headerBytes = magic === 1 ? 26 : 18;
  const message = Buffer.allocUnsafe(headerBytes + 8 + (key?.length ?? 0) + (value?.length ?? 0));
  message.writeBigInt64BE(BigInt(offset), 0);
  message.writeInt32BE(message.length - LOG_OVERHEAD_BYTES, 8);
  message[16] = magic;
  message[17] = attributes;
  if (magic === 1) message.writeBigInt64BE(BigInt(timestamp), 18);
  let at = message.writeInt32BE(key?.length ?? -1, headerBytes);
  at += key?.copy(message, at) ?? 0;
  at = message.writeInt32BE(value?.length ?? -1, at);
  value?.copy(message, at);
  updateCrc(digests, message, 0, message.length);
  return message;
}
