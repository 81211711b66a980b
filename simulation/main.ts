/**
 * `npm run simulate -- --seed 7 --count 100`: that many stories, from that seed on. A seed that breaks a promise is printed with what was broken and
 * how to run it again; `zookeeper` in front of the options is about an ensemble of ZooKeeper servers alone. `--trace` writes everything that happened in it to standard error.
 */
import { parseArgs } from 'node:util';
import { runStory } from './durability.ts';
import { runEnsembleStory } from './zookeeper.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10' },
    faults: { type: 'string', default: '30' },
    trace: { type: 'boolean', default: false },
  },
});

const [subject = 'cluster'] = positionals;
const run = subject === 'zookeeper' ? runEnsembleStory : runStory;
const first = Number(values.seed);
const count = Number(values.count);
let failed = 0;
let acknowledged = 0;
for (let seed = first; seed < first + count; seed++) {
  const begin = performance.now();
  const outcome = await run({
    seed,
    faultsMs: Number(values.faults) * 1000,
    ...(values.trace ? { onTrace: (line: string) => process.stderr.write(`${line}\n`) } : {}),
  });
  acknowledged += outcome.acknowledged;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(
    `seed ${seed}: ${outcome.acknowledged} ${subject === 'zookeeper' ? 'writes' : 'records'} acknowledged in ${(outcome.virtualMs / 1000).toFixed(0)} s of its time, ${seconds} s of ours, trace ${outcome.traceHash}\n`,
  );
  if (outcome.broken.length > 0) {
    failed += 1;
    for (const sentence of outcome.broken) process.stdout.write(`  BROKEN: ${sentence}\n`);
    process.stdout.write(
      `  again: npm run simulate -- ${subject} --seed ${seed} --count 1 --faults ${values.faults} --trace\n`,
    );
  }
}
process.stdout.write(`${acknowledged} acknowledged\n${count - failed} passed, ${failed} failed\n`);
process.exit(failed > 0 ? 1 : 0);
