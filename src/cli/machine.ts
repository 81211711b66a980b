import { readdirSync, readFileSync } from 'node:fs';
import { arch, freemem, homedir, platform, release, tmpdir, totalmem, userInfo } from 'node:os';
import type { ProcessFacts } from '../zookeeper/server/metrics/process-facts.ts';

/** The machine as `envi` tells it, under the names that Java has. */
export function environment(): Record<string, string> {
  const megabytes = (bytes: number): string => `${Math.floor(bytes / (1024 * 1024))}MB`;
  return {
    'java.io.tmpdir': tmpdir(),
    'os.name': platform() === 'linux' ? 'Linux' : platform(),
    'os.arch': arch() === 'x64' ? 'amd64' : arch(),
    'os.version': release(),
    'user.name': userInfo().username,
    'user.home': homedir(),
    'user.dir': process.cwd(),
    'os.memory.free': megabytes(freemem()),
    'os.memory.max': megabytes(totalmem()),
    'os.memory.total': megabytes(process.memoryUsage().rss),
  };
}

/** This process as the kernel sees it; null where there is no /proc. */
export function processFacts(): ProcessFacts | null {
  try {
    const cpu = process.cpuUsage();
    const [virtualPages = '0'] = readFileSync('/proc/self/statm', 'utf8').split(' ');
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return {
      openFiles: readdirSync('/proc/self/fd').length,
      maxFiles: limit === null ? -1 : Number(limit[1]),
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      startedAtSeconds: (Date.now() - performance.now()) / 1000,
      virtualBytes: Number(virtualPages) * PAGE_BYTES,
      residentBytes: process.memoryUsage().rss,
    };
  } catch {
    return null;
  }
}

const PAGE_BYTES = 4096;
