/**
 * `npm run simulate -- --seed 7 --count 100`: that many stories, from that seed on. A seed that breaks a promise is printed with what was broken and
 * how to run it again; `zookeeper` in front of the options is about an ensemble of ZooKeeper servers alone. `--jobs 2` shares the seeds
 * among processes. `--trace` writes everything that happened to standard error.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { tell, type Outcome, type Subject } from './subjects.ts';
import type { Answer, Order } from './worker.ts';

/** So many stories a process tells before it gets more; and before it is replaced by a fresh one. */
const ORDER_STORIES = 20;
const PROCESS_STORIES = 4000;
const PROGRESS_MS = 5000;
/** With more stories than these only failures and the progress are told. */
const MOST_TOLD = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10' },
    faults: { type: 'string', default: '30' },
    jobs: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});

const subject: Subject = positionals[0] === 'zookeeper' ? 'zookeeper' : 'cluster';
const first = Number(values.seed);
const count = Number(values.count);
const end = first + count;
const faultsSeconds = Number(values.faults);
const begunAt = performance.now();
let done = 0;
let acknowledged = 0;
const failed: number[] = [];

function told(seed: number, { broken, acknowledged: count, virtualMs, traceHash }: Outcome): void {
  done += 1;
  acknowledged += count;
  if (broken.length > 0 || end - first <= MOST_TOLD) {
    const what = subject === 'zookeeper' ? 'writes' : 'records';
    process.stdout.write(
      `seed ${seed}: ${count} ${what} acknowledged in ${(virtualMs / 1000).toFixed(1)} s of its time, trace ${traceHash}\n`,
    );
  }
  if (broken.length === 0) return;
  failed.push(seed);
  for (const sentence of broken) process.stdout.write(`  BROKEN: ${sentence}\n`);
  const faults = subject === 'zookeeper' ? '' : ` --faults ${faultsSeconds}`;
  process.stdout.write(`  again: npm run simulate -- ${subject} --seed ${seed} --count 1${faults} --trace\n`);
}

function progress(): void {
  const seconds = (performance.now() - begunAt) / 1000;
  process.stdout.write(
    `${done} of ${count} seeds, ${(done / seconds).toFixed(1)} a second, ${failed.length} failed\n`,
  );
}

async function alone(): Promise<void> {
  const trace = values.trace ? { onTrace: (line: string) => process.stderr.write(`${line}\n`) } : {};
  for (let seed = first; seed < end; seed++)
    told(seed, await tell(subject, { seed, faultsSeconds, ...trace }));
}

async function together(jobs: number): Promise<void> {
  let next = first;
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(new URL('./worker.ts', import.meta.url));
      let ordered = 0;
      let isDone = false;
      const order = (): void => {
        if (next >= end || ordered >= PROCESS_STORIES) {
          isDone = true;
          child.disconnect();
          return;
        }
        const size = Math.min(ORDER_STORIES, end - next);
        child.send({ subject, seed: next, count: size, faultsSeconds } satisfies Order);
        next += size;
        ordered += size;
      };
      child.on('message', (answer: Answer) => {
        if (answer === null) order();
        else told(answer.seed, answer.outcome);
      });
      child.on('exit', (code) => {
        if (isDone) resolve();
        else reject(new Error(`a process that told stories ended with ${code}`));
      });
      order();
    });
  const one = (): Promise<void> => (next < end ? work().then(one) : Promise.resolve());
  await Promise.all(Array.from({ length: jobs }, one));
}

const timer = setInterval(progress, PROGRESS_MS);
const jobs = Math.max(1, Number(values.jobs));
await (jobs === 1 && count <= PROCESS_STORIES ? alone() : together(jobs));
clearInterval(timer);
if (end - first > MOST_TOLD) progress();
process.stdout.write(
  `${acknowledged} acknowledged\n${count - failed.length} passed, ${failed.length} failed\n`,
);
if (failed.length > 0) process.stdout.write(`failed: ${failed.sort((a, b) => a - b).join(' ')}\n`);
process.exit(failed.length > 0 ? 1 : 0);
