import { FileError, type File, type Runtime } from '../../runtime/runtime.ts';
import { putInt32 } from '../tree/znodes/stat-bytes.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { FILE_HEADER_BYTES, FILE_VERSION, LOG_MAGIC, logName } from './files.ts';
import { LogBatch } from './log-batch.ts';

/** So near to its end a file grows again. */
const GROW_WITHIN_BYTES = 4096;
/** Bytes of zeros written ahead at once: more would stall the sync that takes them along. */
const MOST_AHEAD_BYTES = 1 << 20;
/**
 * Syncing a small batch is twice as fast where the file has its blocks already, since the file system's journal is left alone. For batches from
 * here on the zeros cost more than that, as each byte then goes to the disk twice.
 */
const LARGE_BATCH_BYTES = 16 * 1024;

export interface LogSettings {
  /** The most by which a file grows ahead of what is written; 0: never ahead. */
  readonly preAllocBytes: number;
  /** false: `sync` doesn't wait for the disk. */
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
}

/**
 * The transaction log that is written: entries are gathered in memory, written in one piece by `flush`, and made durable by `sync`.
 * A new file begins with the first entry after `roll`, and is named by its zxid. Nothing is ever written behind what a restart found:
 * that, too, begins a new file.
 */
export class TransactionLog {
  /** Up to here all is in the page cache, on the disk. */
  writtenZxid: number;
  syncedZxid: number;
  /** Bytes of entries written since the start. */
  writtenBytes = 0;
  /** Syncs that took longer than the threshold. */
  slowSyncs = 0;
  private readonly runtime: Runtime;
  private readonly folder: string;
  private readonly settings: LogSettings;
  private readonly before: () => Promise<void> | null;
  private readonly batch = new LogBatch();
  private batchZxid = 0;
  /** The first zxid of the batch, which names a new file. */
  private firstZxid = 0;
  private file: File | null = null;
  private position = 0;
  private size = 0;
  /** It is full, and not yet on the disk to its end. */
  private rolled: File | null = null;
  private folderIsStale = false;
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  private failure: Error | null = null;

  /** `before`: until what must be on the disk before anything is written here; null: it is. */
  constructor(
    runtime: Runtime,
    folder: string,
    lastZxid: number,
    settings: LogSettings,
    before: () => Promise<void> | null,
  ) {
    this.before = before;
    this.runtime = runtime;
    this.folder = folder;
    this.settings = settings;
    this.writtenZxid = lastZxid;
    this.syncedZxid = lastZxid;
  }

  /** Gathers an entry. */
  append(transaction: Transaction): void {
    if (this.batch.length === 0) this.firstZxid = transaction.header.zxid;
    this.batch.addTransaction(transaction);
    this.batchZxid = transaction.header.zxid;
  }

  /** Gathers an entry as a leader sent it, its digest included. */
  appendPayload(zxid: number, payload: Buffer): void {
    if (this.batch.length === 0) this.firstZxid = zxid;
    this.batch.addPayload(payload);
    this.batchZxid = zxid;
  }

  /** Bytes that wait for `flush`. */
  get gatheredBytes(): number {
    return this.batch.length;
  }

  /**
   * Writes what was gathered; `sync` does, where something else must be on the disk before, or a new file is to begin: that gets nothing
   * before the last one is on the disk to its end. A loss of power would else leave a hole between the two. Throws a FileError: then the
   * server must end, for what is in the file is unknown.
   */
  flush(): void {
    if (this.failure !== null) throw this.failure;
    if (this.batch.length === 0 || this.rolled !== null || this.before() !== null) return;
    try {
      const file = this.file ?? this.begin();
      const bytes = this.batch.bytes;
      this.grow(file, bytes.length);
      file.write(bytes, this.position);
      this.position += bytes.length;
      this.writtenBytes += bytes.length;
      this.writtenZxid = this.batchZxid;
      this.batch.clear();
    } catch (error) {
      this.failure = error as Error;
      throw error;
    }
  }

