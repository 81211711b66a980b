/** What a LogManager does by the clock, in virtual time. */
import { expect, test } from 'vitest';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { SimulatedWorld, type SimulatedHost } from '../../runtime/simulated/simulated-world.ts';
import { buildBatch } from '../records/build-batch.ts';
import { readWhole } from './folder/atomic-file.ts';
import { defaultLogConfig, type LogConfig } from './log-config.ts';
import { LogManager } from './log-manager.ts';
import type { PartitionLog } from './partition-log.ts';

const codecs = createNodeCodecs();
const digests = createNodeDigests();

function makeHost(): { world: SimulatedWorld; host: SimulatedHost } {
  const world = new SimulatedWorld({
    seed: 1,
    digests,
    codecs,
    afterPromises: (run) => void setImmediate(run),
  });
  return { world, host: world.host('broker') };
}

async function start(runtime: Runtime, config: Partial<LogConfig> = {}): Promise<LogManager> {
  const manager = await LogManager.open(runtime, {
    folders: ['/logs'],
    brokerId: 1,
    topicConfig: () => ({ ...defaultLogConfig, segmentBytes: 1000, ...config }),
  });
  manager.start();
  return manager;
}

function append(runtime: Runtime, log: PartitionLog, key: string, value: string): void {
  const timestamp = runtime.clock.wallMs();
  const records = [{ key: Buffer.from(key), value: Buffer.from(value), timestamp }];
  log.appendAsLeader(buildBatch(codecs, digests, records), {
    leaderEpoch: 0,
    origin: 'client',
    produceVersion: 8,
  });
  log.highWatermark = log.logEndOffset;
}

const wait = (runtime: Runtime, ms: number): Promise<void> =>
  new Promise((resolve) => void runtime.clock.after(ms, resolve));

test('the high watermark is checkpointed every 5 s, so a killed broker knows most of it', async () => {
  const { world, host } = makeHost();
  await world.play(async () => {
    const manager = await start(host.runtime);
    const log = manager.getOrCreate('t', 0);
    for (let i = 0; i < 10; i++) append(host.runtime, log, 'k', 'v');
    await wait(host.runtime, 5_100);
    for (let i = 0; i < 10; i++) append(host.runtime, log, 'k', 'v');
  });
  host.kill({ keepCache: true });
  const runtime = host.restart();
  await world.play(async () => {
    const manager = await start(runtime);
    expect(manager.get('t', 0)).toMatchObject({ logEndOffset: 20, highWatermark: 10 });
    expect(manager.checkpointedHighWatermark('t', 0)).toBe(10);
  });
});

test('old segments go every 5 minutes, and their files a minute after that', async () => {
  const { world, host } = makeHost();
  await world.play(async () => {
    const { runtime } = host;
    const manager = await start(runtime, { retentionMs: 60_000 });
    const log = manager.getOrCreate('t', 0);
    for (let i = 0; i < 40; i++) append(runtime, log, 'k', 'a value of some length');
    const filesOf = (suffix: string): number =>
      runtime.files.list('/logs/t-0').filter((name) => name.endsWith(suffix)).length;
    expect(filesOf('.log')).toBeGreaterThan(2);
    await wait(runtime, 300_100);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([40, 40]);
    expect(filesOf('.log')).toBe(1);
    expect(filesOf('.deleted')).toBeGreaterThan(2);
    await wait(runtime, 60_000);
    expect(filesOf('.deleted')).toBe(0);
  });
});

test('a compacted log is cleaned by itself, once it is dirty enough, and again only when it is dirty anew', async () => {
  const { world, host } = makeHost();
  const cleanedUpTo = (runtime: Runtime): string =>
    readWhole(runtime.files, '/logs/cleaner-offset-checkpoint').toString('utf8');
  let checkpoint = '';
  await world.play(async () => {
    const { runtime } = host;
    const manager = await start(runtime, { cleanupPolicy: ['compact'] });
    const log = manager.getOrCreate('t', 0);
    for (let i = 0; i < 100; i++) append(runtime, log, `key ${i % 5}`, `value ${i}`);
    const before = log.sizeBytes;
    await wait(runtime, 15_500);
    expect(log.sizeBytes).toBeLessThan(before / 3);
    checkpoint = cleanedUpTo(runtime);
    expect(checkpoint).toBe(`0\n1\nt 0 ${log.segmentList.active.baseOffset}\n`);
    await manager.stop();
  });
  const runtime = host.restart();
  await world.play(async () => {
    const manager = await start(runtime, { cleanupPolicy: ['compact'] });
    await wait(runtime, 60_000);
    expect(cleanedUpTo(runtime)).toBe(checkpoint);
    expect(manager.get('t', 0)!.logEndOffset).toBe(100);
    await manager.stop();
  });
});

test('a truncation below the recovery point lowers its checkpoint', async () => {
  const { world, host } = makeHost();
  await world.play(async () => {
    const { runtime } = host;
    const manager = await start(runtime);
    const log = manager.getOrCreate('t', 0);
    for (let i = 0; i < 10; i++) append(runtime, log, 'k', 'v');
    await log.flush();
    await wait(runtime, 60_100);
    const checkpoint = (): string =>
      readWhole(runtime.files, '/logs/recovery-point-offset-checkpoint').toString('utf8');
    expect(checkpoint()).toBe('0\n1\nt 0 10\n');
    log.truncateTo(4);
    await wait(runtime, 100);
    expect(checkpoint()).toBe('0\n1\nt 0 4\n');
  });
});
