/**
 * The header of a batch, read where it stands: every accessor takes (buffer, at), so nothing is allocated for a batch on its way.
 * Callers make sure with `batchSize` that the whole batch is there.
 *
 * Format 2: offset 8, length 4, leader epoch 4, magic 1, CRC-32C 4, attributes 2, last offset delta 4, base timestamp 8, max timestamp 8,
 * producer id 8, epoch 2, base sequence 4, record count 4. Formats 0 and 1 (a message): offset 8, length 4, CRC-32 4, magic 1, attributes 1,
 * timestamp 8 (format 1), key, value; a compressed one holds messages as its value and has the offset of the last of them.
 */
import type { Digests } from '../../runtime/runtime.ts';
import { COMPRESSION_KINDS, type CompressionKind } from '../../wire/compression.ts';
import { int64FromHalves, type Int64 } from '../../wire/int64.ts';
import { RecordsError } from './records-error.ts';

export type Magic = 0 | 1 | 2;

/** Offset and length: what stands before the bytes that the length counts. */
export const LOG_OVERHEAD_BYTES = 12;
export const V2_HEADER_BYTES = 61;
/** Enough to know size and magic of any batch. */
export const HEADER_UP_TO_MAGIC_BYTES = 17;
const V0_HEADER_BYTES = 26;
const V1_HEADER_BYTES = 34;

export const ATTRIBUTE_CODEC_MASK = 0x07;
export const ATTRIBUTE_LOG_APPEND_TIME = 0x08;
export const ATTRIBUTE_TRANSACTIONAL = 0x10;
export const ATTRIBUTE_CONTROL = 0x20;
export const ATTRIBUTE_DELETE_HORIZON = 0x40;

/** An int64 as a number: exact up to 2^53, beyond that the nearest one. */
export function int64At(b: Buffer, at: number): number {
  return b.readInt32BE(at) * 0x1_0000_0000 + b.readUInt32BE(at + 4);
}

export function exactInt64At(b: Buffer, at: number): Int64 {
  return int64FromHalves(b.readInt32BE(at), b.readUInt32BE(at + 4));
}

