/**
 * What a leader does with records before they go into its log: checks, in the order of Apache's 2.3.0 and with its codes, and offsets.
 * Nearly always the request's own bytes are kept and changed in place; only another format or codec makes new ones.
 */
import type { Codecs, Digests } from '../../../runtime/runtime.ts';
import type { CompressionKind } from '../../../wire/compression.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import {
  baseOffset,
  baseSequence,
  baseTimestamp,
  compression,
  crcValid,
  forEachBatch,
  hasExactProducerId,
  hasLogAppendTime,
  isCompressed,
  isControl,
  isTransactional,
  magic,
  maxTimestamp,
  producerEpoch,
  producerId,
  recordCount,
  setLastOffset,
  setMaxTimestamp,
  setPartitionLeaderEpoch,
} from '../../records/batch.ts';
import { buildBatch, type NewRecord } from '../../records/build-batch.ts';
import { readRecords } from '../../records/read-records.ts';
import type { LogRecord } from '../../records/record.ts';
import { NEVER, type LogConfig } from '../log-config.ts';
import type { LeaderAppendOptions } from '../log-types.ts';
import { newWalkResult, walkRecords } from './record-walk.ts';

/** Records that are ready to be written. */
export interface PreparedRecords {
  /** Whole batches only. */
  readonly records: Buffer;
  readonly firstOffset: number;
  /** firstOffset - 1 when there is nothing. */
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly offsetOfMaxTimestamp: number;
  /** -1 unless the topic has log append time. */
  readonly logAppendTimeMs: number;
  /** Whether any batch has a producer id. */
  readonly hasProducer: boolean;
}

export interface LeaderContext {
  readonly codecs: Codecs;
  readonly digests: Digests;
  readonly config: LogConfig;
  readonly nextOffset: number;
  readonly nowMs: number;
}

/** Throws a KafkaError for what is refused, and a RecordsError, WireError or CodecError for what can't be read. */
export function prepareForLeader(
  context: LeaderContext,
  records: Buffer,
  options: LeaderAppendOptions,
): PreparedRecords {
  const { config } = context;
  const fromClient = options.origin === 'client';
  let batches = 0;
  let firstMagic = -1;
  let sourceCodec: CompressionKind = 'none';
  let inPlace = true;
  let hasProducer = false;
  const end = forEachBatch(records, 0, records.length, (at, size) => {
    checkBatch(context, records, at, size, options);
    batches++;
    const batchMagic = magic(records, at);
    if (firstMagic < 0) firstMagic = batchMagic;
    else if (batchMagic !== firstMagic) throw corrupt('batches of several formats came together');
    const codec = compression(records, at);
    if (codec !== 'none') sourceCodec = codec;
    if (batchMagic !== config.messageMagic) inPlace = false;
    if (batchMagic === 0 && codec !== 'none') inPlace = false; // its offsets inside are absolute
    if (producerId(records, at) >= 0) hasProducer = true;
  });
  if (
    fromClient &&
    options.produceVersion >= 3 &&
    (batches !== 1 || firstMagic !== 2 || end !== records.length)
  )
    throw corrupt('a produce request of version 3 or later has exactly one batch of format 2');
  const valid = end === records.length ? records : records.subarray(0, end);
  if (batches === 0) return nothing(context.nextOffset, valid);
  const targetCodec = config.compressionType === 'producer' ? sourceCodec : plainName(config.compressionType);
  if (targetCodec !== sourceCodec) inPlace = false;
  if (config.messageMagic < 2 && firstMagic === 2) checkFeatures(context, valid);
  const prepared = inPlace
    ? assignInPlace(context, valid, options, hasProducer)
    : rebuild(context, valid, options, targetCodec, hasProducer);
  if (prepared.records.length > config.segmentBytes)
    throw new KafkaError(
      ErrorCode.RECORD_LIST_TOO_LARGE,
      `${prepared.records.length} bytes don't fit in a segment of ${config.segmentBytes}`,
    );
  return prepared;
}

function plainName(type: Exclude<LogConfig['compressionType'], 'producer'>): CompressionKind {
  return type === 'uncompressed' ? 'none' : type;
}

function nothing(nextOffset: number, records: Buffer): PreparedRecords {
  return {
    records,
    firstOffset: nextOffset,
    lastOffset: nextOffset - 1,
    maxTimestamp: -1,
    offsetOfMaxTimestamp: nextOffset - 1,
    logAppendTimeMs: -1,
    hasProducer: false,
  };
}

function corrupt(message: string): KafkaError {
  return new KafkaError(ErrorCode.CORRUPT_MESSAGE, message);
}

