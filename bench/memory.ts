/**
 * What many znodes and watches cost in memory, and whether a snapshot of them holds up those who ask meanwhile. Memory is what is alive after a full
 * collection, on both sides.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ZooKeeperMaker } from '../interop/support/clusters.ts';
import { until } from '../interop/support/processes.ts';
import { Session, create, getData, setData } from './loads/zookeeper-frames.ts';
import { residentMegabytes } from './measure.ts';
import { zookeeperSide, type ZooKeeperSide } from './zookeeper-side.ts';

const DATA = Buffer.alloc(100, 7);
const SIBLINGS = 1000;
/** Requests on their way at once. */
const WINDOW = 500;
const HEAP = '3g';

interface Outcome {
  readonly name: string;
  readonly znodeBytes: number;
  readonly watchBytes: number;
  readonly megabytes: number;
  readonly snapshotMs: number;
  readonly longestMs: number;
  readonly usualLongestMs: number;
}

/** `count` znodes of 100 bytes with paths of 27 characters, then a watch on each. */
export async function compareMemory(makers: readonly ZooKeeperMaker[], count: number): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const maker of makers)
    try {
      outcomes.push(await measure(maker, count));
    } catch (error) {
      process.stderr.write(`memory: ${maker} FAILED: ${String(error)}\n`);
    }
  const lines = outcomes.map((o) =>
    [
      o.name,
      Math.round(o.znodeBytes),
      Math.round(o.watchBytes),
      Math.round(o.megabytes),
      (o.snapshotMs / 1000).toFixed(1),
      o.longestMs.toFixed(1),
      o.usualLongestMs.toFixed(1),
    ].join(' | '),
  );
  const [own, theirs] = [
    outcomes.find((o) => o.name === 'gregor'),
    outcomes.find((o) => o.name !== 'gregor'),
  ];
  if (own !== undefined && theirs !== undefined)
    lines.push(
      `**gregor / Apache** | ×${(own.znodeBytes / theirs.znodeBytes).toFixed(2)} | ×${(own.watchBytes / theirs.watchBytes).toFixed(2)} | ×${(own.megabytes / theirs.megabytes).toFixed(2)} | | |`,
    );
  process.stdout.write(
    `\n### ${count} znodes and watches\n\n| | bytes a znode | bytes a watch | resident MB | snapshot s | longest answer meanwhile ms | before ms |\n` +
      `| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n${lines.map((line) => `| ${line} |\n`).join('')}\n`,
  );
}

async function measure(maker: ZooKeeperMaker, count: number): Promise<Outcome> {
  const say = (what: string) => process.stderr.write(`memory: ${maker} ${what}\n`);
  say('starts');
  // The first snapshot comes between half of it and all of it.
  const snapCount = Math.round(1.2 * count);
  const side = await zookeeperSide(maker, 1, {
    lines: `snapCount=${snapCount}\nautopurge.purgeInterval=0\n`,
    heap: HEAP,
    tellsMemory: true,
  });
  try {
    const session = await Session.open(side.address);
    const empty = await alive(side, maker);
    say(`gets ${count} znodes`);
    await session.call(create('/m', DATA));
    await inWindows(count / SIBLINGS, (i) => session.call(create(`/m/p${i}`, DATA)));
    await inWindows(count, (i) => session.call(create(pathOf(i), DATA)));
    const filled = await alive(side, maker);
    say('gets as many watches');
    await inWindows(count, (i) => session.call(getData(pathOf(i), true)));
    const watched = await alive(side, maker);
    const megabytes = residentMegabytes(side.pids[0]!);
    say('writes a snapshot');
    const found = await snapshot(side, session);
    session.end();
    return {
      name: maker,
      znodeBytes: (filled - empty) / count,
      watchBytes: (watched - filled) / count,
      megabytes,
      ...found,
    };
  } finally {
    await side.stop();
  }
}

const pathOf = (i: number) => `/m/p${Math.floor(i / SIBLINGS)}/node-${String(i).padStart(10, '0')}`;

/** Calls for 0 up to count, a window of them at a time. */
async function inWindows(count: number, call: (i: number) => Promise<Buffer>): Promise<void> {
  for (let from = 0; from < count; from += WINDOW) {
    const calls: Promise<Buffer>[] = [];
    for (let i = from; i < Math.min(count, from + WINDOW); i++) calls.push(call(i));
    for (const answer of await Promise.all(calls))
      if (answer.readInt32BE(12) !== 0) throw new Error(`error ${answer.readInt32BE(12)}`);
  }
}

/** Bytes alive after a full collection. */
async function alive(side: ZooKeeperSide, maker: ZooKeeperMaker): Promise<number> {
  const pid = String(side.pids[0]);
  if (maker === 'gregor') {
    rmSync(side.memoryFile, { force: true });
    process.kill(Number(pid), 'SIGUSR2');
    await until('the bytes that are alive', () => existsSync(side.memoryFile));
    return Number(readFileSync(side.memoryFile, 'utf8'));
  }
  execFileSync('jcmd', [pid, 'GC.run'], { stdio: 'ignore' });
  const info = execFileSync('jcmd', [pid, 'GC.heap_info'], { encoding: 'utf8' });
  const heap = info.split(/Metaspace/)[0]!;
  return 1024 * [...heap.matchAll(/used (\d+)K/g)].reduce((sum, match) => sum + Number(match[1]), 0);
}

/** Writes until one is written, while another session asks one question after the other. */
async function snapshot(
  side: ZooKeeperSide,
  writer: Session,
): Promise<{ snapshotMs: number; longestMs: number; usualLongestMs: number }> {
  const folder = join(side.folder, 'data-1', 'version-2');
  const listed = () => readdirSync(folder).filter((name) => !name.startsWith('log.'));
  const state = { phase: 'before' as 'before' | 'during' | 'after', isOver: false };
  const longest = { before: 0, during: 0, after: 0 };
  const asker = await Session.open(side.address);
  const asking = (async () => {
    while (!state.isOver) {
      const { phase } = state;
      const begin = performance.now();
      await asker.call(getData(pathOf(1), false));
      const ms = performance.now() - begin;
      longest[phase] = Math.max(longest[phase], ms);
      if (phase !== state.phase) longest[state.phase] = Math.max(longest[state.phase], ms);
    }
    asker.end();
  })();
  const change = setData('/m', DATA);
  const changing = (async () => {
    while (state.phase !== 'after') await Promise.all(Array.from({ length: 20 }, () => writer.call(change)));
  })();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const known = new Set(listed());
  const isNew = (name: string) => !known.has(name);
  await until('a snapshot begins', () => listed().some(isNew), 300_000);
  state.phase = 'during';
  const begin = performance.now();
  let quietSince = begin;
  let size = -1;
  // It is whole when it has its name (ours), and grows no more (Apache's).
  await until(
    'the snapshot is whole',
    () => {
      const names = listed().filter(isNew);
      const bytes = names.map((name) => sizeOf(join(folder, name))).reduce((a, b) => a + b, 0);
      if (bytes !== size || !names.some((name) => name.startsWith('snapshot.'))) {
        size = bytes;
        quietSince = performance.now();
      }
      return performance.now() - quietSince > 500;
    },
    300_000,
  );
  const snapshotMs = quietSince - begin;
  state.phase = 'after';
  await changing;
  state.isOver = true;
  await asking;
  return { snapshotMs, longestMs: longest.during, usualLongestMs: longest.before };
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0; // it just got its name
  }
}
