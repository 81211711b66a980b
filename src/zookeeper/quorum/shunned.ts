import type { Clock, Log } from '../../runtime/runtime.ts';

/** So long a server with another cluster's data isn't followed. */
const SHUN_MS = 60_000;

/** Servers with another cluster's data, which aren't heard or followed for a while. */
export class Shunned {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly dataDir: string;
  private readonly tillMs = new Map<number, number>();

  constructor(clock: Clock, log: Log, dataDir: string) {
    this.clock = clock;
    this.log = log;
    this.dataDir = dataDir;
  }

  add(id: number, evidence: string): void {
    this.tillMs.set(id, this.clock.monotonicMs() + SHUN_MS);
    this.log.error(
      `server ${id}, which was elected, and this one have the data of two clusters: ${evidence}. Stop the one that ` +
        `is wrong, move version-2 out of its dataDir and dataLogDir, and start it: it then syncs from the others. Here that is ${this.dataDir}. ` +
        `Server ${id} isn't followed for ${SHUN_MS / 1000} s`,
      { leader: id },
    );
  }

  has(id: number): boolean {
    return this.clock.monotonicMs() < (this.tillMs.get(id) ?? 0);
  }
}
