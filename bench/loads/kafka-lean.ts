/**
 * A Kafka load that costs almost nothing itself, so that the brokers are what is measured.
 *
 *   tsx bench/loads/kafka-lean.ts produce HOST:PORT TOPIC --record 1000 --batch 16384 --acks -1 --inflight 5 --seconds 5 --warmup 1
 *   tsx bench/loads/kafka-lean.ts consume HOST:PORT TOPIC --seconds 30
 *
 * Produce: one connection to each leader with `inflight` requests open; a request carries a batch for every partition that the broker leads
 * (Produce 3, format 2, no producer id), built once and sent again and again. Consume: from offset 0 to the end, all partitions of a
 * leader in one Fetch 4, timed until the last data. Prints one JSON line; MB are 10^6 bytes of record values (consume: of batches).
 */
import { crc32c } from '@node-rs/crc32';
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { percentile, until } from './load.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: 'string', default: '1000' },
    batch: { type: 'string', default: '16384' },
    acks: { type: 'string', default: '-1' },
    inflight: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
  },
});
const [what, bootstrap, topic] = positionals as [string, string, string];

class Bytes {
  private readonly parts: Buffer[] = [];
  private put(length: number, write: (b: Buffer) => void): this {
    const b = Buffer.alloc(length);
    write(b);
    this.parts.push(b);
    return this;
  }
  int8 = (n: number) => this.put(1, (b) => b.writeInt8(n));
  int16 = (n: number) => this.put(2, (b) => b.writeInt16BE(n));
  int32 = (n: number) => this.put(4, (b) => b.writeInt32BE(n));
  uint32 = (n: number) => this.put(4, (b) => b.writeUInt32BE(n));
  int64 = (n: number) => this.put(8, (b) => b.writeBigInt64BE(BigInt(n)));
  string = (s: string) => this.int16(Buffer.byteLength(s)).raw(Buffer.from(s));
  raw(b: Buffer): this {
    this.parts.push(b);
    return this;
  }
  varint(n: number): this {
    let rest = (n << 1) ^ (n >> 31);
    const out: number[] = [];
    while (rest > 127) {
      out.push((rest & 127) | 128);
      rest >>>= 7;
    }
    return this.raw(Buffer.from([...out, rest]));
  }
  done = () => Buffer.concat(this.parts);
}

function buildBatch(size: number, record: number): { data: Buffer; count: number } {
  const value = Buffer.from(Array.from({ length: record }, (_, i) => (i * 7) & 255));
  const records: Buffer[] = [];
  let length = 0;
  while (length === 0 || length + record < size) {
    const body = new Bytes()
      .int8(0)
      .varint(0)
      .varint(records.length)
      .varint(-1)
      .varint(record)
      .raw(value)
      .varint(0)
      .done();
    const one = new Bytes().varint(body.length).raw(body).done();
    records.push(one);
    length += one.length;
  }
  const now = Date.now();
  const checked = new Bytes()
    .int16(0)
    .int32(records.length - 1)
    .int64(now)
    .int64(now)
    .int64(-1)
    .int16(-1)
    .int32(-1)
    .int32(records.length)
    .raw(Buffer.concat(records))
    .done();
  const rest = new Bytes().int32(-1).int8(2).uint32(crc32c(checked)).raw(checked).done();
  return { data: new Bytes().int64(0).int32(rest.length).raw(rest).done(), count: records.length };
}

function request(key: number, version: number, body: Buffer): Buffer {
  const whole = new Bytes().int16(key).int16(version).int32(1).string('lean').raw(body).done();
  return new Bytes().int32(whole.length).raw(whole).done();
}

function open(address: string): Socket {
  const at = address.lastIndexOf(':');
  return connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), noDelay: true });
}

