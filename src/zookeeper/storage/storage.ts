import type { FileLock, Runtime } from '../../runtime/runtime.ts';
import { DataTree } from '../tree/data-tree.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { readEpoch, writeEpoch } from './epoch-file.ts';
import {
  UNFINISHED_PREFIX,
  VERSION_FOLDER,
  listLogs,
  listSnapshots,
  logsAfter,
  type SnapshotCompression,
} from './files.ts';
import { dropAfter, dropBefore, logHas } from './cut-logs.ts';
import { logSlices } from './log-slices.ts';
import { purge } from './purge.ts';
import { recover, type Recovered, type Replaying } from './recovery.ts';
import { writeSnapshot } from './snapshot-writer.ts';
import { StorageError } from './storage-error.ts';
import { TransactionLog } from './transaction-log.ts';

export interface StorageConfig {
  /** Snapshots go to `dataDir/version-2`. */
  readonly dataDir: string;
  /** The log goes to `dataLogDir/version-2`; usually the same folder. */
  readonly dataLogDir: string;
  /** The most by which the log grows ahead of what is written (preAllocSize is given in KiB). */
  readonly preAllocBytes: number;
  /** Transactions between snapshots, more or less: half of it and a random part of the other half. */
  readonly snapCount: number;
  /** Bytes of log between snapshots, more or less as above (snapSizeLimitInKb); 0 or less: no such limit. */
  readonly snapSizeLimitBytes: number;
  readonly snapshotCompression: SnapshotCompression;
  /** Accept a log without any snapshot, as 3.4 left it. */
  readonly trustEmptySnapshot: boolean;
  /** false: answer before the disk has it (forceSync=no). */
  readonly forceSync: boolean;
  /** Warn when a sync takes longer. */
  readonly fsyncWarningThresholdMs: number;
}

export interface SnapshotFile {
  readonly path: string;
  readonly zxid: number;
  readonly sizeBytes: number;
  /** Wall clock. */
  readonly modifiedMs: number;
}

/**
 * What is on disk: transaction log, snapshots, epochs. The formats are Apache's, such that 3.4 and 3.9 read what is written here.
 *
 * The way of a transaction: `append` it, `sync` (calls that wait share one disk sync), then `tree.apply` it, then `maybeSnapshot`.
 */
export class ZooKeeperStorage {
  /** As of the last transaction in the log. */
  readonly tree: DataTree;
  /** What opening found. */
  readonly recovered: Recovered;
  private readonly runtime: Runtime;
  private readonly config: StorageConfig;
  private readonly snapshotFolder: string;
  private readonly logFolder: string;
  private log: TransactionLog;
  private readonly locks: FileLock[];
  /** Since the last snapshot began. */
  private appended = 0;
  private bytesBefore = 0;
  private appendedLimit = 0;
  private bytesLimit = 0;
  private snapshotting: Promise<void> | null = null;
  private epochs: Promise<void> = Promise.resolve();
  private before: () => Promise<void> | null = () => null;

  /**
   * Reads what is there, or begins anew. Reads files to their ends before it returns.
   * Throws a StorageError, whose message is for people: a file, a place, what to do.
   */
  static open(runtime: Runtime, config: StorageConfig, replaying: Replaying = () => {}): ZooKeeperStorage {
    const folders = {
      snapshots: `${config.dataDir}/${VERSION_FOLDER}`,
      logs: `${config.dataLogDir}/${VERSION_FOLDER}`,
    };
    const { files } = runtime;
    const locks: FileLock[] = [];
    try {
      for (const folder of new Set([folders.snapshots, folders.logs])) {
        files.makeFolder(folder);
        const lock = files.lock(`${folder}/.lock`);
        if (lock === null)
          throw new StorageError(
            'FOLDER_IN_USE',
            folder,
            `another server uses ${folder}; stop it, or give this one a dataDir of its own`,
          );
        locks.push(lock);
      }
      for (const name of files.list(folders.snapshots))
        if (name.startsWith(UNFINISHED_PREFIX)) files.remove(`${folders.snapshots}/${name}`);
      const tree = new DataTree(runtime.digests);
      const recovered = recover(runtime, tree, folders, config.trustEmptySnapshot, replaying);
      return new ZooKeeperStorage(runtime, config, folders, tree, recovered, locks);
    } catch (error) {
      for (const lock of locks) lock.release();
      throw error;
    }
  }

  private constructor(
    runtime: Runtime,
    config: StorageConfig,
    folders: { snapshots: string; logs: string },
    tree: DataTree,
    recovered: Recovered,
    locks: FileLock[],
  ) {
    this.runtime = runtime;
    this.config = config;
    this.snapshotFolder = folders.snapshots;
    this.logFolder = folders.logs;
    this.tree = tree;
    this.recovered = recovered;
    this.locks = locks;
    this.log = this.openLog();
    this.appended = recovered.replayed;
    this.drawLimits();
    this.bytesBefore = -recovered.replayedBytes;
  }

