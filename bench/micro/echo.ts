/**
 * What a request costs a server that does nothing else: over plain node:net, over the node runtime, and over a published port of a
 * virtual host. 40 connections keep 16 requests of 100 bytes open each. Run: npx tsx bench/micro/echo.ts [seconds] [rounds]
 */
import { fork } from 'node:child_process';
import net from 'node:net';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import type { Connection } from '../../src/runtime/runtime.ts';
import { VirtualNetwork } from '../../src/runtime/virtual/virtual-network.ts';
import { FrameSplitter } from '../../src/wire/frames.ts';
import { Writer } from '../../src/wire/writer.ts';

const CONNECTIONS = 40;
const OPEN = 16;
const REQUEST_BYTES = 100;
const RESPONSE_BYTES = 100;
const MODES = ['raw', 'runtime', 'published', 'memory'] as const;
type Mode = (typeof MODES)[number];

const request = Buffer.alloc(REQUEST_BYTES);
request.writeInt32BE(REQUEST_BYTES - 4);
const body = Buffer.alloc(RESPONSE_BYTES - 4);

/** Answers each frame as a server does: one writer, a part for each answer, all of a turn in one write. */
function serve(connection: Connection): void {
  const splitter = new FrameSplitter(1 << 20);
  const writer = new Writer(16 * 1024);
  connection.start({
    data: (bytes) => {
      writer.reset();
      splitter.pushInPlace(bytes, () => {
        writer.int32(RESPONSE_BYTES - 4);
        writer.bytes(body);
      });
      if (writer.position > 0) for (const part of writer.parts()) connection.write(part);
    },
    closed: () => undefined,
  });
}

function listenRaw(): Promise<number> {
  const answer = Buffer.alloc(RESPONSE_BYTES);
  answer.writeInt32BE(RESPONSE_BYTES - 4);
  const server = net.createServer({ noDelay: true }, (socket) => {
    let rest: Buffer | null = null;
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      const chunk: Buffer = rest === null ? data : Buffer.concat([rest, data]);
      let at = 0;
      let count = 0;
      while (chunk.length - at >= 4) {
        const end = at + 4 + chunk.readInt32BE(at);
        if (end > chunk.length) break;
        at = end;
        count++;
      }
      rest = at < chunk.length ? chunk.subarray(at) : null;
      const out = Buffer.allocUnsafe(count * RESPONSE_BYTES);
      for (let i = 0; i < count; i++) answer.copy(out, i * RESPONSE_BYTES);
      if (count > 0) socket.write(out);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
}

async function listen(mode: Mode): Promise<number> {
  if (mode === 'raw') return listenRaw();
  const runtime = createNodeRuntime({ log: silentLog });
  if (mode === 'runtime')
    return (await runtime.network.listen({ host: '127.0.0.1', port: 0 }, serve)).endpoint.port;
  const host = new VirtualNetwork(runtime).host('server');
  await host.runtime.network.listen({ host: '', port: 9092 }, serve);
  return (await host.publish({ host: '127.0.0.1', port: 0 }, 9092)).endpoint.port;
}

/** The server process: says its port, and on each message the CPU that it used and the requests so far. */
async function server(mode: Mode): Promise<void> {
  const port = await listen(mode);
  process.on('message', () => process.send!(process.cpuUsage()));
  process.on('SIGINT', () => process.exit());
  process.send!(port);
}

/** Keeps requests open on all connections for a while. @returns how many were answered. */
async function load(port: number, seconds: number): Promise<number> {
  let answered = 0;
  const batches = Array.from({ length: OPEN + 1 }, (_, count) => Buffer.concat(Array(count).fill(request)));
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    let rest = 0;
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () =>
      socket.write(batches[OPEN]!),
    );
    return socket.on('data', (data: Buffer) => {
      rest += data.length;
      const count = Math.floor(rest / RESPONSE_BYTES);
      rest -= count * RESPONSE_BYTES;
      answered += count;
      if (count > 0) socket.write(batches[count]!);
    });
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const socket of sockets) socket.destroy();
  return answered;
}

interface Figures {
  perSecond: number;
  cpuUs: number;
}

async function measure(mode: Mode, seconds: number): Promise<Figures> {
  if (mode === 'memory') return measureMemory(seconds);
  const child = fork(process.argv[1]!, ['serve', mode]);
  const next = <T>(): Promise<T> =>
    new Promise((resolve) => child.once('message', (value) => resolve(value as T)));
  const port = await next<number>();
  await load(port, seconds / 3);
  child.send('cpu');
  const before = await next<NodeJS.CpuUsage>();
  const answered = await load(port, seconds);
  child.send('cpu');
  const after = await next<NodeJS.CpuUsage>();
  child.kill();
  const cpuUs = after.user + after.system - before.user - before.system;
  return { perSecond: answered / seconds, cpuUs: cpuUs / answered };
}

/** Both ends in one process, over a virtual network's memory. */
async function measureMemory(seconds: number): Promise<Figures> {
  const network = new VirtualNetwork(createNodeRuntime({ log: silentLog }));
  const [here, there] = [network.host('here'), network.host('there')];
  await there.runtime.network.listen({ host: '', port: 1 }, serve);
  let answered = 0;
  const connections: Connection[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const connection = await here.runtime.network.connect({ host: 'there', port: 1 });
    connections.push(connection);
    connection.start({
      data: (bytes) => {
        const count = bytes.length / RESPONSE_BYTES;
        answered += count;
        for (let j = 0; j < count; j++) connection.write(request);
      },
      closed: () => undefined,
    });
    for (let j = 0; j < OPEN; j++) connection.write(request);
  }
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 3));
  const [from, cpu] = [answered, process.cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(cpu);
  const count = answered - from;
  for (const connection of connections) connection.destroy();
  return { perSecond: count / seconds, cpuUs: (user + system) / count };
}

const WHAT: Record<Mode, string> = {
  raw: 'plain node:net',
  runtime: 'node runtime',
  published: 'published port of a virtual host',
  memory: 'between virtual hosts (both ends)',
};

/** All in turn, several times, so that a machine's mood meets all alike; the best round of each counts. */
async function compare(seconds: number, rounds: number): Promise<void> {
  const best = new Map<Mode, Figures>();
  for (let round = 0; round < rounds; round++)
    for (const mode of MODES) {
      const figures = await measure(mode, seconds);
      if (figures.cpuUs < (best.get(mode)?.cpuUs ?? Infinity)) best.set(mode, figures);
    }
  for (const [mode, { perSecond, cpuUs }] of best) {
    const rate = Math.round(perSecond).toLocaleString('en').padStart(10);
    console.log(`${WHAT[mode].padEnd(34)} ${rate} requests/s  ${cpuUs.toFixed(2)} us CPU each`);
  }
}

if (process.argv[2] === 'serve') await server(process.argv[3] as Mode);
else await compare(Number(process.argv[2] ?? 2), Number(process.argv[3] ?? 3));
