/**
 * What the log takes of a broker's time: appends of 16 KB batches as a leader, with all checks, and reads of the same by a follower, from memory
 * and from files. Run: npx tsx bench/micro/log-append.ts [seconds per line]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import { buildBatch } from '../../src/kafka/records/build-batch.ts';
import { defaultLogConfig } from '../../src/kafka/log/log-config.ts';
import { PartitionLog } from '../../src/kafka/log/partition-log.ts';
import { TailBudget } from '../../src/kafka/log/read/log-tail.ts';

const runtime = createNodeRuntime({ log: silentLog });
const seconds = Number(process.argv[2] ?? 2);
const root = mkdtempSync(`${tmpdir()}/gregor-bench-`);

function openLog(name: string, tailBudget: TailBudget): PartitionLog {
  const config = {
    ...defaultLogConfig,
    segmentBytes: 256 * 1024 * 1024,
    retentionBytes: 256 * 1024 * 1024,
    fileDeleteDelayMs: 0,
  };
  return PartitionLog.open(runtime, `${root}/${name}`, config, {
    topicPartition: { topic: name, partition: 0 },
    clean: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    tailBudget,
    onStorageFailure: (error) => {
      throw error;
    },
  });
}

function batchOf(recordBytes: number, idempotent: boolean): Buffer {
  const count = Math.floor(16_000 / (recordBytes + 10));
  const now = Date.now();
  const records = Array.from({ length: count }, (_, i) => ({
    value: Buffer.alloc(recordBytes, i),
    timestamp: now + (i >> 3),
  }));
  return buildBatch(
    runtime.codecs,
    runtime.digests,
    records,
    idempotent ? { producerId: 1, producerEpoch: 0, baseSequence: 0 } : {},
  );
}

function report(what: string, batches: number, bytes: number, elapsedMs: number, cpuMs: number): void {
  const micros = (cpuMs * 1000) / batches;
  console.log(
    `${what.padEnd(44)} ${(bytes / 1e3 / elapsedMs).toFixed(0).padStart(6)} MB/s ${micros.toFixed(1).padStart(7)} µs CPU a batch ` +
      `${((cpuMs / bytes) * 1e6).toFixed(2).padStart(6)} s CPU a GB`,
  );
}

async function append(recordBytes: number, options: { idempotent?: boolean; read?: boolean }): Promise<void> {
  const log = openLog(
    `append-${recordBytes}-${options.idempotent === true}-${options.read === true}`,
    new TailBudget(8 << 20),
  );
  const template = batchOf(recordBytes, options.idempotent === true);
  const count = template.readInt32BE(57);
  let sequence = 0;
  let batches = 0;
  let bytes = 0;
  const ring = Array.from({ length: 64 }, () => Buffer.from(template));
  const cpu = process.cpuUsage();
  const start = performance.now();
  let end = start;
  while ((end = performance.now()) - start < seconds * 1000) {
    for (let i = 0; i < 256; i++) {
      const batch = ring[batches & 63]!;
      batch.writeBigInt64BE(0n, 0);
      if (options.idempotent === true) {
        batch.writeInt32BE(sequence, 53);
        batch.writeUInt32BE(runtime.digests.crc32c(batch.subarray(21)), 17);
        sequence += count;
      }
      log.appendAsLeader(batch, { leaderEpoch: 0, origin: 'client', produceVersion: 8 });
      if (options.read === true) log.read(log.logEndOffset - count, 1 << 20, log.logEndOffset, true);
      batches++;
      bytes += batch.length;
    }
    log.highWatermark = log.logEndOffset;
    log.deleteOldSegments();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const used = process.cpuUsage(cpu);
  const what = `append, ${recordBytes} B records${options.idempotent === true ? ', idempotent' : ''}${options.read === true ? ', and read back' : ''}`;
  report(what, batches, bytes, end - start, (used.user + used.system) / 1000);
  log.release();
}

async function readFiles(): Promise<void> {
  const log = openLog('read', new TailBudget(1 << 16));
  const template = batchOf(1000, false);
  for (let i = 0; i < 8000; i++) {
    template.writeBigInt64BE(0n, 0);
    log.appendAsLeader(template, { leaderEpoch: 0, origin: 'client', produceVersion: 8 });
  }
  for (const maxBytes of [1 << 20, 1 << 16]) {
    let bytes = 0;
    let reads = 0;
    const cpu = process.cpuUsage();
    const start = performance.now();
    while (performance.now() - start < seconds * 1000) {
      let next = 0;
      while (next < log.logEndOffset) {
        const result = log.read(next, maxBytes, log.logEndOffset - 1, true);
        if (result.sizeBytes === 0) break;
        next = result.nextOffset;
        bytes += result.sizeBytes;
        reads++;
      }
    }
    const used = process.cpuUsage(cpu);
    report(
      `read from files, ${maxBytes >> 10} KiB at a time`,
      reads,
      bytes,
      performance.now() - start,
      (used.user + used.system) / 1000,
    );
  }
  log.release();
}

await append(1000, {});
await append(100, {});
await append(100, { idempotent: true });
await append(100, { read: true });
await readFiles();
rmSync(root, { recursive: true });
