import type { Runtime } from '../../runtime/runtime.ts';
import type { EpochFile } from './epoch-file.ts';
import type { SegmentList } from './segment/segment-list.ts';
import type { ProducerSnapshots } from './producers/snapshots.ts';

/** What is flushed, and whose end it is. */
export interface FlushedLog {
  readonly folder: string;
  /** Its name must be made durable, too. */
  readonly isNewFolder: boolean;
  readonly segments: SegmentList;
  readonly snapshots: ProducerSnapshots;
  readonly epochFile: EpochFile;
  logEndOffset(): number;
  /** Tells of an error, and gives what to throw. */
  fail(error: unknown): Error;
}

/** How much of a log is on the disk, and bringing the rest there: one flush after the other. */
export class LogFlush {
  private readonly runtime: Runtime;
  private readonly log: FlushedLog;
  private synced: number;
  private syncedAtMs: number;
  private isNewFolder: boolean;
  private isStopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime, log: FlushedLog, recoveryPoint: number) {
    this.runtime = runtime;
    this.log = log;
    this.synced = recoveryPoint;
    this.syncedAtMs = runtime.clock.wallMs();
    this.isNewFolder = log.isNewFolder;
  }

  /** Everything below is on the disk. */
  get recoveryPoint(): number {
    return this.synced;
  }

  /** Milliseconds since the last flush; 0 when nothing waits for one. */
  get unflushedMs(): number {
    return this.synced >= this.log.logEndOffset() ? 0 : this.runtime.clock.wallMs() - this.syncedAtMs;
  }

  /** The log was cut there. */
  lowerTo(offset: number): void {
    this.synced = Math.min(this.synced, offset);
  }

  /** Resolves when all that was appended before the call is on the disk. */
  flush(): Promise<void> {
    const flush = this.running.then(() => this.flushNow());
    this.running = flush.catch(() => undefined);
    return flush;
  }

  flushInBackground(): void {
    this.flush().catch(() => undefined); // `fail` has told about it
  }

  /** The last flush: everything, indexes and the newest snapshot included. */
  async finish(): Promise<void> {
    this.synced = Math.min(this.synced, Math.max(this.log.logEndOffset() - 1, 0));
    await this.flush();
    try {
      await this.log.epochFile.write();
    } catch (error) {
      throw this.log.fail(error);
    }
    this.synced = this.log.logEndOffset();
  }

  /** The files are closed, or about to go. */
  stop(): void {
    this.isStopped = true;
    this.log.epochFile.abandon();
  }

  private async flushNow(): Promise<void> {
    const { folder, segments, snapshots, epochFile } = this.log;
    const { files, clock } = this.runtime;
    const upTo = this.log.logEndOffset();
    if (upTo <= this.synced) return;
    try {
      await snapshots.sync();
      const first = Math.max(segments.floorIndex(this.synced), 0);
      for (const segment of segments.all.slice(first))
        if (segments.all.includes(segment)) await segment.flush();
      await epochFile.write();
      if (this.isStopped) return;
      await files.syncFolder(folder);
      if (this.isNewFolder) {
        this.isNewFolder = false;
        await files.syncFolder(folder.slice(0, folder.lastIndexOf('/')));
      }
    } catch (error) {
      throw this.log.fail(error);
    }
    this.synced = Math.max(this.synced, Math.min(upTo, this.log.logEndOffset()));
    this.syncedAtMs = clock.wallMs();
    const holding = segments.floorIndex(this.synced);
    if (holding > 0) snapshots.removeBelow(segments.all[holding - 1]!.baseOffset);
  }
}
