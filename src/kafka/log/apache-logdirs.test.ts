/** Log folders that brokers of 2.3.0 and 3.9.1 left open here and give back what those brokers gave. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  fixtureBytes,
  logdirFixture,
  logdirNames,
  unpackLogdir,
  type LogdirRecord,
} from '../../../test/support/logdir-fixtures.ts';
import { createUnsyncedRuntime } from '../../../test/support/unsynced-runtime.ts';
import * as batch from '../records/batch.ts';
import { readMarker } from '../records/control-record.ts';
import { readRecords } from '../records/read-records.ts';
import type { LogRecord } from '../records/record.ts';
import { defaultLogConfig } from './log-config.ts';
import { LogManager } from './log-manager.ts';
import type { PartitionLog } from './partition-log.ts';
import { decodeProducerSnapshot } from './producers/producer-snapshot.ts';

const runtime = createUnsyncedRuntime();
let root = '';
let managers: LogManager[] = [];
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/gregor-logdirs-`);
});
afterEach(async () => {
  for (const manager of managers) await manager.stop();
  managers = [];
  rmSync(root, { recursive: true });
});

const config = (topic: string): typeof defaultLogConfig => ({
  ...defaultLogConfig,
  segmentBytes: 4096,
  indexIntervalBytes: topic.startsWith('__') ? 4096 : 256,
  segmentIndexBytes: 65_536,
  messageMagic: topic.includes('fmt0.9.0') ? 0 : topic.includes('fmt0.10.2') ? 1 : 2,
});

async function open(name: string): Promise<LogManager> {
  const manager = await LogManager.open(runtime, {
    folders: [unpackLogdir(name, root)],
    brokerId: -1,
    topicConfig: config,
  });
  managers.push(manager);
  return manager;
}

function split(key: string): [string, number] {
  const dash = key.lastIndexOf('-');
  return [key.slice(0, dash), Number(key.slice(dash + 1))];
}

/** Reads as a consumer does, by fetches of `maxBytes`. */
function consume(log: PartitionLog, upTo: number, committed: boolean, maxBytes: number): unknown[] {
  const records: unknown[] = [];
  const aborting = new Set<number>();
  let next = log.logStartOffset;
  while (next < upTo) {
    const result = log.read(next, maxBytes, upTo, true);
    if (result.sizeBytes === 0) break;
    const b = Buffer.concat([...result.records]);
    const aborted = committed
      ? log.abortedTransactions(next, result.nextOffset).sort((x, y) => x.firstOffset - y.firstOffset)
      : [];
    batch.forEachBatch(b, 0, b.length, (at, size) => {
      const last = batch.lastOffset(b, at);
      const producer = batch.producerId(b, at);
      while (aborted.length > 0 && aborted[0]!.firstOffset <= last) aborting.add(aborted.shift()!.producerId);
      if (batch.isControl(b, at)) {
        if (readMarker(runtime.codecs, b, at, size)?.type === 'abort') aborting.delete(producer);
        return;
      }
      if (batch.isTransactional(b, at) && aborting.has(producer)) return;
      for (const r of readRecords(runtime.codecs, b, at, size))
        if (r.offset >= next && r.offset < upTo) records.push(shown(r, b, at));
    });
    next = result.nextOffset;
  }
  return records;
}

const base64 = (bytes: Buffer | null): string | null => (bytes === null ? null : bytes.toString('base64'));

/** As the recording consumer shows a record: format 0 has the timestamp 0, the old formats have no epoch. */
function shown(r: LogRecord, b: Buffer, at: number): unknown {
  const magic = batch.magic(b, at);
  return {
    offset: r.offset,
    timestamp: magic === 0 ? 0 : r.timestamp,
    key: base64(r.key),
    value: base64(r.value),
    headers: r.headers.map((h) => [h.key, base64(h.value)]),
    epoch: magic === 2 ? batch.partitionLeaderEpoch(b, at) : undefined,
  };
}

