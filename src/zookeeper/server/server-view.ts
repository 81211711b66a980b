import type { Clock, Runtime } from '../../runtime/runtime.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { Authentication } from './connection/auth.ts';
import type { ZooKeeperConfig } from './config/config.ts';
import type { ClientConnection } from './connection/connection.ts';
import type { MemberView } from './member-view.ts';
import type { ServerMetrics } from './metrics/metrics.ts';
import type { ProcessFacts } from './metrics/process-facts.ts';
import type { ServerMode } from './role.ts';
import type { SessionTracker } from './sessions/session-tracker.ts';
import type { Stats } from './metrics/stats.ts';

/** What is known of a server even while it serves nobody. */
export interface ServerFacts {
  readonly runtime: Runtime;
  readonly config: ZooKeeperConfig;
  /** `os.name`, `user.dir`, …: what the shell around the server knows of its machine. */
  readonly environment: Readonly<Record<string, string>>;
  /** The text of zoo.cfg; null when the server wasn't started from a file. */
  readonly initialConfiguration: string | null;
  /** What kinds of messages Apache's server traces: to be set and read, but nothing is traced here. */
  traceMask: bigint;
}

/** What the four-letter words, the admin server and the metrics tell of a server. */
export interface ServerView extends ServerFacts {
  /** Null: it stands alone. */
  readonly member: MemberView | null;
  /** What `srvr` calls it. */
  readonly mode: ServerMode;
  readonly clock: Clock;
  readonly storage: Pick<
    ZooKeeperStorage,
    'snapshotBytes' | 'logBytes' | 'snapshot' | 'lastSnapshot' | 'slowSyncs'
  >;
  readonly tree: DataTree;
  /** As Apache counts: the root twice, by its two names. */
  readonly nodeCount: number;
  readonly authentication: Authentication;
  readonly sessions: SessionTracker<ClientConnection>;
  readonly connections: ReadonlySet<ClientConnection>;
  readonly stats: Stats;
  readonly metrics: ServerMetrics;
  readonly outstanding: number;
  /** Monotonic. */
  readonly startedAtMs: number;
  /** The port that clients reach. */
  readonly clientPort: number;
  /** -1: there is none. */
  readonly secureClientPort: number;
  /** Digest of the tree after each 128th transaction, newest last. */
  readonly digestLog: readonly { readonly zxid: number; readonly digest: bigint }[];
  /** Null: not known here. */
  processFacts(): ProcessFacts | null;
  /** `srst`: begins counting anew. */
  resetStats(): void;
}

export function hex(value: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

const opNames: Record<number, string> = {
  0: 'NA',
  1: 'CREA',
  2: 'DELE',
  3: 'EXIS',
  4: 'GETD',
  5: 'SETD',
  6: 'GETA',
  7: 'SETA',
  8: 'GETC',
  9: 'SYNC',
  11: 'PING',
  12: 'GETC',
  13: 'CHEC',
  14: 'MULT',
  15: 'CREA',
  16: 'RECO',
  17: 'CHEW',
  18: 'REMW',
  19: 'CREC',
  21: 'CRET',
  22: 'MULR',
  101: 'SETW',
  103: 'GETE',
  104: 'GETN',
  105: 'SETW',
  106: 'ADDW',
  107: 'WHOA',
  [-10]: 'SESS',
  [-11]: 'CLOS',
};

/** What `cons` calls a connection's last operation. */
export function shortOpName(op: number): string {
  return opNames[op] ?? 'UNKN';
}
