import type { Runtime } from '../../runtime/runtime.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { Transaction } from '../tree/transaction.ts';

export interface StorageConfig {
  /** Snapshots go to `dataDir/version-2`. */
  readonly dataDir: string;
  /** The log goes to `dataLogDir/version-2`; usually the same folder. */
  readonly dataLogDir: string;
  /** Bytes by which the log grows at once (preAllocSize is given in KiB). */
  readonly preAllocBytes: number;
  /** Transactions between snapshots, more or less: half of it and a random part of the other half. */
  readonly snapCount: number;
  /** Bytes of log between snapshots (snapSizeLimitInKb); 0: no such limit. */
  readonly snapSizeLimitBytes: number;
  readonly snapshotCompression: 'none' | 'gz' | 'snappy';
  /** Accept a log without any snapshot, as 3.4 left it. */
  readonly trustEmptySnapshot: boolean;
  /** false: answer before the disk has it (forceSync=no). */
  readonly forceSync: boolean;
  /** Warn when a sync takes longer. */
  readonly fsyncWarningThresholdMs: number;
}

/** What is on disk: transaction log, snapshots, epochs. Apache's formats, readable by 3.4 and 3.9. */
export declare class ZooKeeperStorage {
  /** Reads what is there (newest valid snapshot, then the log after it), or begins anew. Throws a StorageError: a file, a place, what to do. */
  static open(runtime: Runtime, config: StorageConfig): ZooKeeperStorage;
  /** As of the last transaction in the log. */
  readonly tree: DataTree;
  readonly lastZxid: number;

  /** Encodes and gathers; nothing is written before `flush`. Transactions come in the order of their zxids. */
  append(transaction: Transaction): void;
  /** Writes what was gathered, in one write. Rolls the log when it is time. */
  flush(): void;
  /** `flush`, and resolves when all that was appended before is on the disk. Calls that wait share one fdatasync. A rejection is final: end the server. */
  sync(): Promise<void>;
  /** The zxid up to which the disk has everything. */
  readonly syncedZxid: number;

  /** Call after applying transactions: begins a snapshot in the background when enough was logged since the last. */
  maybeSnapshot(): void;
  /** Writes a snapshot in slices between requests. Resolves when it is on the disk. */
  snapshot(): Promise<void>;
  readonly snapshotInProgress: boolean;

  /** Removes all but the `retain` newest snapshots and the logs that none of those needs (autopurge). */
  purge(retain: number): string[];
  /** Bytes of all snapshots and logs (the dirs word). */
  readonly snapshotBytes: number;
  readonly logBytes: number;

  acceptedEpoch(): number;
  currentEpoch(): number;
  setAcceptedEpoch(epoch: number): Promise<void>;
  setCurrentEpoch(epoch: number): Promise<void>;

  /** Flushes, syncs, closes. */
  close(): Promise<void>;
}