function tooLarge(size: number, limit: number): KafkaError {
  return new KafkaError(
    ErrorCode.MESSAGE_TOO_LARGE,
    `a batch has ${size} bytes, max.message.bytes allows ${limit}`,
  );
}

function checkBatch(
  context: LeaderContext,
  b: Buffer,
  at: number,
  size: number,
  options: LeaderAppendOptions,
): void {
  const fromClient = options.origin === 'client';
  const isV2 = magic(b, at) === 2;
  if (isV2 && fromClient && baseOffset(b, at) !== 0)
    throw corrupt(`a batch from a client begins at offset ${baseOffset(b, at)} instead of 0`);
  const limit = context.config.maxMessageBytes;
  if (size > limit) throw tooLarge(size, limit);
  if (!crcValid(context.digests, b, at, size)) throw corrupt('a batch has a wrong checksum');
  if (!isV2) return;
  if (compression(b, at) === 'zstd' && fromClient && options.produceVersion < 7)
    throw new KafkaError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'zstd needs Produce 7 or later');
  const count = recordCount(b, at);
  if (count <= 0 || count !== b.readInt32BE(at + 23) + 1)
    throw corrupt(`a batch has ${count} records, but its offsets are for ${b.readInt32BE(at + 23) + 1}`);
  if (isControl(b, at) && fromClient) throw corrupt('clients may not write control batches');
  if (!hasExactProducerId(b, at)) throw corrupt('a producer id is beyond what was ever given out');
  if (producerId(b, at) >= 0) {
    if (baseSequence(b, at) < 0 && fromClient) throw corrupt('a batch has a producer id, but no sequence');
    if (producerEpoch(b, at) < 0) throw corrupt('a batch has a producer id, but no epoch');
  } else if (isTransactional(b, at)) throw corrupt('a transactional batch has no producer id');
}

/** Producer ids and headers need format 2. */
function checkFeatures(context: LeaderContext, b: Buffer): void {
  forEachBatch(b, 0, b.length, (at, size) => {
    const refused = (what: string): KafkaError =>
      new KafkaError(
        ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        `the topic's message format ${context.config.messageFormatVersion} has no ${what}`,
      );
    if (producerId(b, at) >= 0) throw refused('producer ids');
    if (readRecords(context.codecs, b, at, size).some((record) => record.headers.length > 0))
      throw refused('headers');
  });
}

const walk = newWalkResult();

/**
 * Offsets, epoch and append time go into the bytes as they came. Records of uncompressed batches are checked one by one, as Apache's
 * leader does. Compressed ones stay closed unless keys or old messages must be seen: their checksum says that they are as the producer
 * made them, and unpacking them would cost more than all the rest. Apache unpacks them; so a client that compresses nonsense with
 * a right checksum is told so by Apache here, and by its consumers with us.
 */
function assignInPlace(
  context: LeaderContext,
  b: Buffer,
  options: LeaderAppendOptions,
  hasProducer: boolean,
): PreparedRecords {
  const { config, codecs, digests, nowMs } = context;
  const appendTime = config.messageTimestampType === 'LogAppendTime';
  const compact = config.cleanupPolicy.includes('compact');
  let next = context.nextOffset;
  let largest = -1;
  let offsetOfLargest = context.nextOffset - 1;
  forEachBatch(b, 0, b.length, (at, size) => {
    const isV2 = magic(b, at) === 2;
    let count = 1;
    let batchLargest = maxTimestamp(b, at);
    let smallest = batchLargest;
    let indexOfLargest = -1;
    if (isV2 && !isCompressed(b, at)) {
      walkRecords(b, at, size, walk);
      count = recordCount(b, at);
      if (compact && walk.hasNullKey) throw keyMissing();
      const base = baseTimestamp(b, at);
      batchLargest = base + walk.maxTimestampDelta;
      smallest = base + walk.minTimestampDelta;
      indexOfLargest = walk.maxTimestampIndex;
    } else if (isV2) {
      count = recordCount(b, at);
      if (compact) checkKeys(readRecords(codecs, b, at, size));
      smallest = baseTimestamp(b, at);
    } else {
      // A message of an old format: compressed ones hold several, whose relative offsets must be in order.
      const inside = readRecords(codecs, b, at, size);
      if (inside.length === 0) throw corrupt('a compressed message is empty');
      count = inside.length;
      if (compact) checkKeys(inside);
      if (isCompressed(b, at)) checkRelativeOffsets(inside);
      for (const record of inside) {
        if (record.timestamp < smallest) smallest = Number(record.timestamp);
        if (record.timestamp > batchLargest) batchLargest = Number(record.timestamp);
      }
    }
    checkTimestamps(config, nowMs, smallest, batchLargest, hasLogAppendTime(b, at));
    const first = next;
    next += count;
    setLastOffset(b, at, next - 1);
    if (isV2) setPartitionLeaderEpoch(b, at, options.leaderEpoch);
    if (appendTime) batchLargest = nowMs;
    if (magic(b, at) > 0) setMaxTimestamp(digests, b, at, size, appendTime, batchLargest);
    if (batchLargest > largest) {
      largest = batchLargest;
      offsetOfLargest = !appendTime && indexOfLargest >= 0 ? first + indexOfLargest : next - 1;
    }
  });
  return {
    records: b,
    firstOffset: context.nextOffset,
    lastOffset: next - 1,
    maxTimestamp: largest,
    offsetOfMaxTimestamp: offsetOfLargest,
    logAppendTimeMs: appendTime ? nowMs : -1,
    hasProducer,
  };
}

