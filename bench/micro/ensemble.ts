/**
 * What a write costs an ensemble, all of it in one process: three servers, their load, and real sockets between them. One thread takes turns, so
 * batches are the same from run to run and other work on the machine hardly shows: where `npm run bench` can't tell two versions
 * apart, this can. The best of many short spans is told. Run: npm run -s bench:micro, or npx tsx bench/micro/ensemble.ts
 * [percent of reads] [servers] [seconds]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { freePorts } from '../../interop/support/processes.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { parseZooKeeperConfig } from '../../src/zookeeper/server/config/config.ts';
import { startZooKeeper } from '../../src/zookeeper/server/start.ts';
import { Session, create, getData, setData } from '../loads/zookeeper-frames.ts';

const [percent = 0, servers = 3, seconds = 8] = process.argv.slice(2).map(Number);
const SESSIONS = 10;
const HALF_WINDOW = 20;
const BYTES = 1000;
const SPAN_MS = 250;

const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'gregor-micro-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const ports = await freePorts(servers * 3);
const clientPorts = ports.slice(0, servers);
const list = clientPorts
  .map((_, i) => `server.${i + 1}=127.0.0.1:${ports[servers + i]}:${ports[2 * servers + i]}\n`)
  .join('');
await Promise.all(
  clientPorts.map((port, i) => {
    const data = join(folder, String(i + 1));
    mkdirSync(data);
    writeFileSync(join(data, 'myid'), String(i + 1));
    const text = `tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=${data}\nclientPort=${port}\nadmin.enableServer=false\nmaxClientCnxns=0\n${list}`;
    const runtime = createNodeRuntime({ log: silentLog });
    const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');

    if (config === null) throw new Error(JSON.stringify(problems));
    return startZooKeeper(runtime, config);
  }),
);

let done = 0;
async function open(number: number): Promise<void> {
  const session = await Session.open(`127.0.0.1:${clientPorts[number % servers]}`);
  const path = `/micro-${number}`;
  await session.call(create(path, Buffer.alloc(BYTES)));
  await session.call(setData(path, Buffer.alloc(BYTES)));
  const socket = session.release();
  const isRead = (j: number) => Math.floor(((j + 1) * percent) / 100) > Math.floor((j * percent) / 100);
  const kinds = Array.from({ length: HALF_WINDOW }, (_, j) => isRead(j));
  const batch = Buffer.concat(
    kinds.map((read) => (read ? getData(path, false) : setData(path, Buffer.alloc(BYTES, 7)))),
  );
  const answerBytes = kinds.reduce((sum, read) => sum + 20 + (read ? 4 + BYTES : 0) + 68, 0);
  let left = answerBytes;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    while (left <= 0) {
      left += answerBytes;
      done += HALF_WINDOW;
      socket.write(batch);
    }
  });
  socket.write(batch);
  socket.write(batch);
}

// A server has answers only once there is a leader.
for (let left = 100; ; left--)
  try {
    (await Session.open(`127.0.0.1:${clientPorts[0]}`)).end();
    break;
  } catch (error) {
    if (left === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
await Promise.all(Array.from({ length: SESSIONS }, (_, i) => open(i)));

let collections = 0;
let collectingMs = 0;
new PerformanceObserver((events) => {
  for (const { duration } of events.getEntries()) {
    collections += 1;
    collectingMs += duration;
  }
}).observe({ entryTypes: ['gc'] });

/** CPU nanoseconds of the main thread. */
const ofMain = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]);
const ofAll = () => process.cpuUsage().user + process.cpuUsage().system;

await new Promise((resolve) => setTimeout(resolve, seconds * 500));
const spans: { main: number; all: number }[] = [];
const [doneBefore, collectionsBefore, msBefore] = [done, collections, collectingMs];
for (let span = 0; span < (seconds * 500) / SPAN_MS; span++) {
  const [ops, main, all] = [done, ofMain(), ofAll()];
  await new Promise((resolve) => setTimeout(resolve, SPAN_MS));
  const count = done - ops;
  if (count > 0) spans.push({ main: (ofMain() - main) / 1e3 / count, all: (ofAll() - all) / count });
}
const at = (pick: (span: { main: number; all: number }) => number, part: number) => {
  const sorted = spans.map(pick).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)]!.toFixed(2);
};
const count = done - doneBefore;
process.stdout.write(
  `${percent} % reads, ${servers} servers: ${Math.round(count / (seconds / 2))}/s; µs a request: main thread ${at((s) => s.main, 0)} (median ${at((s) => s.main, 0.5)}), ` +
    `all threads ${at((s) => s.all, 0)} (median ${at((s) => s.all, 0.5)}); a million requests: ${Math.round(((collections - collectionsBefore) * 1e6) / count)} collections, ` +
    `${Math.round(((collectingMs - msBefore) * 1e6) / count)} ms\n`,
);
process.exit(0);