  private openLog(): TransactionLog {
    const { runtime, logFolder, tree, config } = this;
    return new TransactionLog(runtime, logFolder, tree.lastZxid, config, () => this.before());
  }

  /** Nothing that is appended gets to the disk before what `before` tells has got there; it tells null when there is nothing like that. */
  writeAfter(before: () => Promise<void> | null): void {
    this.before = before;
  }

  /** Of the last transaction appended, or found at the start. */
  get lastZxid(): number {
    return Math.max(this.log.writtenZxid, this.tree.lastZxid);
  }

  /** Up to this one the disk has everything. */
  get syncedZxid(): number {
    return this.log.syncedZxid;
  }

  /** Encodes and gathers; nothing is written before `flush` or `sync`. Zxids must rise. */
  append(transaction: Transaction): void {
    this.log.append(transaction);
    this.appended++;
  }

  /** The same for a transaction that is encoded already, as a leader sends it, its digest included. */
  appendPayload(zxid: number, payload: Buffer): void {
    this.log.appendPayload(zxid, payload);
    this.appended++;
  }

  /**
   * Resolves when all that opening found is on the disk: of a process that was killed the page cache may have what the disk has not.
   * Promise nothing before; else a loss of power leaves a hole between that and what is synced from now on.
   */
  async secure(): Promise<void> {
    const { files } = this.runtime;
    for (const { path } of logsAfter(listLogs(files, this.logFolder), this.recovered.snapshot?.zxid ?? 0)) {
      const file = files.open(path, 'write');
      try {
        await file.sync();
      } finally {
        file.close();
      }
    }
    for (const folder of new Set([this.snapshotFolder, this.logFolder])) await files.syncFolder(folder);
  }

  /** Writes what was gathered, in one write. Throws: then end the server. */
  flush(): void {
    this.log.flush();
  }

  /**
   * Writes what was gathered and resolves when all of it is on the disk. Calls that wait share one sync. A rejection is final: end
   * the server, for what the disk has is unknown.
   */
  sync(): Promise<void> {
    return this.log.sync();
  }

  /** Bytes of transactions written since the start. */
  get writtenBytes(): number {
    return this.log.writtenBytes;
  }

  /** Syncs that took longer than the threshold (fsync_threshold_exceed_count). */
  get slowSyncs(): number {
    return this.log.slowSyncs;
  }

  /**
   * Call it after applying transactions: begins a snapshot in the background, and a new log file, when enough was appended since the
   * last. What goes wrong with a snapshot is logged; the log goes on without it.
   */
  maybeSnapshot(): void {
    if (this.snapshotting !== null) return;
    const bytes = this.log.writtenBytes - this.bytesBefore;
    if (this.appended <= this.appendedLimit && (this.bytesLimit <= 0 || bytes <= this.bytesLimit)) return;
    this.snapshot().catch((error: unknown) => {
      this.runtime.log.error(
        `a snapshot can't be written: ${String(error)}; the log goes on growing without it`,
        {
          folder: this.snapshotFolder,
        },
      );
    });
  }

  /** Writes a snapshot of what is applied, in slices between requests. Resolves when it is on the disk. Joins one that is under way. */
  snapshot(): Promise<void> {
    this.snapshotting ??= this.takeSnapshot().finally(() => {
      this.snapshotting = null;
    });
    return this.snapshotting;
  }

  private async takeSnapshot(): Promise<void> {
    this.appended = 0;
    this.bytesBefore = this.log.writtenBytes;
    this.drawLimits();
    this.log.roll();
    const written = await writeSnapshot(
      this.runtime,
      this.snapshotFolder,
      this.tree,
      this.config.snapshotCompression,
      () => this.log.sync(),
    );
    this.runtime.log.info('wrote a snapshot', { file: written.path, bytes: written.bytes });
  }

  get snapshotInProgress(): boolean {
    return this.snapshotting !== null;
  }

  /** Random, so that the servers of an ensemble don't all write snapshots at once. */
  private drawLimits(): void {
    const { random } = this.runtime;
    const half = (limit: number): number => limit / 2 + random.float() * (limit / 2);
    this.appendedLimit = half(this.config.snapCount);
    this.bytesLimit = half(this.config.snapSizeLimitBytes);
  }

  /** Removes all but the `retain` newest snapshots, never fewer than three, and the logs that none of those needs (autopurge). */
  purge(retain: number): string[] {
    return purge(this.runtime.files, this.snapshotFolder, this.logFolder, retain);
  }

