/** Reads and writes of 1 KB by ten sessions with 40 requests open each, spread over the servers: the lean load, and Apache's Java client. */
import { join } from 'node:path';
import { classPath, root } from '../interop/support/install.ts';
import { runJava, runLean, type Load, type Reading } from './run-load.ts';

const SESSIONS = '10';
const WINDOW = '40';
const BYTES = '1000';

export interface ZooKeeperLoadOptions {
  readonly reads: readonly number[];
  readonly seconds: string;
  /** Java machines compile for a few seconds before they are as fast as they get. */
  readonly warmup: string;
  readonly java: boolean;
}

const read: Reading = (out, cpu) => {
  const { perSecond, done, p99Ms } = JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, number>;
  return { throughput: perSecond!, p99Ms: p99Ms!, cpu: (cpu * 1e6) / done! };
};

export function zookeeperLoads({ reads, seconds, warmup, java }: ZooKeeperLoadOptions): Load[] {
  const units = { unit: 'requests/s', cpuUnit: 'µs a request' };
  return reads.map((percent) => {
    const name = percent === 0 ? 'writes of 1 KB' : `${percent} % reads of 1 KB`;
    if (java) {
      const main = join(root, 'bench/loads/java/ZooKeeperLoad.java');
      const order = [SESSIONS, WINDOW, BYTES, String(percent), seconds, warmup];
      return {
        ...units,
        name: `Apache's client, ${name}`,
        run: (side) =>
          runJava(side, ['-cp', classPath('zookeeper-3.9.5'), main, side.address, ...order], read),
      };
    }
    const load = ['--sessions', SESSIONS, '--window', WINDOW, '--bytes', BYTES, '--reads', String(percent)];
    const time = ['--seconds', seconds, '--warmup', warmup];
    return {
      ...units,
      name,
      run: (side) => runLean(side, 'zookeeper-lean.ts', [side.address, ...load, ...time], read),
    };
  });
}
