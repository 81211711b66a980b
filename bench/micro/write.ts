/**
 * What it costs to send responses that are a small head and a body: joined in one buffer, or head and body handed over as they are
 * (one writev). Joined, bodies are copied. Run: npx tsx bench/micro/write.ts
 */
import { fork } from 'node:child_process';
import net from 'node:net';

const HEAD = Buffer.alloc(60);
const TOTAL_BYTES = 400e6;
const STOP_BYTES = 256 * 1024;

function drain(): void {
  const server = net.createServer((socket) => socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as net.AddressInfo).port));
}

async function send(port: number, write: (socket: net.Socket) => number): Promise<number> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  const before = process.cpuUsage();
  for (let sent = 0; sent < TOTAL_BYTES;) {
    sent += write(socket);
    await new Promise((resolve) =>
      socket.writableLength > STOP_BYTES ? socket.once('drain', resolve) : setImmediate(resolve),
    );
  }
  const { user, system } = process.cpuUsage(before);
  socket.destroy();
  return (user + system) / 1e6 / (TOTAL_BYTES / 1e9);
}

async function compare(): Promise<void> {
  const child = fork(process.argv[1]!, ['drain']);
  const port = await new Promise<number>((resolve) =>
    child.once('message', (value) => resolve(Number(value))),
  );
  for (const [bodyBytes, count] of [
    [100, 16],
    [1024, 30],
    [4096, 8],
    [16384, 1],
    [16384, 16],
  ] as const) {
    const parts = Array.from({ length: count }, () => [HEAD, Buffer.alloc(bodyBytes)]).flat();
    const total = count * (HEAD.length + bodyBytes);
    const joined = (socket: net.Socket): number => {
      socket.write(Buffer.concat(parts, total));
      return total;
    };
    const apart = (socket: net.Socket): number => {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
      return total;
    };
    let [bestJoined, bestApart] = [Infinity, Infinity];
    for (let round = 0; round < 3; round++) {
      bestJoined = Math.min(bestJoined, await send(port, joined));
      bestApart = Math.min(bestApart, await send(port, apart));
    }
    const what = `${count} responses of ${bodyBytes} B`.padEnd(26);
    console.log(`${what} joined ${bestJoined.toFixed(2)}  apart ${bestApart.toFixed(2)} s CPU a GB`);
  }
  child.kill();
}

if (process.argv[2] === 'drain') drain();
else await compare();
