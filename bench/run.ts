/**
 * gregor side by side with Apache: the same load on each in turn, several rounds in one run, and ratios, since absolute figures change with the
 * machine. `npm run bench -- [zookeeper|broker|cluster|start …] [--rounds 3] [--seconds 4] [--java]`.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { installAll, root } from '../interop/support/install.ts';
import { javaLoads } from './java-loads.ts';
import { cpuSeconds, median, residentMegabytes, sum } from './measure.ts';
import { kafkaSide, upSide, zookeeperSide, type Side } from './sides.ts';
import { compareStarts } from './start.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    java: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);

export interface Figures {
  readonly throughput: number;
  readonly p99Ms: number | null;
  /** µs a request (ZooKeeper) or seconds a GB (Kafka). */
  readonly cpu: number;
  readonly megabytes: number;
}

interface Load {
  readonly name: string;
  readonly unit: string;
  readonly cpuUnit: string;
  run(side: Side, round: number): Promise<Figures>;
}

/** Runs a load in a process of its own and counts what the side costs while it measures. */
async function lean(
  side: Side,
  file: string,
  args: string[],
  figures: (out: Record<string, number>, cpu: number) => Omit<Figures, 'megabytes'>,
): Promise<Figures> {
  const child = spawn(join(root, 'node_modules/.bin/tsx'), [join(root, 'bench/loads', file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  let before: number | null = null;
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    if (before === null && errors.includes('measure\n')) before = sum(side.pids.map(cpuSeconds));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0 || before === null)
    throw new Error(`${file} ${args.join(' ')} on ${side.name} ended with ${code}\n${errors}`);
  const cpu = sum(side.pids.map(cpuSeconds)) - before;
  return {
    ...figures(JSON.parse(out) as Record<string, number>, cpu),
    megabytes: sum(side.pids.map(residentMegabytes)),
  };
}

const zookeeperLoad = (reads: number): Load => ({
  name: `${reads} % reads of 1 KB`,
  unit: 'requests/s',
  cpuUnit: 'µs a request',
  run: (side) =>
    lean(
      side,
      'zookeeper-lean.ts',
      [side.address, '--reads', String(reads), '--window', '40', '--seconds', values.seconds],
      (out, cpu) => ({
        throughput: out['perSecond']!,
        p99Ms: out['p99Ms']!,
        cpu: (cpu * 1e6) / out['done']!,
      }),
    ),
});

const produceLoad = (record: number): Load => ({
  name: `acks=all, ${record} B in batches of 16 KB`,
  unit: 'MB/s',
  cpuUnit: 's a GB',
  run: (side, round) =>
    lean(
      side,
      'kafka-lean.ts',
      [
        'produce',
        side.address,
        `bench-${record}-${round}`,
        '--record',
        String(record),
        '--seconds',
        values.seconds,
      ],
      (out, cpu) => ({
        throughput: out['MBps']!,
        p99Ms: out['p99Ms']!,
        cpu: (cpu * 1000) / out['megabytes']!,
      }),
    ),
});

const consumeLoad = (record: number): Load => ({
  name: `consume what was produced in ${record} B`,
  unit: 'MB/s',
  cpuUnit: 's a GB',
  run: (side, round) =>
    lean(
      side,
      'kafka-lean.ts',
      ['consume', side.address, `bench-${record}-${round}`, '--seconds', '30'],
      (out, cpu) => ({
        throughput: out['MBps']!,
        p99Ms: null,
        cpu: (cpu * 1000) / out['megabytes']!,
      }),
    ),
});

async function compare(title: string, sides: (() => Promise<Side>)[], loads: Load[]): Promise<void> {
  const results = new Map<string, Map<string, Figures[]>>();
  const names: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const start of sides) {
      const side = await start();
      if (!names.includes(side.name)) names.push(side.name);
      try {
        for (const load of loads) {
          process.stderr.write(`${title}, round ${round + 1} of ${rounds}: ${side.name}, ${load.name}\n`);
          const perSide = results.get(load.name) ?? new Map<string, Figures[]>();
          results.set(load.name, perSide);
          perSide.set(side.name, [...(perSide.get(side.name) ?? []), await load.run(side, round)]);
        }
      } finally {
        await side.stop();
      }
    }
  }
  print(title, names, loads, results);
}

