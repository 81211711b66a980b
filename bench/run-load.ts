/** Runs a load in a process of its own and counts what the servers cost while it measures. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../interop/support/install.ts';
import { cpuSeconds, residentMegabytes, sum } from './measure.ts';
import type { Side } from './sides.ts';

export interface Figures {
  readonly throughput: number;
  readonly p99Ms: number | null;
  /** µs a request (ZooKeeper) or seconds a GB (Kafka). */
  readonly cpu: number;
  readonly megabytes: number;
}

export interface Load {
  readonly name: string;
  readonly unit: string;
  readonly cpuUnit: string;
  run(side: Side, round: number): Promise<Figures>;
}

/** What a load printed, with the CPU seconds that the side used meanwhile. */
export type Reading = (out: string, cpuSeconds: number) => Omit<Figures, 'megabytes'>;

/** No load takes longer than this. */
const PATIENCE_MS = 180_000;

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A load of ours in TypeScript; `file` is below bench/loads. */
export const runLean = (side: Side, file: string, args: string[], read: Reading): Promise<Figures> =>
  runLoad(side, join(root, 'node_modules/.bin/tsx'), [join(root, 'bench/loads', file), ...args], read);

/** One that runs on Java. */
export const runJava = (side: Side, args: string[], read: Reading): Promise<Figures> =>
  runLoad(side, 'java', ['-Xmx512m', ...args], read);

/** A load that warms up says `measure` on standard error when it begins to count. */
async function runLoad(side: Side, command: string, args: string[], read: Reading): Promise<Figures> {
  const cpu = () => sum(side.pids.map(cpuSeconds));
  let before = cpu();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    if (chunk.includes('measure\n')) before = cpu();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  children.delete(child);
  if (code !== 0) throw new Error(`${args.join(' ')} on ${side.name} ended with ${code}\n${errors}`);
  return { ...read(out, cpu() - before), megabytes: sum(side.pids.map(residentMegabytes)) };
}
