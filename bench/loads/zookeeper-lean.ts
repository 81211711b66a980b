/**
 * A ZooKeeper load that costs almost nothing itself, so that the server is what is measured. Each session keeps between half a window and a
 * window of requests open on its own znode: half windows of getData and setData, built once and sent again and again (servers don't
 * look at xids). Answers have known sizes, so they are counted, and only the first of each half window is looked at.
 *
 *   tsx bench/loads/zookeeper-lean.ts HOST:PORT[,…] --sessions 10 --window 40 --bytes 1000 --reads 90 --seconds 5 --warmup 4
 *
 * Prints one JSON line. Latencies are those of half windows, in ms.
 */
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { percentile, until } from './load.ts';
import { Session, create, getData, setData } from './zookeeper-frames.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string', default: '10' },
    window: { type: 'string', default: '40' },
    bytes: { type: 'string', default: '1000' },
    reads: { type: 'string', default: '90' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '4' },
  },
});

const half = Math.max(1, Number(values.window) >> 1);
const bytes = Number(values.bytes);
const reads = Number(values.reads);

class Stream {
  private readonly socket: Socket;
  private readonly batch: Buffer;
  private readonly size: number;
  private readonly firstSize: number;
  private left: number;
  private head = Buffer.alloc(20);
  private headed = 0;
  private sent: number[] = [];
  done = 0;
  latencies: number[] = [];

  constructor(socket: Socket, path: string) {
    this.socket = socket;
    const read = getData(path, false);
    const write = setData(path, Buffer.alloc(bytes, 7));
    const kinds = Array.from(
      { length: half },
      (_, j) => Math.floor(((j + 1) * reads) / 100) > Math.floor((j * reads) / 100),
    );
    this.batch = Buffer.concat(kinds.map((isRead) => (isRead ? read : write)));
    const sizes = kinds.map((isRead) => 4 + 16 + (isRead ? 4 + bytes : 0) + 68);
    this.size = sizes.reduce((a, b) => a + b);
    this.firstSize = sizes[0]!;
    this.left = this.size;
  }

  start(): void {
    this.socket.on('data', (chunk) => this.receive(chunk));
    this.send();
    this.send();
  }

  private send(): void {
    this.sent.push(performance.now());
    this.socket.write(this.batch);
  }

  private receive(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headed < 20) {
        const took = chunk.copy(this.head, this.headed, at, Math.min(chunk.length, at + 20 - this.headed));
        this.headed += took;
        this.left -= took;
        at += took;
      }
      const took = Math.min(this.left, chunk.length - at);
      this.left -= took;
      at += took;
      if (this.left === 0) this.finish();
    }
  }

  private finish(): void {
    const error = this.head.readInt32BE(16);
    if (error !== 0 || this.head.readInt32BE(0) + 4 !== this.firstSize)
      throw new Error(`unexpected answer: length ${this.head.readInt32BE(0)}, error ${error}`);
    this.latencies.push(performance.now() - this.sent.shift()!);
    this.done += half;
    this.left = this.size;
    this.headed = 0;
    this.send();
  }
}

async function open(server: string, number: number): Promise<Stream> {
  const session = await Session.open(server);
  const path = `/lean-${number}`;
  await session.call(create(path, Buffer.alloc(bytes)));
  await session.call(setData(path, Buffer.alloc(bytes)));
  const socket = session.release();
  socket.on('close', () => {
    throw new Error(`${server} closed a session`);
  });
  return new Stream(socket, path);
}

const servers = positionals[0]!.split(',');
const sessions = await Promise.all(
  Array.from({ length: Number(values.sessions) }, (_, i) => open(servers[i % servers.length]!, i)),
);
for (const session of sessions) session.start();
await until(Number(values.warmup));
for (const session of sessions) {
  session.done = 0;
  session.latencies = [];
}
const cpu = process.cpuUsage();
const begin = performance.now();
process.stderr.write('measure\n');
await until(Number(values.seconds));
const seconds = (performance.now() - begin) / 1000;
const done = sessions.reduce((sum, session) => sum + session.done, 0);
const latencies = sessions.flatMap((session) => session.latencies).sort((a, b) => a - b);
const own = process.cpuUsage(cpu);
process.stdout.write(
  JSON.stringify({
    perSecond: Math.round(done / seconds),
    done,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    loadCpuSeconds: (own.user + own.system) / 1e6,
  }) + '\n',
);
process.exit(0);
