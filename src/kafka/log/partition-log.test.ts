import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createUnsyncedRuntime } from '../../../test/support/unsynced-runtime.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { KafkaError } from '../protocol/errors.ts';
import * as batch from '../records/batch.ts';
import { buildBatch, type BatchOptions, type NewRecord } from '../records/build-batch.ts';
import { buildMarkerBatch } from '../records/control-record.ts';
import { readRecords } from '../records/read-records.ts';
import { defaultLogConfig, NEVER, type LogConfig } from './log-config.ts';
import type { AppendInfo, LeaderAppendOptions } from './log-types.ts';
import { PartitionLog } from './partition-log.ts';

const real = createUnsyncedRuntime();
const START_MS = 1_600_000_000_000;
let nowMs = START_MS;
const runtime: Runtime = { ...real, clock: { ...real.clock, wallMs: () => nowMs } };
const { codecs, digests } = runtime;
let root = '';
let logs: PartitionLog[] = [];
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/gregor-log-`);
  logs = [];
  nowMs = START_MS;
});
afterEach(async () => {
  for (const log of logs) await log.close();
  rmSync(root, { recursive: true });
});

function open(
  config: Partial<LogConfig> = {},
  options: { name?: string; clean?: boolean; start?: number } = {},
): PartitionLog {
  const log = PartitionLog.open(
    runtime,
    `${root}/${options.name ?? 't-0'}`,
    { ...defaultLogConfig, ...config },
    {
      topicPartition: { topic: 't', partition: 0 },
      clean: options.clean ?? true,
      recoveryPoint: 0,
      logStartOffset: options.start ?? 0,
      onStorageFailure: (error) => {
        throw error;
      },
    },
  );
  logs.push(log);
  return log;
}

function records(count: number, timestamp = START_MS): NewRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(`k${i}`),
    value: Buffer.from(`value ${i}`),
    timestamp: timestamp + i,
  }));
}

const build = (list: readonly NewRecord[], options?: BatchOptions): Buffer =>
  buildBatch(codecs, digests, list, options);
const asClient: LeaderAppendOptions = { leaderEpoch: 0, origin: 'client', produceVersion: 8 };

function append(log: PartitionLog, bytes: Buffer, options: Partial<LeaderAppendOptions> = {}): AppendInfo {
  const info = log.appendAsLeader(bytes, { ...asClient, ...options });
  log.highWatermark = log.logEndOffset;
  return info;
}

function codeOf(run: () => unknown): number {
  try {
    run();
  } catch (error) {
    if (error instanceof KafkaError) return error.code;
    throw error;
  }
  return 0;
}

/** All bytes from `from` on, in fetches of `maxBytes`. */
function bytesFrom(log: PartitionLog, from: number, maxBytes = 1 << 20): Buffer {
  const parts: Buffer[] = [];
  for (let next = from; next < log.logEndOffset;) {
    const result = log.read(next, maxBytes, log.logEndOffset, true);
    if (result.sizeBytes === 0) break;
    parts.push(...result.records);
    next = result.nextOffset;
  }
  return Buffer.concat(parts);
}

function allRecords(log: PartitionLog): { offset: number; timestamp: number; value: string }[] {
  const b = bytesFrom(log, log.logStartOffset);
  const found: { offset: number; timestamp: number; value: string }[] = [];
  batch.forEachBatch(b, 0, b.length, (at, size) => {
    batch.requireCrc(digests, b, at, size);
    for (const r of readRecords(codecs, b, at, size))
      found.push({
        offset: Number(r.offset),
        timestamp: Number(r.timestamp),
        value: r.value?.toString() ?? '',
      });
  });
  return found;
}

/** Makes the checksum right again after a change. */
function resealed(bytes: Buffer, change: (b: Buffer) => void): Buffer {
  change(bytes);
  batch.updateCrc(digests, bytes, 0, bytes.length);
  return bytes;
}

describe('appending as leader', () => {
  test('gives offsets and epoch in the buffer that came, without a copy', () => {
    const log = open();
    append(log, build(records(3)));
    const bytes = build(records(2));
    expect(append(log, bytes, { leaderEpoch: 4 })).toEqual({
      firstOffset: 3,
      lastOffset: 4,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      duplicate: false,
      sizeBytes: bytes.length,
    });
    expect([batch.baseOffset(bytes, 0), batch.partitionLeaderEpoch(bytes, 0)]).toEqual([3, 4]);
    expect(log.read(3, 1 << 20, 5, true).records[0]).toBe(bytes);
    expect(log.epochEntries).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 4, startOffset: 3 },
    ]);
  });

  const plain = (): Buffer => build(records(3));
  const refused: [string, number, () => Buffer, Partial<LogConfig>?, Partial<LeaderAppendOptions>?][] = [
    ['two batches', 2, () => Buffer.concat([plain(), plain()])],
    ['an old format in Produce 3', 2, () => build(records(1), { magic: 1 })],
    ['an unfinished batch', 2, () => plain().subarray(0, 70)],
    [
      'zstd before Produce 7',
      76,
      () => build(records(3), { compression: 'zstd' }),
      {},
      { produceVersion: 6 },
    ],
    ['more than max.message.bytes', 10, plain, { maxMessageBytes: 80 }],
    ['more than a segment', 18, plain, { segmentBytes: 90 }],
    ['a wrong checksum', 2, () => flipped(plain())],
    ['a base offset that isn’t 0', 2, () => build(records(1), { baseOffset: 5 })],
    [
      'a control batch',
      2,
      () => build([{ key: Buffer.alloc(4), value: Buffer.alloc(6) }], { control: true }),
    ],
    ['a count that isn’t the range of offsets', 2, () => resealed(plain(), (b) => b.writeInt32BE(9, 23))],
    ['a producer id without a sequence', 2, () => build(records(1), { producerId: 1, producerEpoch: 0 })],
    ['a transaction without a producer id', 2, () => build(records(1), { transactional: true })],
    ['a record that is longer than the batch', 2, () => resealed(plain(), (b) => (b[61] = 0x7e))],
    ['a record whose fields don’t fill it', 2, () => resealed(plain(), (b) => (b[65] = 2))],
    [
      'no key for a compacted topic',
      2,
      () => build([{ value: Buffer.from('v') }]),
      { cleanupPolicy: ['compact'] },
    ],
    [
      'no key, compressed',
      2,
      () => build([{ value: Buffer.from('v') }], { compression: 'gzip' }),
      { cleanupPolicy: ['compact'] },
    ],
    [
      'a timestamp too old',
      32,
      () => build(records(1, START_MS - 2000)),
      { messageTimestampDifferenceMaxMs: 1000 },
    ],
    [
      'a timestamp too new',
      32,
      () => build(records(1, START_MS + 2000)),
      { messageTimestampDifferenceMaxMs: 1000 },
    ],
    ['a mark of log append time', 32, () => build(records(1), { logAppendTimeMs: START_MS })],
    [
      'a producer id for an old topic',
      43,
      () => build(records(1), { producerId: 1, producerEpoch: 0, baseSequence: 0 }),
      { messageMagic: 1 },
    ],
    [
      'headers for an old topic',
      43,
      () => build([{ value: null, headers: [{ key: 'h', value: null }] }]),
      { messageMagic: 1 },
    ],
  ];
  function flipped(bytes: Buffer): Buffer {
    bytes[70]! ^= 1;
    return bytes;
  }

  test.each(refused)('refuses %s with %i, and nothing is written', (_what, code, make, config, options) => {
    const log = open(config);
    expect(codeOf(() => append(log, make(), options))).toBe(code);
    expect([log.logEndOffset, log.sizeBytes]).toEqual([0, 0]);
  });

  test('a batch that lies about its largest timestamp is put right, as Apache does', () => {
    const log = open();
    append(
      log,
      resealed(build(records(3)), (b) => batch.writeInt64At(b, 35, START_MS + 999_999)),
    );
    expect(batch.maxTimestamp(bytesFrom(log, 0), 0)).toBe(START_MS + 2);
    expect(allRecords(log).length).toBe(3);
  });

  test('log append time stands in the header and is what readers see', () => {
    const log = open({ messageTimestampType: 'LogAppendTime' });
    expect(append(log, build(records(2, 5))).logAppendTimeMs).toBe(START_MS);
    append(log, build(records(2, 5), { compression: 'lz4' }));
    expect(allRecords(log).map((r) => r.timestamp)).toEqual([START_MS, START_MS, START_MS, START_MS]);
  });

  test.each([0, 1, 2] as const)('what comes in any format is stored in the topic’s: %i', (messageMagic) => {
    const log = open({ messageMagic });
    for (const magic of [0, 1, 2] as const)
      for (const compression of ['none', 'gzip', 'snappy', 'lz4'] as const)
        append(log, build(records(3), { magic, compression }), { produceVersion: magic === 2 ? 3 : 2 });
    const b = bytesFrom(log, 0);
    batch.forEachBatch(b, 0, b.length, (at) => expect(batch.magic(b, at)).toBe(messageMagic));
    expect(allRecords(log).map((r) => r.offset)).toEqual(Array.from({ length: 36 }, (_, i) => i));
    expect(log.epochEntries.length).toBe(messageMagic === 2 ? 1 : 0);
  });

  test('compression.type of the topic decides how records are stored', () => {
    for (const [type, codec] of [
      ['gzip', 'gzip'],
      ['uncompressed', 'none'],
      ['producer', 'lz4'],
    ] as const) {
      const log = open({ compressionType: type }, { name: type });
      append(
        log,
        build(records(3), { compression: 'lz4', producerId: 9, producerEpoch: 0, baseSequence: 0 }),
      );
      const b = bytesFrom(log, 0);
      expect([batch.compression(b, 0), batch.producerId(b, 0), batch.baseSequence(b, 0)]).toEqual([
        codec,
        9,
        0,
      ]);
      expect(allRecords(log).length).toBe(3);
    }
  });
});

describe('idempotent producers', () => {
  const batchOf = (baseSequence: number, count = 1, producerEpoch = 0): Buffer =>
    build(records(count), { producerId: 1, producerEpoch, baseSequence });

  test('one of the last five batches, sent again, gets its old offset; an older one is out of order', () => {
    const log = open();
    for (let i = 0; i < 6; i++) append(log, batchOf(i * 2, 2));
    for (let i = 1; i < 6; i++)
      expect(append(log, batchOf(i * 2, 2))).toMatchObject({
        duplicate: true,
        firstOffset: i * 2,
        lastOffset: i * 2 + 1,
      });
    expect(codeOf(() => append(log, batchOf(0, 2)))).toBe(45);
    expect(log.logEndOffset).toBe(12);
  });

  test('sequences and epochs that don’t follow are refused with the codes of 2.3', () => {
    const log = open();
    expect(codeOf(() => append(log, batchOf(3)))).toBe(59);
    append(log, batchOf(0, 1, 2));
    expect(codeOf(() => append(log, batchOf(2, 1, 2)))).toBe(45);
    expect(codeOf(() => append(log, batchOf(1, 1, 1)))).toBe(47);
    expect(codeOf(() => append(log, batchOf(1, 1, 3)))).toBe(45);
    append(log, batchOf(0, 1, 3));
  });

  test('the sequence after 2^31 - 1 is 0', () => {
    const log = open();
    log.appendAsFollower(build(records(2), { producerId: 1, producerEpoch: 0, baseSequence: 0x7fff_fffe }));
    expect(codeOf(() => append(log, batchOf(0)))).toBe(0);
  });

  test('producers are known again after a restart, clean or not', async () => {
    let log = open();
    for (let i = 0; i < 3; i++) append(log, batchOf(i));
    for (const clean of [true, false]) {
      await log.close();
      log = open({}, { clean });
      expect(append(log, batchOf(2))).toMatchObject({ duplicate: true, firstOffset: 2 });
    }
  });
});

describe('transactions', () => {
  const data = (producerId: number, sequence: number): Buffer =>
    build(records(1), { producerId, producerEpoch: 0, baseSequence: sequence, transactional: true });
  const marker = (type: 'commit' | 'abort', producerId: number, coordinatorEpoch = 0): Buffer =>
    buildMarkerBatch(
      codecs,
      digests,
      { type, coordinatorEpoch },
      { producerId, producerEpoch: 0, timestampMs: nowMs },
    );

  test('the last stable offset waits for the oldest open transaction, and for its marker to be replicated', () => {
    const log = open();
    append(log, data(1, 0));
    append(log, data(2, 0));
    append(log, build(records(1)));
    expect(log.lastStableOffset).toBe(0);
    append(log, marker('commit', 1), { origin: 'coordinator' });
    expect(log.lastStableOffset).toBe(1);
    log.appendAsLeader(marker('abort', 2), { ...asClient, origin: 'coordinator' });
    expect(log.lastStableOffset).toBe(1);
    log.highWatermark = log.logEndOffset;
    expect(log.lastStableOffset).toBe(5);
    expect(log.abortedTransactions(0, 5)).toEqual([{ producerId: 2, firstOffset: 1 }]);
    expect(log.abortedTransactions(5, 9)).toEqual([]);
  });

  test('a marker of an older coordinator is fenced; data outside the open transaction is refused', () => {
    const log = open();
    append(log, data(1, 0));
    expect(
      codeOf(() => append(log, build(records(1), { producerId: 1, producerEpoch: 0, baseSequence: 1 }))),
    ).toBe(48);
    append(log, marker('commit', 1, 5), { origin: 'coordinator' });
    expect(codeOf(() => append(log, marker('commit', 1, 4), { origin: 'coordinator' }))).toBe(52);
  });

  test('aborted transactions and open ones are known again after recovery', async () => {
    let log = open({ segmentBytes: 300 });
    append(log, data(1, 0));
    append(log, data(2, 0));
    append(log, marker('abort', 1), { origin: 'coordinator' });
    for (let i = 0; i < 5; i++) append(log, build(records(3)));
    for (const clean of [true, false]) {
      await log.close();
      log = open({ segmentBytes: 300 }, { clean });
      log.highWatermark = log.logEndOffset;
      expect(log.lastStableOffset).toBe(1);
      expect(log.abortedTransactions(0, 10)).toEqual([{ producerId: 1, firstOffset: 0 }]);
    }
  });
});

describe('reading', () => {
  test('any offset and size gives whole batches, the same from memory and from files', async () => {
    let log = open({ segmentBytes: 2000, indexIntervalBytes: 300 });
    for (let i = 0; i < 60; i++) append(log, build(records(1 + (i % 7))));
    const fromMemory = bytesFrom(log, 0);
    await log.close();
    log = open({ segmentBytes: 2000, indexIntervalBytes: 300 });
    expect(bytesFrom(log, 0).equals(fromMemory)).toBe(true);
    for (const maxBytes of [1, 150, 400, 5000])
      for (let from = 0; from < log.logEndOffset; from += 11) {
        const b = bytesFrom(log, from, maxBytes);
        expect(batch.baseOffset(b, 0)).toBeLessThanOrEqual(from);
        expect(batch.lastOffset(b, 0)).toBeGreaterThanOrEqual(from);
        expect(b.equals(fromMemory.subarray(fromMemory.length - b.length))).toBe(true);
      }
  });

  test('ends below the bound, says so at the end, and refuses what is outside', () => {
    const log = open();
    for (let i = 0; i < 5; i++) append(log, build(records(2)));
    expect(log.read(0, 1 << 20, 6, true).nextOffset).toBe(6);
    expect(log.read(6, 1 << 20, 6, true)).toMatchObject({ records: [], sizeBytes: 0, nextOffset: 6 });
    expect(log.read(10, 1 << 20, 10, true).sizeBytes).toBe(0);
    expect(log.read(0, 10, 10, false).sizeBytes).toBe(0);
    expect(codeOf(() => log.read(11, 1, 99, true))).toBe(1);
    log.incrementLogStartOffset(4);
    expect(codeOf(() => log.read(3, 1, 99, true))).toBe(1);
  });

  test('looks up timestamps, across segments', () => {
    const log = open({ segmentBytes: 500, indexIntervalBytes: 100 });
    for (let i = 0; i < 20; i++) append(log, build(records(3, START_MS + i * 1000)));
    expect(log.fetchOffsetByTimestamp(START_MS + 7001, 60)).toEqual({
      offset: 22,
      timestampMs: START_MS + 7001,
      leaderEpoch: 0,
    });
    expect(log.fetchOffsetByTimestamp(START_MS + 7003, 60)?.offset).toBe(24);
    expect(log.fetchOffsetByTimestamp(0, 60)?.offset).toBe(0);
    expect(log.fetchOffsetByTimestamp(START_MS + 7001, 22)).toBe(null);
    expect(log.fetchOffsetByTimestamp(START_MS + 99_000, 60)).toBe(null);
    expect(log.fetchOffsetOfMaxTimestamp()?.offset).toBe(59);
  });

  test.each([
    [2n ** 63n - 1n, 'producer'],
    [2n ** 60n, 'producer'],
    [-(2n ** 63n), 'producer'],
    [2n ** 63n - 1n, 'gzip'],
    [-(2n ** 63n), 'gzip'],
  ] as const)(
    'keeps the timestamp %s of a client to the bit (compression.type %s), indexes it, rolls and starts with it',
    async (timestamp, compressionType) => {
      const config = {
        segmentBytes: 300,
        indexIntervalBytes: 1,
        messageTimestampDifferenceMaxMs: NEVER,
        compressionType,
      };
      const log = open(config);
      const bytes = build(records(1), { producerId: 7, producerEpoch: 0, baseSequence: 0 });
      bytes.writeBigInt64BE(timestamp, 27);
      bytes.writeBigInt64BE(timestamp, 35);
      batch.updateCrc(digests, bytes, 0, bytes.length);
      append(log, bytes);
      for (let i = 0; i < 6; i++) append(log, build(records(1)));
      const again = open(config, { name: 't-0' });
      for (const each of [log, again]) {
        const first = each.read(0, 1, 7, true).records[0]!;
        expect(readRecords(codecs, first, 0, batch.batchSize(first, 0, first.length))[0]?.timestamp).toBe(
          timestamp,
        );
        const newest = { offset: 0, timestampMs: timestamp, leaderEpoch: 0 };
        if (timestamp < 0) continue;
        expect(each.fetchOffsetOfMaxTimestamp()).toEqual(newest);
        expect(each.fetchOffsetByTimestamp(START_MS + 1, 7)).toEqual(newest);
      }
    },
  );
});

describe('following', () => {
  test('takes batches as they are, leaves out what is there and what is cut, splits at segments', () => {
    const leader = open({}, { name: 'leader' });
    for (let i = 0; i < 30; i++) append(leader, build(records(4)), { leaderEpoch: i >> 4 });
    const follower = open({ segmentBytes: 1000 }, { name: 'follower' });
    const b = bytesFrom(leader, 0);
    expect(follower.appendAsFollower(b.subarray(0, b.length - 10)).lastOffset).toBe(115);
    follower.appendAsFollower(b);
    expect(bytesFrom(follower, 0).equals(b)).toBe(true);
    expect(follower.epochEntries).toEqual(leader.epochEntries);
    expect(follower.segmentList.all.length).toBeGreaterThan(3);
    for (const segment of follower.segmentList.all) expect(segment.sizeBytes).toBeLessThanOrEqual(1000);
  });

  test('refuses damaged batches and gaps backwards', () => {
    const log = open();
    const b = build(records(3));
    b[70]! ^= 1;
    expect(codeOf(() => log.appendAsFollower(b))).toBe(2);
    const twice = Buffer.concat([build(records(3), { baseOffset: 5 }), build(records(3), { baseOffset: 6 })]);
    expect(codeOf(() => log.appendAsFollower(twice))).toBe(2);
  });
});

describe('truncation', () => {
  test('cuts records, epochs, producers and what memory holds, and the log goes on', () => {
    const log = open({ segmentBytes: 600 });
    for (let i = 0; i < 12; i++)
      append(log, build(records(3), { producerId: 1, producerEpoch: 0, baseSequence: i * 3 }), {
        leaderEpoch: i >> 2,
      });
    expect(log.truncateTo(15)).toBe(true);
    expect(log.truncateTo(15)).toBe(false);
    expect([log.logEndOffset, log.highWatermark, log.latestEpoch]).toEqual([15, 15, 1]);
    expect(log.endOffsetForEpoch(1)).toEqual({ epoch: 1, endOffset: 15 });
    expect(
      append(log, build(records(3), { producerId: 1, producerEpoch: 0, baseSequence: 15 })).firstOffset,
    ).toBe(15);
    expect(allRecords(log).map((r) => r.offset)).toEqual(Array.from({ length: 18 }, (_, i) => i));
  });

  test('a batch across the cut goes as a whole', () => {
    const log = open();
    append(log, build(records(4)));
    append(log, build(records(4)));
    log.truncateTo(6);
    expect(log.logEndOffset).toBe(4);
  });

  test('a follower too far behind starts anew at the leader’s start', async () => {
    const log = open();
    append(log, build(records(4)));
    log.truncateFullyAndStartAt(100);
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark, log.latestEpoch]).toEqual([
      100, 100, 100, -1,
    ]);
    expect(append(log, build(records(1))).firstOffset).toBe(100);
    await log.close();
    expect(open().logEndOffset).toBe(101);
  });

  test('epochs end where the next one begins', () => {
    const log = open();
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: -1, endOffset: -1 });
    for (const epoch of [2, 2, 5, 7]) append(log, build(records(10)), { leaderEpoch: epoch });
    log.assignEpochStart(8, 40);
    const end = (epoch: number): number[] => Object.values(log.endOffsetForEpoch(epoch));
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, -1].map(end)).toEqual([
      [1, 0],
      [2, 20],
      [2, 20],
      [2, 20],
      [5, 30],
      [5, 30],
      [7, 40],
      [8, 40],
      [-1, -1],
      [-1, -1],
    ]);
  });
});

describe('segments', () => {
  test('roll by size, by time, and by a full index', () => {
    const bySize = open({ segmentBytes: 400 }, { name: 'size' });
    for (let i = 0; i < 8; i++) append(bySize, build(records(3)));
    expect(bySize.segmentList.all.map((s) => s.baseOffset)).toEqual([0, 9, 18]);

    const byTime = open({ segmentMs: 1000 }, { name: 'time' });
    for (const t of [0, 500, 1001, 1500, 2003]) append(byTime, build(records(1, START_MS + t)));
    expect(byTime.segmentList.all.map((s) => s.baseOffset)).toEqual([0, 2, 4]);

    const byIndex = open({ segmentIndexBytes: 24, indexIntervalBytes: 0 }, { name: 'index' });
    for (let i = 0; i < 8; i++) append(byIndex, build(records(1, START_MS + i)));
    expect(byIndex.segmentList.all.length).toBeGreaterThan(2);
    expect(allRecords(byIndex).length).toBe(8);
  });

  test('go by time, by size and below the log start, but never above the high watermark', () => {
    const byTime = open({ segmentBytes: 200, retentionMs: 1000 }, { name: 'time' });
    for (let i = 0; i < 6; i++) append(byTime, build(records(3, START_MS + i * 100)));
    byTime.highWatermark = 6;
    nowMs += 1250;
    expect(byTime.deleteOldSegments()).toBe(2);
    expect([byTime.logStartOffset, byTime.firstSegmentOffset]).toEqual([6, 6]);
    byTime.highWatermark = byTime.logEndOffset;
    nowMs += 10_000;
    byTime.deleteOldSegments();
    expect([byTime.logStartOffset, byTime.logEndOffset, byTime.sizeBytes]).toEqual([18, 18, 0]);

    const bySize = open({ segmentBytes: 200, retentionBytes: 300, retentionMs: -1 }, { name: 'size' });
    for (let i = 0; i < 6; i++) append(bySize, build(records(3)));
    bySize.deleteOldSegments();
    expect(bySize.sizeBytes).toBeGreaterThanOrEqual(300);
    expect(bySize.sizeBytes).toBeLessThan(500);

    const byStart = open(
      { segmentBytes: 200, retentionMs: -1, cleanupPolicy: ['compact'] },
      { name: 'start' },
    );
    for (let i = 0; i < 6; i++) append(byStart, build(records(3)));
    byStart.incrementLogStartOffset(7);
    expect(byStart.deleteOldSegments()).toBe(2);
    expect([byStart.logStartOffset, byStart.firstSegmentOffset]).toEqual([7, 6]);
    expect(byStart.epochEntries).toEqual([{ epoch: 0, startOffset: 7 }]);
  });
});

test('a log that ends before its start is empty at that start', () => {
  expect(open({}, { start: 50 })).toMatchObject({ logStartOffset: 50, logEndOffset: 50, highWatermark: 50 });
});
