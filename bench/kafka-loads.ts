/** Produce and consume: the lean loads, and Apache's own performance tools, which on a small machine take more CPU than the servers. */
import { classPath } from '../interop/support/install.ts';
import { runJava, runLean, type Load } from './run-load.ts';

/** In seconds. */
interface LeanTimes {
  readonly seconds: string;
  readonly warmup: string;
}

const units = { unit: 'MB/s', cpuUnit: 's a GB' };

const produce = (record: number, { seconds, warmup }: LeanTimes): Load => ({
  ...units,
  name: `acks=all, ${record} B in batches of 16 KB`,
  run: (side, round) =>
    runLean(
      side,
      'kafka-lean.ts',
      [
        'produce',
        side.address,
        `bench-${record}-${round}`,
        '--record',
        String(record),
        '--seconds',
        seconds,
        '--warmup',
        warmup,
      ],
      (out, cpu) => {
        const { MBps, p99Ms, megabytes } = JSON.parse(out) as Record<string, number>;
        return { throughput: MBps!, p99Ms: p99Ms!, cpu: (cpu * 1000) / megabytes! };
      },
    ),
});

const consume = (record: number): Load => ({
  ...units,
  name: `consume what was produced in ${record} B`,
  run: (side, round) =>
    runLean(
      side,
      'kafka-lean.ts',
      ['consume', side.address, `bench-${record}-${round}`, '--seconds', '30'],
      (out, cpu) => {
        const { MBps, megabytes } = JSON.parse(out) as Record<string, number>;
        return { throughput: MBps!, p99Ms: null, cpu: (cpu * 1000) / megabytes! };
      },
    ),
});

const javaRecords = 400_000;

const javaProducer = (bytes: number): Load => ({
  ...units,
  name: `Apache's producer, acks=all, ${bytes} B`,
  run: (side, round) =>
    runJava(
      side,
      [
        '-cp',
        classPath('kafka-3.9.1'),
        'org.apache.kafka.tools.ProducerPerformance',
        '--topic',
        `java-${bytes}-${round}`,
        '--num-records',
        String(javaRecords),
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
          cpu: (cpu * 1e9) / (javaRecords * bytes),
        };
      },
    ),
});

const javaConsumer = (bytes: number): Load => ({
  ...units,
  name: `Apache's consumer, ${bytes} B`,
  run: (side, round) =>
    runJava(
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
        String(javaRecords),
        '--group',
        `readers-${bytes}-${round}`,
        '--hide-header',
      ],
      (out, cpu) => ({
        throughput: Number(out.trim().split('\n').at(-1)!.split(',')[8]) * 1.048576,
        p99Ms: null,
        cpu: (cpu * 1e9) / (javaRecords * bytes),
      }),
    ),
});

export function kafkaLoads(options: LeanTimes & { readonly java: boolean }): Load[] {
  if (options.java) return [javaProducer(100), javaProducer(1000), javaConsumer(1000)];
  return [produce(100, options), produce(1000, options), consume(1000)];
}