const said = (records: LogdirRecord[]): unknown[] =>
  records.map((r) => ({
    offset: r.o,
    timestamp: r.t,
    key: base64(fixtureBytes(r.k)),
    value: base64(fixtureBytes(r.v)),
    headers: (r.h ?? []).map(([key, value]) => [key, base64(fixtureBytes(value))]),
    epoch: r.le,
  }));

/** An epoch in which nothing was written yet is forgotten when the log is opened. */
function withoutEmptyEpochs(text: string, logEndOffset: number): string {
  const entries = text
    .split('\n')
    .slice(2)
    .filter((line) => line !== '' && Number(line.split(' ')[1]) < Math.max(logEndOffset, 1));
  return `0\n${entries.length}\n${entries.map((line) => `${line}\n`).join('')}`;
}

describe.each(logdirNames)('%s', (name) => {
  const fixture = logdirFixture(name);

  test('every record reads back, in fetches of any size', async () => {
    const manager = await open(name);
    for (const [key, expected] of Object.entries(fixture.readUncommitted)) {
      const log = manager.get(...split(key))!;
      log.highWatermark = expected.highWatermark;
      expect([key, log.logStartOffset, log.highWatermark]).toEqual([
        key,
        expected.logStartOffset,
        expected.highWatermark,
      ]);
      for (const maxBytes of expected.records.length > 500 ? [1 << 20] : [1, 700, 1 << 20])
        expect(consume(log, log.highWatermark, false, maxBytes)).toEqual(said(expected.records));
    }
  });

  test('read_committed gives what was committed, up to the last stable offset', async () => {
    const manager = await open(name);
    for (const [key, expected] of Object.entries(fixture.readCommitted ?? {})) {
      const log = manager.get(...split(key))!;
      log.highWatermark = log.logEndOffset;
      expect([key, log.lastStableOffset]).toEqual([key, expected.lastStableOffset]);
      expect(consume(log, log.lastStableOffset, true, 1 << 20)).toEqual(said(expected.records));
    }
  });

  if (fixture.batches !== undefined)
    test('the batches are those that the broker had', async () => {
      const manager = await open(name);
      for (const [key, rows] of Object.entries(fixture.batches!))
        expect([key, batchRows(manager.get(...split(key))!)]).toEqual([key, rows]);
    });

  if (!name.endsWith('unclean'))
    test('stopping again leaves the text files as they were', async () => {
      const manager = await open(name);
      const ends = new Map(manager.logs().map((log) => [log.folder.split('/').pop()!, log.logEndOffset]));
      await manager.stop();
      for (const [path, text] of Object.entries(fixture.textFiles)) {
        if (path.endsWith('partition.metadata')) continue;
        const isEpochs = path.endsWith('/leader-epoch-checkpoint');
        // The archive of one broker's epochs holds its other logs, too, but the checkpoints of a moment before they were opened.
        if (!isEpochs && name.endsWith('-epochs')) continue;
        const before = isEpochs ? withoutEmptyEpochs(text, ends.get(path.split('/')[0]!)!) : text;
        const now = readFileSync(`${root}/${name}/${path}`, 'utf8');
        expect([path, now.split('\n').sort()]).toEqual([path, before.split('\n').sort()]);
      }
    });
});

/** 3.9 takes a marker's time for the time of its producer, 2.3 and we don't. */
function producersIn(path: string): unknown[] {
  const producers = decodeProducerSnapshot(runtime.digests, readFileSync(path)) ?? [];
  if (path.includes('3.9.1'))
    for (const producer of producers) {
      producer.lastTimestampMs = 0;
      for (const one of producer.batches) one.timestampMs = 0;
    }
  return producers.sort((a, b) => a.producerId - b.producerId);
}