/** One answer to one request on a connection of its own, without its length. */
async function ask(address: string, bytes: Buffer): Promise<Buffer> {
  const socket = open(address);
  let got = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 4 || got.length < 4 + got.readInt32BE(0)) return;
      socket.destroy();
      resolve(got.subarray(4));
    });
    socket.write(bytes);
  });
}

/** Which partitions each address leads, once every broker of the bootstrap list knows a leader for all: Metadata 1. */
async function leaders(): Promise<Map<string, number[]>> {
  for (let tries = 0; tries < 200; tries++) {
    const answers = [];
    for (const address of bootstrap.split(','))
      answers.push(readLeaders(await ask(address, request(3, 1, new Bytes().int32(1).string(topic).done()))));
    const [found] = answers;
    if (found !== undefined && found !== null && !answers.includes(null)) return found;
    await until(0.1);
  }
  throw new Error(`${topic} has no leaders`);
}

/** null: not all partitions have a leader that this broker knows. */
function readLeaders(b: Buffer): Map<string, number[]> | null {
  let at = 4;
  const int8 = () => b.readInt8((at += 1) - 1);
  const int16 = () => b.readInt16BE((at += 2) - 2);
  const int32 = () => b.readInt32BE((at += 4) - 4);
  const string = () => {
    const length = int16();
    at += Math.max(length, 0);
    return b.toString('utf8', at - Math.max(length, 0), at);
  };
  const brokers = new Map<number, string>();
  for (let n = int32(); n > 0; n--) {
    const id = int32();
    const host = string();
    brokers.set(id, `${host}:${int32()}`);
    string();
  }
  int32();
  const found = new Map<string, number[]>();
  let complete = true;
  for (let n = int32(); n > 0; n--) {
    complete &&= int16() === 0;
    string();
    int8();
    for (let p = int32(); p > 0; p--) {
      const error = int16();
      const partition = int32();
      const address = brokers.get(int32());
      for (let list = 0; list < 2; list++) for (let i = int32(); i > 0; i--) int32();
      if (error !== 0 || address === undefined) complete = false;
      else found.set(address, [...(found.get(address) ?? []), partition]);
    }
  }
  return complete && found.size > 0 ? found : null;
}

class Producer {
  private readonly socket: Socket;
  private readonly bytes: Buffer;
  private readonly partitions: number;
  private readonly records: number;
  private readonly answer: number;
  private readonly first: number;
  private held: Buffer = Buffer.alloc(0);
  private sent: number[] = [];
  done = 0;
  latencies: number[] = [];

  constructor(address: string, partitions: number[], data: Buffer, count: number) {
    this.socket = open(address);
    const body = new Bytes()
      .int16(-1)
      .int16(Number(values.acks))
      .int32(30_000)
      .int32(1)
      .string(topic)
      .int32(partitions.length);
    for (const p of partitions) body.int32(p).int32(data.length).raw(data);
    this.bytes = request(0, 3, body.done());
    this.partitions = partitions.length;
    this.records = count * partitions.length;
    this.first = 4 + 4 + 4 + 2 + topic.length + 4;
    this.answer = this.first + partitions.length * 22 + 4;
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.socket.on('close', () => {
      throw new Error(`${address} closed the connection`);
    });
    for (let i = 0; i < Number(values.inflight); i++) this.send();
  }

  private send(): void {
    this.sent.push(performance.now());
    this.socket.write(this.bytes);
  }

  private receive(chunk: Buffer): void {
    let got = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    while (got.length >= this.answer) {
      for (let p = 0; p < this.partitions; p++) {
        const error = got.readInt16BE(this.first + p * 22 + 4);
        if (error !== 0) throw new Error(`produce: error ${error}`);
      }
      got = got.subarray(this.answer);
      this.latencies.push(performance.now() - this.sent.shift()!);
      this.done += this.records;
      this.send();
    }
    this.held = got;
  }
}

