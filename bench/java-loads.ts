/** The loads by Apache's own Java clients, as users have them. On a small machine these take more CPU than the servers. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { classPath, root } from '../interop/support/install.ts';
import { cpuSeconds, residentMegabytes, sum } from './measure.ts';
import type { Side } from './sides.ts';

interface Outcome {
  readonly throughput: number;
  readonly p99Ms: number | null;
  readonly cpu: number;
  readonly megabytes: number;
}

async function java(
  side: Side,
  args: string[],
  outcome: (out: string, cpuSecondsUsed: number) => Omit<Outcome, 'megabytes'>,
): Promise<Outcome> {
  const before = sum(side.pids.map(cpuSeconds));
  const child = spawn('java', ['-Xmx512m', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  let measured = before;
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    if (chunk.includes('measure\n')) measured = sum(side.pids.map(cpuSeconds));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`java ${args.join(' ')} on ${side.name} ended with ${code}\n${errors}`);
  const used = sum(side.pids.map(cpuSeconds)) - measured;
  return { ...outcome(out, used), megabytes: sum(side.pids.map(residentMegabytes)) };
}

const zookeeper = (reads: number) => ({
  name: `Apache's client, ${reads} % reads of 1 KB`,
  unit: 'requests/s',
  cpuUnit: 'µs a request',
  run: (side: Side) =>
    java(
      side,
      [
        '-cp',
        classPath('zookeeper-3.9.5'),
        join(root, 'bench/loads/java/ZooKeeperLoad.java'),
        side.address,
        '10',
        '40',
        '1000',
        String(reads),
        '5',
      ],
      (out, cpu) => {
        const result = JSON.parse(out.trim().split('\n').at(-1)!) as {
          perSecond: number;
          done: number;
          p99Ms: number;
        };
        return { throughput: result.perSecond, p99Ms: result.p99Ms, cpu: (cpu * 1e6) / result.done };
      },
    ),
});

const records = 400_000;

const producer = (bytes: number) => ({
  name: `Apache's producer, acks=all, ${bytes} B`,
  unit: 'MB/s',
  cpuUnit: 's a GB',
  run: (side: Side, round: number) =>
    java(
      side,
      [
        '-cp',
        classPath('kafka-3.9.1'),
        'org.apache.kafka.tools.ProducerPerformance',
        '--topic',
        `java-${bytes}-${round}`,
        '--num-records',
        String(records),
        '--record-size',
        String(bytes),
        '--throughput',
        '-1',
        '--producer-props',
        `bootstrap.servers=${side.address}`,
        'acks=all',
      ],
      (out, cpu) => {
        const last = out.trim().split('\n').at(-1)!;
        return {
          throughput: Number(/([\d.]+) records\/sec/.exec(last)![1]) * (bytes / 1e6),
          p99Ms: Number(/([\d.]+) ms 99th/.exec(last)![1]),
          cpu: (cpu * 1e9) / (records * bytes),
        };
      },
    ),
});

const consumer = (bytes: number) => ({
  name: `Apache's consumer, ${bytes} B`,
  unit: 'MB/s',
  cpuUnit: 's a GB',
  run: (side: Side, round: number) =>
    java(
      side,
      [
        '-cp',
        classPath('kafka-3.9.1'),
        'org.apache.kafka.tools.ConsumerPerformance',
        '--bootstrap-server',
        side.address,
        '--topic',
        `java-${bytes}-${round}`,
        '--messages',
        String(records),
        '--group',
        `readers-${bytes}-${round}`,
        '--hide-header',
      ],
      (out, cpu) => ({
        throughput: Number(out.trim().split('\n').at(-1)!.split(',')[8]) * 1.048576,
        p99Ms: null,
        cpu: (cpu * 1e9) / (records * bytes),
      }),
    ),
});

export const javaLoads = {
  zookeeper: [zookeeper(100), zookeeper(90), zookeeper(0)],
  kafka: [producer(100), producer(1000), consumer(1000)],
};
