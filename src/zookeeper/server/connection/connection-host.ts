import type { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { Clock } from '../../../runtime/runtime.ts';
import type { Writer } from '../../../wire/writer.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import type { AuthHost } from './connection-auth.ts';
import type { ZooKeeperConfig } from '../config/config.ts';
import type { ClientConnection } from './connection.ts';
import type { Reads } from './reads.ts';
import type { Request } from '../pipeline/request.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';
import type { SessionTracker, TrackedSession } from '../sessions/session-tracker.ts';
import type { Stats } from '../metrics/stats.ts';
import type { FourLetterWord } from '../admin/words.ts';

/** What a client's connection needs of its server. */
export interface ConnectionHost extends AuthHost {
  readonly clock: Clock;
  readonly warnings: RareWarnings;
  readonly config: ZooKeeperConfig;
  readonly tree: DataTree;
  readonly reads: Reads;
  readonly sessions: SessionTracker<ClientConnection>;
  readonly stats: Stats;
  readonly metrics: ServerMetrics;
  /** Puts a write into the pipeline. */
  submit(request: Request): void;
  /** A session of its own, from now on alive; its createSession is the caller's to submit. */
  newSession(
    timeoutMs: number,
    connection: ClientConnection,
    nowMs: number,
  ): TrackedSession<ClientConnection>;
  /** Whether it serves without a quorum: then those only who asked for no more, and no writes. */
  readonly isReadOnly: boolean;
  /** Whether `sync` waits for others: then it goes the way of writes. */
  readonly syncsByWrites: boolean;
  /** A client comes back to a session. Calls `then`, maybe later, with the session, which is the connection's now, or null: it is over. */
  reopen(
    connection: ClientConnection,
    sessionId: bigint,
    timeoutMs: number,
    then: (session: TrackedSession<ClientConnection> | null) => void,
  ): void;
  /** Something to write into until `giveBack`; `flush` is called at the end of the commits that are being applied. */
  takeWriter(connection: ClientConnection): Writer;
  giveBack(writer: Writer): void;
  /** Called after each read of a socket: stops reading while too much is in work. */
  throttle(connection: ClientConnection): void;
  /** A four-letter word came, with what stood right behind it: answer it and close. */
  word(connection: ClientConnection, word: FourLetterWord, argument: Buffer): void;
  /** The connection is gone. */
  forget(connection: ClientConnection): void;
}
