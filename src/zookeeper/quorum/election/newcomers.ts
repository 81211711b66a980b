import { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { Connection, ConnectionHandler, Runtime } from '../../../runtime/runtime.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { MemberStats } from '../../server/metrics/member-stats.ts';
import { Strangers } from '../network/strangers.ts';
import { decodeInitial, type Initial } from './messages.ts';

/** Connections to the election port until they have said who they are. Who doesn't say so in time, or says nonsense, is cut off. */
export class Newcomers {
  private readonly runtime: Runtime;
  private readonly warnings: RareWarnings;
  private readonly strangers: Strangers;
  private readonly stats: MemberStats;
  private readonly silenceMs: number;
  private readonly introduced: (connection: Connection, initial: Initial) => ConnectionHandler | null;
  private readonly open = new Set<Connection>();
  private isStopped = false;

  /** `introduced`: who hears what a connection says from now on; null when it isn't kept. */
  constructor(
    runtime: Runtime,
    stats: MemberStats,
    silenceMs: number,
    introduced: (connection: Connection, initial: Initial) => ConnectionHandler | null,
  ) {
    this.runtime = runtime;
    this.stats = stats;
    this.silenceMs = silenceMs;
    this.introduced = introduced;
    this.warnings = new RareWarnings(runtime.log, runtime.clock);
    this.strangers = new Strangers('election', this.warnings, () => (stats.electionConnectionsDropped += 1));
  }

  accept(connection: Connection): void {
    if (this.isStopped) {
      connection.destroy();
      return;
    }
    this.open.add(connection);
    let gathered = Buffer.alloc(0);
    let handler: ConnectionHandler | null = null;
    const silence = this.runtime.clock.after(this.silenceMs, () => {
      this.stats.electionConnectionsDropped += 1;
      connection.destroy();
    });
    const known = (): void => {
      silence.cancel();
      this.strangers.remove(connection);
    };
    connection.start({
      data: (bytes) => {
        if (handler !== null) {
          handler.data(bytes);
          return;
        }
        gathered = Buffer.concat([gathered, bytes]);
        try {
          const initial = decodeInitial(gathered);
          if (initial === null) return;
          known();
          handler = this.introduced(connection, initial);
          if (gathered.length > initial.bytes) handler?.data(gathered.subarray(initial.bytes));
          gathered = Buffer.alloc(0);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.stats.electionMessagesMalformed += 1;
          this.warnings.warn(
            'malformed',
            `closed a connection of ${connection.remote.host} to the election port: ${error.message}`,
          );
          connection.destroy();
        }
      },
      closed: () => {
        known();
        this.open.delete(connection);
        handler?.closed();
      },
    });
    this.strangers.add(connection);
  }

  stop(): void {
    this.isStopped = true;
    for (const connection of this.open) connection.destroy();
  }
}