/** The int64 that is nearest to a whole number: the largest one for 2^63, as which `int64At` reads that one. */
export function writeInt64At(b: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  if (high > 0x7fff_ffff || high < -0x8000_0000) {
    b.writeInt32BE(high < 0 ? -0x8000_0000 : 0x7fff_ffff, at);
    b.writeUInt32BE(high < 0 ? 0 : 0xffff_ffff, at + 4);
    return;
  }
  b.writeInt32BE(high, at);
  b.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

/**
 * Bytes of the batch at `at`, its offset and length included; -1 when less than that is left before `end`.
 * Throws a RecordsError when it can't be a batch.
 */
export function batchSize(b: Buffer, at: number, end: number): number {
  if (end - at < HEADER_UP_TO_MAGIC_BYTES) {
    if (end - at >= LOG_OVERHEAD_BYTES) checkLength(b.readInt32BE(at + 8), at);
    return -1;
  }
  const length = b.readInt32BE(at + 8);
  checkLength(length, at);
  const magic = b[at + 16]!;
  if (magic > 2) throw new RecordsError('corrupt', `the batch at byte ${at} has the unknown magic ${magic}`);
  const size = length + LOG_OVERHEAD_BYTES;
  if (size < minimumSize(magic))
    throw new RecordsError('corrupt', `the batch at byte ${at} is ${size} bytes, too few for magic ${magic}`);
  return size <= end - at ? size : -1;
}

function checkLength(length: number, at: number): void {
  // 14 is the smallest message there is, as Apache has it; a hostile length must not pass for a batch that is yet to come.
  if (length < 14) throw new RecordsError('corrupt', `the batch at byte ${at} has the length ${length}`);
}

function minimumSize(magic: number): number {
  return magic === 2 ? V2_HEADER_BYTES : magic === 1 ? V1_HEADER_BYTES : V0_HEADER_BYTES;
}

/** The size that the batch says it has, from 12 bytes on. Not checked. */
export function sizeInBytes(b: Buffer, at: number): number {
  return b.readInt32BE(at + 8) + LOG_OVERHEAD_BYTES;
}

export function magic(b: Buffer, at: number): Magic {
  return b[at + 16]! as Magic;
}

/** The offset field: format 2 the first offset, else that of the message (compressed: of the last one inside). */
export function baseOffset(b: Buffer, at: number): number {
  return int64At(b, at);
}

export function lastOffset(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? int64At(b, at) + b.readInt32BE(at + 23) : int64At(b, at);
}

/** -1 for formats 0 and 1. */
export function partitionLeaderEpoch(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? b.readInt32BE(at + 12) : -1;
}

export function attributes(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? b.readInt16BE(at + 21) : b[at + 17]!;
}

/** Throws a RecordsError for a codec that nobody knows. */
export function compression(b: Buffer, at: number): CompressionKind {
  const code = (magic(b, at) === 2 ? b[at + 22]! : b[at + 17]!) & ATTRIBUTE_CODEC_MASK;
  const name = COMPRESSION_KINDS[code];
  if (name === undefined) throw new RecordsError('corrupt', `there is no codec ${code}`);
  return name;
}

export function compressionCode(name: CompressionKind): number {
  return COMPRESSION_KINDS.indexOf(name);
}

export function isCompressed(b: Buffer, at: number): boolean {
  return ((magic(b, at) === 2 ? b[at + 22]! : b[at + 17]!) & ATTRIBUTE_CODEC_MASK) !== 0;
}

export function hasLogAppendTime(b: Buffer, at: number): boolean {
  const m = magic(b, at);
  return m > 0 && ((m === 2 ? b[at + 22]! : b[at + 17]!) & ATTRIBUTE_LOG_APPEND_TIME) !== 0;
}

export function isTransactional(b: Buffer, at: number): boolean {
  return magic(b, at) === 2 && (b[at + 22]! & ATTRIBUTE_TRANSACTIONAL) !== 0;
}

export function isControl(b: Buffer, at: number): boolean {
  return magic(b, at) === 2 && (b[at + 22]! & ATTRIBUTE_CONTROL) !== 0;
}

export function hasDeleteHorizon(b: Buffer, at: number): boolean {
  return magic(b, at) === 2 && (b[at + 22]! & ATTRIBUTE_DELETE_HORIZON) !== 0;
}

/** Format 2 only; with a delete horizon it is that horizon. */
export function baseTimestamp(b: Buffer, at: number): number {
  return int64At(b, at + 27);
}

/** Also beyond 2^53, where `baseTimestamp` is the nearest number. */
export function exactBaseTimestamp(b: Buffer, at: number): Int64 {
  return exactInt64At(b, at + 27);
}

/** -1: the batch has no timestamps. */
export function maxTimestamp(b: Buffer, at: number): number {
  const m = magic(b, at);
  return m === 2 ? int64At(b, at + 35) : m === 1 ? int64At(b, at + 18) : -1;
}

/** Also beyond 2^53, where `maxTimestamp` is the nearest number. */
export function exactMaxTimestamp(b: Buffer, at: number): Int64 {
  const m = magic(b, at);
  return m === 2 ? exactInt64At(b, at + 35) : m === 1 ? exactInt64At(b, at + 18) : -1;
}

/** -1: none. Ids beyond 2^53 come back inexact: `hasExactProducerId` tells. */
export function producerId(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? int64At(b, at + 43) : -1;
}

export function hasExactProducerId(b: Buffer, at: number): boolean {
  return Number.isSafeInteger(producerId(b, at));
}

export function producerEpoch(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? b.readInt16BE(at + 51) : -1;
}

/** -1: none. */
export function baseSequence(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? b.readInt32BE(at + 53) : -1;
}

/** Sequences wrap from 2^31 - 1 to 0. */
export function lastSequence(b: Buffer, at: number): number {
  const first = baseSequence(b, at);
  if (first < 0) return -1;
  const last = first + b.readInt32BE(at + 23);
  return last > 0x7fff_ffff ? last - 0x8000_0000 : last;
}

/** Format 2 only. */
export function recordCount(b: Buffer, at: number): number {
  return b.readInt32BE(at + 57);
}

export function crcField(b: Buffer, at: number): number {
  return magic(b, at) === 2 ? b.readUInt32BE(at + 17) : b.readUInt32BE(at + 12);
}

export function crcValid(digests: Digests, b: Buffer, at: number, size: number): boolean {
  return crcField(b, at) === computeCrc(digests, b, at, size);
}

function computeCrc(digests: Digests, b: Buffer, at: number, size: number): number {
  return magic(b, at) === 2
    ? digests.crc32c(b.subarray(at + 21, at + size))
    : digests.crc32(b.subarray(at + 16, at + size));
}

/** After a change of anything that the checksum covers. */
export function updateCrc(digests: Digests, b: Buffer, at: number, size: number): void {
  b.writeUInt32BE(computeCrc(digests, b, at, size), magic(b, at) === 2 ? at + 17 : at + 12);
}

/** Throws a RecordsError unless the checksum is right. */
export function requireCrc(digests: Digests, b: Buffer, at: number, size: number): void {
  if (!crcValid(digests, b, at, size))
    throw new RecordsError('corrupt', `the batch at byte ${at} (${size} bytes) has a wrong checksum`);
}

/** Gives the batch its last offset, in place. The offset is outside the checksum. */
export function setLastOffset(b: Buffer, at: number, offset: number): void {
  writeInt64At(b, at, magic(b, at) === 2 ? offset - b.readInt32BE(at + 23) : offset);
}

/** Format 2 only; outside the checksum. */
export function setPartitionLeaderEpoch(b: Buffer, at: number, epoch: number): void {
  b.writeInt32BE(epoch, at + 12);
}

/** Sets the kind of timestamp and the largest one, in place, with a new checksum if that changed anything. Not for format 0. */
export function setMaxTimestamp(
  digests: Digests,
  b: Buffer,
  at: number,
  size: number,
  appendTime: boolean,
  timestampMs: number,
): void {
  if (hasLogAppendTime(b, at) === appendTime && maxTimestamp(b, at) === timestampMs) return;
  const isV2 = magic(b, at) === 2;
  const flags = isV2 ? at + 22 : at + 17;
  b[flags] = (b[flags]! & ~ATTRIBUTE_LOG_APPEND_TIME) | (appendTime ? ATTRIBUTE_LOG_APPEND_TIME : 0);
  writeInt64At(b, isV2 ? at + 35 : at + 18, timestampMs);
  updateCrc(digests, b, at, size);
}

/**
 * Calls `each` with position and size of every whole batch from `start` to `end`. @returns where the first unfinished one begins
 * (`end` when there is none). Throws a RecordsError when something that is no batch stands there.
 */
export function forEachBatch(
  b: Buffer,
  start: number,
  end: number,
  each: (at: number, size: number) => void,
): number {
  let at = start;
  while (at < end) {
    const size = batchSize(b, at, end);
    if (size < 0) return at;
    each(at, size);
    at += size;
  }
  return at;
}