  private begin(): File {
    const file = this.runtime.files.open(`${this.folder}/${logName(this.firstZxid)}`, 'write');
    this.file = file;
    // One that is there already holds nothing that was ever whole.
    file.truncate(0);
    const header = Buffer.alloc(FILE_HEADER_BYTES);
    putInt32(header, 0, LOG_MAGIC);
    putInt32(header, 4, FILE_VERSION);
    file.write(header, 0);
    this.position = FILE_HEADER_BYTES;
    this.size = FILE_HEADER_BYTES;
    this.folderIsStale = true;
    return file;
  }

  private grow(file: File, bytes: number): void {
    const step = Math.min(this.settings.preAllocBytes, MOST_AHEAD_BYTES);
    const end = this.position + bytes;
    if (step <= 0 || end + GROW_WITHIN_BYTES < this.size) return;
    if (bytes >= LARGE_BATCH_BYTES) {
      this.size = Math.max(this.size, end);
      return;
    }
    this.size += Math.ceil((end + GROW_WITHIN_BYTES - this.size + 1) / step) * step;
    try {
      file.allocate(this.size);
    } catch (error) {
      if (!(error instanceof FileError) || error.code !== 'ENOSPC') throw error;
      // The entry itself may still fit.
      this.size = Number.POSITIVE_INFINITY;
    }
  }

  /** The next entry begins a new file. */
  roll(): void {
    this.flush();
    if (this.file === null) return;
    this.rolled = this.file;
    this.file.truncate(this.position);
    this.file = null;
  }

  /**
   * Writes what was gathered and resolves when all of it is on the disk. Calls that come while the disk is busy wait for one more
   * sync together. A rejection is final: what the disk has is unknown.
   */
  sync(): Promise<void> {
    const before = this.before();
    // More may be asked for meanwhile, and stand in what was gathered.
    if (before !== null) return before.then(() => this.sync());
    try {
      this.flush();
    } catch (error) {
      return Promise.reject(error);
    }
    // The next one may be about to begin, when the one before has just ended: two at once would each vouch for what the other still writes.
    if (this.next !== null) return this.next;
    if (this.running !== null) {
      this.next = this.running.then(() => {
        this.next = null;
        return this.startSync();
      });
      return this.next;
    }
    return this.syncedZxid === this.writtenZxid && this.rolled === null
      ? Promise.resolve()
      : this.startSync();
  }

  private startSync(): Promise<void> {
    this.running = this.syncOnce().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async syncOnce(): Promise<void> {
    if (this.failure !== null) throw this.failure;
    const startMs = this.runtime.clock.monotonicMs();
    let upTo = this.writtenZxid;
    try {
      if (this.rolled !== null) {
        if (this.settings.forceSync) await this.rolled.sync();
        for (let before = this.before(); before !== null; before = this.before()) await before;
        this.rolled.close();
        this.rolled = null;
        this.flush();
        upTo = this.writtenZxid;
      }
      if (this.settings.forceSync) {
        const syncs: Promise<void>[] = [];
        if (this.file !== null) syncs.push(this.file.sync());
        if (this.folderIsStale) {
          this.folderIsStale = false;
          syncs.push(this.runtime.files.syncFolder(this.folder));
        }
        await Promise.all(syncs);
      }
    } catch (error) {
      this.failure = error as Error;
      throw error;
    }
    this.syncedZxid = upTo;
    const tookMs = this.runtime.clock.monotonicMs() - startMs;
    if (tookMs <= this.settings.fsyncWarningThresholdMs) return;
    this.slowSyncs++;
    this.runtime.log.warn(
      `syncing the transaction log took ${Math.round(tookMs)} ms; writes are no faster than the disk, so give the log one of its own (dataLogDir)`,
      { folder: this.folder },
    );
  }

  /** Syncs and closes. The file is cut behind its last entry. */
  async close(): Promise<void> {
    // What had to wait for something else isn't written before that.
    await this.sync();
    this.roll();
    await this.sync();
  }
}
