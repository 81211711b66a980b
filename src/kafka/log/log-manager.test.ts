import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUnsyncedRuntime } from '../../../test/support/unsynced-runtime.ts';
import { buildBatch } from '../records/build-batch.ts';
import { defaultLogConfig, type LogConfig } from './log-config.ts';
import { LogFolderError } from './folder/log-folder-error.ts';
import { LogManager, type LogManagerOptions } from './log-manager.ts';
import type { PartitionLog } from './partition-log.ts';

const runtime = createUnsyncedRuntime();
let root = '';
let managers: LogManager[] = [];

beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/gregor-logs-`);
  managers = [];
});
afterEach(async () => {
  for (const manager of managers) await manager.stop();
  rmSync(root, { recursive: true });
});

async function open(
  options: Partial<LogManagerOptions> & { config?: Partial<LogConfig> } = {},
): Promise<LogManager> {
  const { config, ...rest } = options;
  const manager = await LogManager.open(runtime, {
    folders: [`${root}/a`],
    brokerId: 1,
    topicConfig: () => ({ ...defaultLogConfig, ...config }),
    ...rest,
  });
  managers.push(manager);
  return manager;
}

function append(log: PartitionLog, ...values: string[]): void {
  const records = values.map((value) => ({ value: Buffer.from(value), timestamp: 1_600_000_000_000 }));
  const batch = buildBatch(runtime.codecs, runtime.digests, records);
  log.appendAsLeader(batch, { leaderEpoch: 0, origin: 'client', produceVersion: 7 });
}

const text = (name: string): string => readFileSync(`${root}/${name}`, 'utf8');

test('what was stopped in order is there again, with its high watermarks, as Apache writes it down', async () => {
  const first = await open();
  first.writeMetaProperties(1, 'cluster');
  const log = first.getOrCreate('topic-with-dashes', 3);
  append(log, 'a', 'b', 'c');
  log.highWatermark = 2;
  await first.stop();
  expect(text('a/.kafka_cleanshutdown')).toBe('');
  expect(text('a/meta.properties')).toMatch(
    /^#\n#.* UTC \d{4}\nbroker.id=1\ncluster.id=cluster\nversion=0\n$/,
  );
  expect(text('a/recovery-point-offset-checkpoint')).toBe('0\n1\ntopic-with-dashes 3 3\n');
  expect(text('a/replication-offset-checkpoint')).toBe('0\n1\ntopic-with-dashes 3 2\n');
  expect(text('a/topic-with-dashes-3/leader-epoch-checkpoint')).toBe('0\n1\n0 0\n');
  const second = await open();
  expect(existsSync(`${root}/a/.kafka_cleanshutdown`)).toBe(false);
  expect(second.storedBrokerId).toBe(1);
  expect(second.storedClusterId).toBe('cluster');
  expect(second.get('topic-with-dashes', 3)).toMatchObject({ logEndOffset: 3, highWatermark: 2 });
});

test('a folder in use, one of another broker, and folders of different brokers are refused with a reason', async () => {
  const first = await open();
  first.writeMetaProperties(1, null);
  await expect(open()).rejects.toThrow(/another broker uses the log folder/);
  await first.stop();
  await expect(open({ brokerId: 2 })).rejects.toThrow(/belongs to broker 1, but broker.id is 2/);
  mkdirSync(`${root}/b`);
  writeFileSync(`${root}/b/meta.properties`, 'broker.id=7\nversion=0\n');
  await expect(open({ brokerId: -1, folders: [`${root}/a`, `${root}/b`] })).rejects.toThrow(LogFolderError);
});

test('a new log goes to the folder with the fewest', async () => {
  const manager = await open({ folders: [`${root}/a`, `${root}/b`] });
  for (let p = 0; p < 6; p++) manager.getOrCreate('t', p);
  for (const folder of ['a', 'b'])
    expect(manager.logs().filter((log) => log.folder.startsWith(`${root}/${folder}/`)).length).toBe(3);
});

test('a deleted log is gone at once, its files after a while, and its name is free', async () => {
  const manager = await open({ config: { fileDeleteDelayMs: 0 } });
  append(manager.getOrCreate('t', 0), 'a');
  manager.delete('t', 0);
  expect(manager.get('t', 0)).toBeUndefined();
  expect(existsSync(`${root}/a/t-0`)).toBe(false);
  const again = manager.getOrCreate('t', 0);
  expect(again.logEndOffset).toBe(0);
  await expect
    .poll(() => runtime.files.list(`${root}/a`).filter((name) => name.endsWith('-delete')), {
      timeout: 20_000,
    })
    .toEqual([]);
});

test('a folder whose disk fails goes offline with its logs; the others stay', async () => {
  const lost: unknown[] = [];
  const manager = await open({
    folders: [`${root}/a`, `${root}/b`],
    onFolderOffline: (folder, logs) => lost.push({ folder, logs }),
  });
  const [first, second] = [manager.getOrCreate('t', 0), manager.getOrCreate('t', 1)];
  append(first, 'a');
  await first.flush();
  const failing = first.folder;
  await manager.stop();
  managers = [];
  rmSync(failing, { recursive: true });
  writeFileSync(failing, 'a file where a folder was');
  const next = await open({
    folders: [`${root}/a`, `${root}/b`],
    onFolderOffline: (folder, logs) => lost.push({ folder, logs }),
  });
  expect(() => next.getOrCreate('t', 0, { folder: failing.slice(0, -4) })).toThrow();
  expect(lost.length).toBe(1);
  expect(next.offlineFolders.length).toBe(1);
  expect(next.get('t', 1)?.folder).toBe(second.folder);
});
