import type { File, Files } from '../../../runtime/runtime.ts';

/** How many entries wait in memory before they are written together. */
const PENDING_ENTRIES = 64;

/**
 * A file of entries of one size that only grows at its end: the base of both indexes. New entries are gathered and written together; a
 * crash may lose them, and recovery builds the index anew. The file is opened only when it is needed.
 */
export class EntryFile {
  readonly entryBytes: number;
  private readonly files: Files;
  private currentPath: string;
  private file: File | null = null;
  private written: number;
  private pendingCount = 0;
  private pending: Buffer | null = null;
  private readonly scratch: Buffer;
  /** Something was written since the last sync. */
  private dirty = false;
  private isReserved = false;

  /** Opens or makes the file. Zeros at its end, which Apache's brokers leave after a crash, don't count. */
  constructor(files: Files, path: string, entryBytes: number) {
    this.files = files;
    this.currentPath = path;
    this.entryBytes = entryBytes;
    this.scratch = Buffer.alloc(entryBytes);
    const size = files.exists(path) ? files.stat(path).sizeBytes : -1;
    if (size < 0) files.open(path, 'write').close();
    this.written = Math.floor(Math.max(size, 0) / entryBytes);
    if (this.written > 0 && this.isZero(this.written - 1)) this.written = this.countBeforeZeros();
    if (size > this.sizeBytes) this.handle().truncate(this.sizeBytes);
    this.release();
  }

  get path(): string {
    return this.currentPath;
  }

  get count(): number {
    return this.written + this.pendingCount;
  }

  get sizeBytes(): number {
    return this.count * this.entryBytes;
  }

  /** Where to put the next entry; call `added` after that. */
  slot(): { buffer: Buffer; at: number } {
    if (this.pendingCount === PENDING_ENTRIES) this.writePending();
    this.pending ??= Buffer.alloc(PENDING_ENTRIES * this.entryBytes);
    return { buffer: this.pending, at: this.pendingCount * this.entryBytes };
  }

  added(): void {
    this.pendingCount++;
  }

  /** Entry `index`; the buffer is good until the next call. */
  entry(index: number): Buffer {
    if (index >= this.written) {
      const at = (index - this.written) * this.entryBytes;
      this.pending!.copy(this.scratch, 0, at, at + this.entryBytes);
    } else this.handle().read(this.scratch, 0, this.entryBytes, index * this.entryBytes);
    return this.scratch;
  }

  truncateToCount(count: number): void {
    if (count >= this.count) return;
    if (count >= this.written) {
      this.pendingCount = count - this.written;
      return;
    }
    this.pendingCount = 0;
    this.written = count;
    this.handle().truncate(count * this.entryBytes);
    this.isReserved = false;
    this.dirty = true;
  }

  /** Makes room for entries to come, as many as go into so many bytes. */
  reserve(sizeBytes: number): void {
    this.handle().truncate(Math.floor(sizeBytes / this.entryBytes) * this.entryBytes);
    this.isReserved = true;
  }

  /** Gives back the room that no entry took. */
  trim(): void {
    this.writePending();
    if (!this.isReserved) return;
    this.handle().truncate(this.sizeBytes);
    this.isReserved = false;
    this.dirty = true;
  }

  /** Writes what waits in memory. */
  writePending(): void {
    if (this.pendingCount === 0) return;
    const bytes = this.pending!.subarray(0, this.pendingCount * this.entryBytes);
    this.handle().write(bytes, this.written * this.entryBytes);
    this.dirty = true;
    this.written += this.pendingCount;
    this.pendingCount = 0;
  }

  async sync(): Promise<void> {
    this.writePending();
    if (!this.dirty) return;
    this.dirty = false;
    await this.handle().sync();
  }

  /** Writes what waits and lets go of file and memory; the next use opens it again. */
  release(): void {
    this.writePending();
    this.pending = null;
    this.file?.close();
    this.file = null;
  }

  rename(path: string): void {
    this.release();
    this.files.rename(this.currentPath, path);
    this.currentPath = path;
  }

  private handle(): File {
    this.file ??= this.files.open(this.currentPath, 'write');
    return this.file;
  }

  private isZero(index: number): boolean {
    return this.entry(index).every((byte) => byte === 0);
  }

  private countBeforeZeros(): number {
    let low = 0;
    let high = this.written - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isZero(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