describe.each(['2.3.0-clean', '3.9.1-clean'])('%s without its indexes and snapshots', (name) => {
  const derived = /\.(index|timeindex|txnindex|snapshot)$/;
  const isOurs = (folder: string): boolean => !folder.includes('compact') && !folder.includes('.');

  test('has the same ones after recovery', async () => {
    const original = unpackLogdir(name, `${root}/original`);
    const folder = unpackLogdir(name, root);
    const logs = readdirSync(folder).filter((entry) => /-\d+$/.test(entry) && isOurs(entry));
    for (const log of logs)
      for (const file of readdirSync(`${folder}/${log}`))
        if (derived.test(file)) rmSync(`${folder}/${log}/${file}`);
    rmSync(`${folder}/.kafka_cleanshutdown`);
    rmSync(`${folder}/recovery-point-offset-checkpoint`);
    const manager = await LogManager.open(runtime, { folders: [folder], brokerId: -1, topicConfig: config });
    await manager.stop();
    let compared = 0;
    for (const log of logs)
      for (const file of readdirSync(`${original}/${log}`).filter((entry) => derived.test(entry))) {
        const [was, is] = [original, folder].map((where) => `${where}/${log}/${file}`) as [string, string];
        if (file.endsWith('.snapshot')) {
          // 3.9 keeps one for each segment, we keep those that a recovery may need.
          if (existsSync(is)) expect([is, producersIn(is)]).toEqual([is, producersIn(was)]);
        } else if (file.endsWith('.timeindex') && name.startsWith('2.3'))
          expect(timesIn(is)).toEqual(timesIn(was));
        else expect([is, readFileSync(is).toString('hex')]).toEqual([is, readFileSync(was).toString('hex')]);
        compared++;
      }
    expect(compared).toBeGreaterThan(60);
  });

  /** 2.3's leader names the record's offset, recovery that of its batch: the timestamps are the same. */
  function timesIn(path: string): bigint[] {
    const bytes = readFileSync(path);
    return Array.from({ length: bytes.length / 12 }, (_, i) => bytes.readBigInt64BE(i * 12));
  }
});

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'what a leader of 2.3.0 wrote with %s, appended here, gives the same files',
  async (codec) => {
    const name = `kestrel-${codec}`;
    const folder = unpackLogdir('2.3.0-clean', root);
    const source = await LogManager.open(runtime, { folders: [folder], brokerId: -1, topicConfig: config });
    const target = await LogManager.open(runtime, {
      folders: [`${root}/ours`],
      brokerId: 1,
      topicConfig: config,
    });
    managers.push(source, target);
    const ours = target.getOrCreate(name, 0);
    for (const segment of source.get(name, 0)!.segmentList.all) {
      const scan = segment.scan(0, 'whole');
      while (scan.next()) {
        const b = Buffer.from(scan.buffer.subarray(scan.at, scan.at + scan.size));
        batch.writeInt64At(b, 0, 0);
        ours.appendAsLeader(b, { leaderEpoch: 0, origin: 'client', produceVersion: 8 });
      }
    }
    await target.stop();
    await source.stop();
    const files = readdirSync(`${folder}/${name}-0`);
    expect(readdirSync(`${root}/ours/${name}-0`)).toEqual(files);
    for (const file of files) {
      const [was, is] = [`${folder}/${name}-0/${file}`, `${root}/ours/${name}-0/${file}`];
      expect([file, readFileSync(is).toString('hex')]).toEqual([file, readFileSync(was).toString('hex')]);
    }
  },
);

function batchRows(log: PartitionLog): unknown[] {
  const rows: unknown[] = [];
  for (const segment of log.segmentList.all) {
    const scan = segment.scan();
    while (scan.next()) {
      const { buffer: b, at } = scan;
      const v2 = batch.magic(b, at) === 2;
      rows.push([
        segment.logPath.slice(segment.logPath.lastIndexOf('/') + 1),
        scan.position,
        scan.size,
        batch.magic(b, at),
        batch.baseOffset(b, at),
        batch.lastOffset(b, at),
        v2 ? batch.partitionLeaderEpoch(b, at) : null,
        batch.attributes(b, at) & 7,
        batch.hasLogAppendTime(b, at),
        ...(v2
          ? [
              batch.isTransactional(b, at),
              batch.isControl(b, at),
              batch.producerId(b, at),
              batch.producerEpoch(b, at),
              batch.baseSequence(b, at),
              batch.recordCount(b, at),
            ]
          : [null, null, null, null, null, null]),
      ]);
    }
  }
  return rows;
}