async function produce(): Promise<object> {
  const { data, count } = buildBatch(Number(values.batch), Number(values.record));
  const producers = [...(await leaders())].map(
    ([address, partitions]) => new Producer(address, partitions, data, count),
  );
  await until(Number(values.warmup));
  for (const p of producers) {
    p.done = 0;
    p.latencies = [];
  }
  const begin = performance.now();
  process.stderr.write('measure\n');
  await until(Number(values.seconds));
  const seconds = (performance.now() - begin) / 1000;
  const records = producers.reduce((sum, p) => sum + p.done, 0);
  const latencies = producers.flatMap((p) => p.latencies).sort((a, b) => a - b);
  const megabytes = (records * Number(values.record)) / 1e6;
  return {
    MBps: Math.round((megabytes / seconds) * 10) / 10,
    megabytes,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}

class Reader {
  private readonly socket: Socket;
  private readonly offsets: Map<number, number>;
  private parts: Buffer[] = [];
  private length = 0;
  total = 0;
  lastData = performance.now();
  idle = 0;

  constructor(address: string, partitions: number[]) {
    this.socket = open(address);
    this.offsets = new Map(partitions.map((p) => [p, 0]));
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.ask();
  }

  private ask(): void {
    const body = new Bytes()
      .int32(-1)
      .int32(200)
      .int32(1)
      .int32(50 << 20)
      .int8(0)
      .int32(1)
      .string(topic)
      .int32(this.offsets.size);
    for (const [p, offset] of this.offsets)
      body
        .int32(p)
        .int64(offset)
        .int32(1 << 20);
    this.socket.write(request(1, 4, body.done()));
  }

  private receive(chunk: Buffer): void {
    this.parts.push(chunk);
    this.length += chunk.length;
    const [head] = this.parts;
    if (this.length < 4 || head!.length < 4 || this.length < 4 + head!.readInt32BE(0)) return;
    const b = this.parts.length === 1 ? head! : Buffer.concat(this.parts);
    this.parts = [];
    this.length = 0;
    this.read(b);
    this.ask();
  }

  private read(b: Buffer): void {
    let at = 4 + 4 + 4 + 4;
    at += 2 + b.readInt16BE(at);
    let got = 0;
    const partitions = b.readInt32BE(at);
    at += 4;
    for (let n = 0; n < partitions; n++) {
      const partition = b.readInt32BE(at);
      const error = b.readInt16BE(at + 4);
      if (error !== 0) throw new Error(`fetch: error ${error}`);
      at += 22 + 4 + Math.max(0, b.readInt32BE(at + 22)) * 16;
      const end = at + 4 + Math.max(0, b.readInt32BE(at));
      at += 4;
      while (at + 61 <= end) {
        const size = 12 + b.readInt32BE(at + 8);
        if (at + size > end) break;
        this.offsets.set(partition, Number(b.readBigInt64BE(at)) + b.readInt32BE(at + 23) + 1);
        got += size;
        at += size;
      }
      at = end;
    }
    this.total += got;
    this.idle = got > 0 ? 0 : this.idle + 1;
    if (got > 0) this.lastData = performance.now();
  }
}

async function consume(): Promise<object> {
  const found = await leaders();
  const begin = performance.now();
  process.stderr.write('measure\n');
  const readers = [...found].map(([address, partitions]) => new Reader(address, partitions));
  while (performance.now() - begin < Number(values.seconds) * 1000 && readers.some((r) => r.idle < 2))
    await until(0.05);
  const megabytes = readers.reduce((sum, r) => sum + r.total, 0) / 1e6;
  const seconds = Math.max(1e-3, (Math.max(...readers.map((r) => r.lastData)) - begin) / 1000);
  return { MBps: Math.round((megabytes / seconds) * 10) / 10, megabytes };
}

const cpu = process.cpuUsage();
const result = await (what === 'produce' ? produce() : consume());
const own = process.cpuUsage(cpu);
process.stdout.write(JSON.stringify({ ...result, loadCpuSeconds: (own.user + own.system) / 1e6 }) + '\n');
process.exit(0);