  /** Bytes of all files in the folder of the snapshots, in that of the logs: what the `dirs` word tells. It may be one folder. */
  get snapshotBytes(): number {
    return this.folderBytes(this.snapshotFolder);
  }

  get logBytes(): number {
    return this.folderBytes(this.logFolder);
  }

  private folderBytes(folder: string): number {
    const { files } = this.runtime;
    return files.list(folder).reduce((bytes, name) => bytes + files.stat(`${folder}/${name}`).sizeBytes, 0);
  }

  /** The newest snapshot, or null. */
  get lastSnapshot(): SnapshotFile | null {
    const newest = listSnapshots(this.runtime.files, this.snapshotFolder).at(-1);
    if (newest === undefined) return null;
    const { sizeBytes, modifiedMs } = this.runtime.files.stat(newest.path);
    return { path: newest.path, zxid: newest.zxid, sizeBytes, modifiedMs };
  }

  /** What the log files have from about `after` on: see `log-slices.ts`. */
  logSlices(after: number, each: Replaying): Generator<void, void, undefined> {
    return logSlices(this.runtime.files, this.logFolder, after, each);
  }

  /** Up to where each snapshot goes, the oldest first. */
  snapshotZxids(): number[] {
    return listSnapshots(this.runtime.files, this.snapshotFolder).map(({ zxid }) => zxid);
  }

  /** Null: there is no such file; then it is the epoch of the last zxid. */
  epoch(name: 'acceptedEpoch' | 'currentEpoch'): number | null {
    return readEpoch(this.runtime.files, this.snapshotFolder, name);
  }

  /** Resolves when it is on the disk. One is written after the other, in the order of the calls. */
  setEpoch(name: 'acceptedEpoch' | 'currentEpoch', epoch: number): Promise<void> {
    const written = this.epochs.then(() => writeEpoch(this.runtime.files, this.snapshotFolder, name, epoch));
    this.epochs = written.catch(() => {});
    return written;
  }

  /** Resolves when no epoch is being written. */
  epochsWritten(): Promise<void> {
    return this.epochs;
  }

  /** Resolves when no snapshot is under way. */
  async snapshotWritten(): Promise<void> {
    await this.snapshotting?.catch(() => undefined);
  }

  /**
   * Takes back what was logged after `zxid`, and the snapshots that may have it: the tree is read anew from the disk. Nothing may be
   * appended meanwhile. Throws a StorageError when `zxid` isn't in the log, for then more would be missing than was asked for.
   */
  async truncate(zxid: number, replaying: Replaying): Promise<void> {
    await this.snapshotWritten();
    await this.log.close();
    const { files } = this.runtime;
    const isKept = listSnapshots(files, this.snapshotFolder).some((file) => file.zxid === zxid);
    if (zxid !== 0 && !isKept && zxid !== this.tree.lastZxid && !logHas(files, this.logFolder, zxid))
      throw new StorageError(
        'NOTHING_TO_CUT_TO',
        this.logFolder,
        `the leader asks to take back what came after 0x${zxid.toString(16)}, and ${this.logFolder} doesn't have that transaction; ` +
          `move ${this.snapshotFolder} and ${this.logFolder} away, and this server syncs anew from the leader`,
      );
    await dropAfter(files, this.folders, zxid);
    this.readAgain(replaying);
  }

  /** Reads the tree anew from the disk, e.g. after a snapshot of a leader came only in part. */
  async reload(replaying: Replaying): Promise<void> {
    await this.snapshotWritten();
    await this.log.close();
    this.readAgain(replaying);
  }

  private readAgain(replaying: Replaying): void {
    this.tree.reset();
    recover(this.runtime, this.tree, this.folders, true, replaying);
    this.log = this.openLog();
  }

  /** The tree was replaced by a leader's: writes it down. Only when this resolves does the disk have it; till then it has the old one. */
  async install(): Promise<void> {
    await this.snapshotWritten();
    await this.log.close();
    const zxid = this.tree.lastZxid;
    await dropAfter(this.runtime.files, this.folders, zxid);
    this.log = this.openLog();
    await this.snapshot();
    // The logs lack what the tree brought: neither they nor the snapshots that they go on from are of use any more.
    await dropBefore(this.runtime.files, this.folders, zxid);
  }

  private get folders(): { snapshots: string; logs: string } {
    return { snapshots: this.snapshotFolder, logs: this.logFolder };
  }

  /** Waits for a snapshot under way, syncs, closes. */
  async close(): Promise<void> {
    try {
      await this.snapshotting?.catch(() => undefined);
      await this.log.close();
    } finally {
      for (const lock of this.locks) lock.release();
    }
  }
}
