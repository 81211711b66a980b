import type { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { Connection } from '../../../runtime/runtime.ts';

const MAX_STRANGERS = 64;

/**
 * Connections to a port between servers that haven't said yet whose they are. They are few: when there is one too many, the address that
 * has most of them loses its oldest one. So those who hold many and say nothing don't keep out a server, which says who it is at once.
 */
export class Strangers {
  private readonly portName: string;
  private readonly warnings: RareWarnings;
  private readonly waiting = new Set<Connection>();
  private readonly dropped: () => void;

  /** `dropped`: called for each that had to go. */
  constructor(portName: string, warnings: RareWarnings, dropped: () => void) {
    this.portName = portName;
    this.warnings = warnings;
    this.dropped = dropped;
  }

  add(connection: Connection): void {
    this.waiting.add(connection);
    if (this.waiting.size <= MAX_STRANGERS) return;
    const victim = this.oldestOfTheMost();
    this.waiting.delete(victim);
    this.dropped();
    this.warnings.warn(
      'strangers',
      `closed a connection of ${victim.remote.host} to the ${this.portName} port: more than ${MAX_STRANGERS} haven't said yet which server they are`,
    );
    victim.destroy();
  }

  /** It said who it is, or is gone. */
  remove(connection: Connection): void {
    this.waiting.delete(connection);
  }

  private oldestOfTheMost(): Connection {
    const byHost = new Map<string, Connection[]>();
    for (const connection of this.waiting) {
      const { host } = connection.remote;
      const ofHost = byHost.get(host);
      if (ofHost === undefined) byHost.set(host, [connection]);
      else ofHost.push(connection);
    }
    return [...byHost.values()].reduce((most, one) => (one.length > most.length ? one : most))[0]!;
  }
}