function checkTimestamps(
  config: LogConfig,
  nowMs: number,
  smallest: number,
  largest: number,
  markedAppendTime: boolean,
): void {
  if (config.messageTimestampType === 'CreateTime') {
    const range = config.messageTimestampDifferenceMaxMs;
    if (
      range < NEVER &&
      ((smallest >= 0 && nowMs - smallest > range) || (largest >= 0 && largest - nowMs > range))
    )
      throw new KafkaError(
        ErrorCode.INVALID_TIMESTAMP,
        `timestamps from ${smallest} to ${largest} are more than ${range} ms away from now`,
      );
  }
  if (markedAppendTime)
    throw new KafkaError(ErrorCode.INVALID_TIMESTAMP, 'a producer marked its batch with log append time');
}

function keyMissing(): KafkaError {
  return corrupt('a record for a compacted topic has no key');
}

function checkKeys(records: readonly LogRecord[]): void {
  if (records.some((record) => record.key === null)) throw keyMissing();
}

function checkRelativeOffsets(records: readonly LogRecord[]): void {
  const first = Number(records[0]!.offset);
  records.forEach((record, i) => {
    if (Number(record.offset) !== first + i)
      throw corrupt('relative offsets in a compressed message are not in order');
  });
}

/** Another format or codec: all records become one batch of the topic's own kind (or messages, where the format has no batches). */
function rebuild(
  context: LeaderContext,
  b: Buffer,
  options: LeaderAppendOptions,
  codec: CompressionKind,
  hasProducer: boolean,
): PreparedRecords {
  const { config, codecs, digests, nowMs, nextOffset } = context;
  const appendTime = config.messageTimestampType === 'LogAppendTime';
  const all: NewRecord[] = [];
  let firstAt = -1;
  let largest = -1;
  let offsetOfLargest = nextOffset - 1;
  forEachBatch(b, 0, b.length, (at, size) => {
    if (firstAt < 0) firstAt = at;
    const inside = readRecords(codecs, b, at, size);
    if (config.cleanupPolicy.includes('compact')) checkKeys(inside);
    for (const record of inside) {
      const timestamp = Number(record.timestamp);
      checkTimestamps(config, nowMs, timestamp, timestamp, hasLogAppendTime(b, at));
      if (timestamp > largest) {
        largest = timestamp;
        offsetOfLargest = nextOffset + all.length;
      }
      const { key, value, headers } = record;
      all.push({ key, value, headers, timestamp: record.timestamp });
    }
  });
  if (all.length === 0) return nothing(nextOffset, Buffer.alloc(0));
  const toMagic = config.messageMagic;
  const isV2 = magic(b, firstAt) === 2;
  const records = buildBatch(codecs, digests, all, {
    magic: toMagic,
    compression: toMagic < 2 && codec === 'zstd' ? 'none' : codec,
    baseOffset: nextOffset,
    partitionLeaderEpoch: options.leaderEpoch,
    ...(appendTime ? { logAppendTimeMs: nowMs } : {}),
    ...(isV2
      ? {
          producerId: producerId(b, firstAt),
          producerEpoch: producerEpoch(b, firstAt),
          baseSequence: baseSequence(b, firstAt),
          transactional: isTransactional(b, firstAt),
          control: isControl(b, firstAt),
        }
      : {}),
  });
  forEachBatch(records, 0, records.length, (_at, size) => {
    if (size > config.maxMessageBytes) throw tooLarge(size, config.maxMessageBytes);
  });
  const lastOffset = nextOffset + all.length - 1;
  const isWhole = toMagic === 2 || codec !== 'none';
  return {
    records,
    firstOffset: nextOffset,
    lastOffset,
    maxTimestamp: toMagic === 0 ? -1 : appendTime ? nowMs : largest,
    offsetOfMaxTimestamp: appendTime || isWhole ? lastOffset : offsetOfLargest,
    logAppendTimeMs: appendTime ? nowMs : -1,
    hasProducer,
  };
}
