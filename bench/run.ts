/**
 * gregor side by side with Apache: the same load on each in turn, several rounds in one run, and ratios, since absolute figures change with the
 * machine. bench/README.md tells what there is.
 */
import { parseArgs } from 'node:util';
import { installAll } from '../interop/support/install.ts';
import { compare, type Contender } from './compare.ts';
import { kafkaLoads } from './kafka-loads.ts';
import { kafkaSide, upSide } from './sides.ts';
import { compareMemory } from './memory.ts';
import { compareStarts } from './start.ts';
import { zookeeperLoads } from './zookeeper-loads.ts';
import { zookeeperSide } from './zookeeper-side.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    /** Of measuring, and of warming up before, for each load. */
    seconds: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '4' },
    /** With Apache's clients as load. */
    java: { type: 'boolean', default: false },
    /** Of ensembles. */
    servers: { type: 'string', default: '3,5' },
    /** Percent of reads. */
    reads: { type: 'string', default: '100,90,0' },
    /** For the memory that they take. */
    znodes: { type: 'string', default: '1000000' },
    /** Contenders, by parts of their names: `gregor,3.9`. */
    only: { type: 'string', default: '' },
  },
});
const numbers = (list: string) => list.split(',').map(Number);
const rounds = Number(values.rounds);
const only = values.only.split(',');

const zookeepers = (servers: number): Contender[] =>
  (['apache 3.4.14', 'gregor', 'apache 3.9.5'] as const).map((name) => ({
    name,
    start: () => zookeeperSide(name, servers),
  }));
const brokers = (count: number): Contender[] =>
  (['apache 2.3.0', 'gregor', 'apache 3.9.1'] as const).map((name) => ({
    name,
    start: () => kafkaSide(name, count),
  }));

const inTurn = (title: string, contenders: Contender[], loads: Parameters<typeof compare>[2]) =>
  compare(
    title,
    contenders.filter(({ name }) => only.some((part) => name.includes(part))),
    loads,
    rounds,
  );

const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  start: () => compareStarts(rounds),
  zookeeper: () => inTurn('ZooKeeper, one server', zookeepers(1), ofZooKeeper()),
  broker: () => inTurn('One broker', brokers(1), kafkaLoads(values)),
  cluster: () => {
    const [first, ...others] = brokers(3);
    const up = { name: 'gregor up', start: () => upSide(3) };
    return inTurn('Three brokers, replication factor 3', [first!, up, ...others], kafkaLoads(values));
  },
  ensemble: async () => {
    for (const servers of numbers(values.servers))
      await inTurn(`ZooKeeper, ensemble of ${servers}`, zookeepers(servers), ofZooKeeper());
  },
  memory: () =>
    compareMemory(
      (['apache 3.9.5', 'gregor'] as const).filter((name) => only.some((part) => name.includes(part))),
      Number(values.znodes),
    ),
};

function ofZooKeeper() {
  return zookeeperLoads({ ...values, reads: numbers(values.reads) });
}

const wanted = positionals.length > 0 ? positionals : Object.keys(benchmarks);
for (const what of wanted)
  if (benchmarks[what] === undefined) {
    process.stderr.write(`no benchmark is called ${what}; there are ${Object.keys(benchmarks).join(', ')}\n`);
    process.exit(2);
  }
installAll();
for (const what of wanted) await benchmarks[what]!();
process.exit(0);