function print(
  title: string,
  names: string[],
  loads: Load[],
  results: Map<string, Map<string, Figures[]>>,
): void {
  process.stdout.write(`\n### ${title} (medians of ${rounds} rounds)\n\n`);
  for (const load of loads) {
    const perSide = results.get(load.name)!;
    const middle = (name: string, pick: (f: Figures) => number | null) =>
      median(perSide.get(name)!.map((f) => pick(f) ?? Number.NaN));
    const apaches = names.filter((name) => name.startsWith('apache'));
    const better = (pick: (f: Figures) => number | null, best: (...n: number[]) => number) =>
      best(...apaches.map((name) => middle(name, pick)));
    process.stdout.write(
      `| ${load.name} | ${load.unit} | p99 ms | CPU ${load.cpuUnit} | MB |\n| --- | --- | --- | --- | --- |\n`,
    );
    for (const name of names)
      process.stdout.write(
        `| ${name} | ${round(middle(name, (f) => f.throughput))} | ${round(middle(name, (f) => f.p99Ms))} | ${round(middle(name, (f) => f.cpu))} | ${round(middle(name, (f) => f.megabytes))} |\n`,
      );
    if (apaches.length > 0)
      for (const name of names.filter((n) => !n.startsWith('apache')))
        process.stdout.write(
          `| **${name} / better Apache** | ×${ratio(
            middle(name, (f) => f.throughput),
            better((f) => f.throughput, Math.max),
          )} | ×${ratio(
            middle(name, (f) => f.p99Ms),
            better((f) => f.p99Ms, Math.min),
          )} | ×${ratio(
            middle(name, (f) => f.cpu),
            better((f) => f.cpu, Math.min),
          )} | ×${ratio(
            middle(name, (f) => f.megabytes),
            better((f) => f.megabytes, Math.min),
          )} |\n`,
        );
    process.stdout.write('\n');
  }
}

const round = (n: number) => (Number.isNaN(n) ? '–' : n >= 100 ? String(Math.round(n)) : n.toPrecision(3));
const ratio = (a: number, b: number) => (Number.isNaN(a / b) ? '–' : (a / b).toFixed(2));

const wanted = positionals.length > 0 ? positionals : ['start', 'zookeeper', 'broker', 'cluster'];
installAll();
for (const what of wanted) {
  if (what === 'start') await compareStarts(rounds);
  else if (what === 'zookeeper')
    await compare(
      'ZooKeeper, one server',
      (['apache 3.4.14', 'gregor', 'apache 3.9.5'] as const).map((maker) => () => zookeeperSide(maker)),
      values.java ? javaLoads.zookeeper : [zookeeperLoad(100), zookeeperLoad(90), zookeeperLoad(0)],
    );
  else if (what === 'broker')
    await compare(
      'One broker',
      (['apache 2.3.0', 'gregor', 'apache 3.9.1'] as const).map((maker) => () => kafkaSide(maker, 1)),
      values.java ? javaLoads.kafka : [produceLoad(100), produceLoad(1000), consumeLoad(1000)],
    );
  else if (what === 'cluster')
    await compare(
      'Three brokers, replication factor 3',
      [
        () => kafkaSide('apache 2.3.0', 3),
        () => upSide(3),
        () => kafkaSide('gregor', 3),
        () => kafkaSide('apache 3.9.1', 3),
      ],
      values.java ? javaLoads.kafka : [produceLoad(100), produceLoad(1000), consumeLoad(1000)],
    );
  else throw new Error(`no benchmark is called ${what}; there are start, zookeeper, broker and cluster`);
}
process.exit(0);
