/** Whatever a client sends, a leader writes it or refuses it with a code; and what it wrote can be read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { batchFixtures } from '../../../../test/support/batch-fixtures.ts';
import { createUnsyncedRuntime } from '../../../../test/support/unsynced-runtime.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import * as batch from '../../records/batch.ts';
import { buildMarkerBatch } from '../../records/control-record.ts';
import { readRecords } from '../../records/read-records.ts';
import { RecordsError } from '../../records/records-error.ts';
import { defaultLogConfig, type LogConfig } from '../log-config.ts';
import { PartitionLog } from '../partition-log.ts';

const runtime = createUnsyncedRuntime();
const seeds = ['v0', 'v1', 'v2', 'v2-control', 'mixed']
  .flatMap(batchFixtures)
  .filter((f) => f.hex.length < 3000 && f.hex.length > 0)
  .map((f) => Buffer.from(f.hex, 'hex'));

/** Any byte, or a number of eight bytes that is as large or small as it can be; most stand in the first 61 bytes. */
const changes = fc.array(
  fc.tuple(
    fc.oneof(fc.nat(60), fc.nat()),
    fc.oneof(fc.nat(255), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n)),
  ),
  { maxLength: 3 },
);

function change(b: Buffer, list: readonly [number, number | bigint][]): void {
  for (const [where, value] of list)
    if (typeof value === 'number') b[where % b.length] = value;
    else b.writeBigInt64BE(value, where % (b.length - 7));
}

/** So that the change isn't found by the checksum or by the offset alone. */
function reseal(b: Buffer, firstOffset = 0): void {
  try {
    batch.forEachBatch(b, 0, b.length, (at, size) => {
      if (batch.magic(b, at) === 2) batch.writeInt64At(b, at, firstOffset);
      batch.updateCrc(runtime.digests, b, at, size);
    });
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error;
  }
}

/** It is gone when the test is over. */
function openLog(config: Partial<LogConfig>): PartitionLog {
  const root = mkdtempSync(`${tmpdir()}/gregor-hostile-`);
  const log = PartitionLog.open(
    runtime,
    `${root}/t-0`,
    { ...defaultLogConfig, ...config },
    {
      topicPartition: { topic: 't', partition: 0 },
      clean: true,
      recoveryPoint: 0,
      logStartOffset: 0,
      onStorageFailure: (error) => {
        throw error;
      },
    },
  );
  onTestFinished(async () => {
    await log.close();
    rmSync(root, { recursive: true });
  });
  return log;
}

test.each([
  ['plain', {}],
  ['compacted', { cleanupPolicy: ['compact'] }],
  ['with log append time and gzip', { messageTimestampType: 'LogAppendTime', compressionType: 'gzip' }],
  ['of format 1', { messageMagic: 1 }],
  ['of format 0', { messageMagic: 0 }],
] as [string, Partial<LogConfig>][])('to a topic that is %s', (_what, config) => {
  const log = openLog(config);
  fc.assert(
    fc.property(
      fc.nat(seeds.length - 1),
      changes,
      fc.constantFrom('client' as const, 'coordinator' as const),
      fc.constantFrom(2, 3, 8),
      (which, changes, origin, produceVersion) => {
        const b = Buffer.from(seeds[which]!);
        change(b, changes);
        reseal(b);
        const before = log.logEndOffset;
        try {
          const info = log.appendAsLeader(b, { leaderEpoch: 1, origin, produceVersion });
          if (info.sizeBytes === 0) return;
          expect(log.logEndOffset).toBe(info.lastOffset + 1);
          const read = Buffer.concat([...log.read(before, 1 << 20, log.logEndOffset, true).records]);
          batch.forEachBatch(read, 0, read.length, (at, size) => {
            batch.requireCrc(runtime.digests, read, at, size);
            // Compressed batches stay closed: their producer answers for what is inside.
            if (!batch.isCompressed(read, at)) readRecords(runtime.codecs, read, at, size);
          });
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error;
          expect([2, 10, 18, 32, 43, 45, 47, 48, 52, 59, 76]).toContain(error.code);
          expect(log.logEndOffset).toBe(before);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a marker that can not be read is refused by leader and follower, and neither writes it', () => {
  const log = openLog({});
  const marker = buildMarkerBatch(
    runtime.codecs,
    runtime.digests,
    { type: 'commit', coordinatorEpoch: 0 },
    { producerId: 1, producerEpoch: 0, timestampMs: 0 },
  );
  marker[22]! |= 1; // says gzip, and is not
  reseal(marker);
  const corrupt = expect.objectContaining({ code: ErrorCode.CORRUPT_MESSAGE }) as unknown;
  expect(() =>
    log.appendAsLeader(Buffer.from(marker), { leaderEpoch: 1, origin: 'coordinator', produceVersion: 8 }),
  ).toThrow(corrupt as Error);
  expect(() => log.appendAsFollower(marker)).toThrow(corrupt as Error);
  expect(log.logEndOffset).toBe(0);
});

test('whatever a leader sends, a follower writes whole batches or none of it', () => {
  const log = openLog({});
  fc.assert(
    fc.property(fc.nat(seeds.length - 1), changes, (which, changes) => {
      const b = Buffer.from(seeds[which]!);
      const before = log.logEndOffset;
      change(b, changes);
      reseal(b, before);
      try {
        const info = log.appendAsFollower(b);
        if (info.sizeBytes > 0) expect(log.logEndOffset).toBe(info.lastOffset + 1);
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error;
        expect(log.logEndOffset).toBe(before);
      }
    }),
    { numRuns: 500 },
  );
});
