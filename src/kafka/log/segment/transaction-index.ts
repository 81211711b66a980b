import type { File, Files } from '../../../runtime/runtime.ts';
import { int64At, writeInt64At } from '../../records/batch.ts';

const ENTRY_BYTES = 34;

export interface AbortedEntry {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of the abort marker. */
  readonly lastOffset: number;
  /** The last stable offset once the marker was written. */
  readonly lastStableOffset: number;
}

/** `.txnindex`: the transactions whose abort marker stands in this segment. The file is made with the first of them. */
export class TransactionIndex {
  private readonly files: Files;
  private currentPath: string;
  private list: AbortedEntry[] | null = null;
  private file: File | null = null;
  /** Something was written since the last sync. */
  private dirty = false;

  constructor(files: Files, path: string) {
    this.files = files;
    this.currentPath = path;
  }

  get entries(): readonly AbortedEntry[] {
    this.list ??= this.load();
    return this.list;
  }

  append(entry: AbortedEntry): void {
    const at = this.entries.length;
    const bytes = Buffer.alloc(ENTRY_BYTES);
    writeInt64At(bytes, 2, entry.producerId);
    writeInt64At(bytes, 10, entry.firstOffset);
    writeInt64At(bytes, 18, entry.lastOffset);
    writeInt64At(bytes, 26, entry.lastStableOffset);
    this.file ??= this.files.open(this.currentPath, 'write');
    this.file.write(bytes, at * ENTRY_BYTES);
    this.dirty = true;
    this.list!.push(entry);
  }

  /** Keeps the entries whose marker is below `offset`. */
  truncateTo(offset: number): void {
    const kept = this.entries.filter((entry) => entry.lastOffset < offset);
    if (kept.length === this.entries.length) return;
    this.file ??= this.files.open(this.currentPath, 'write');
    this.file.truncate(kept.length * ENTRY_BYTES);
    this.dirty = true;
    this.list = kept;
  }

  async sync(): Promise<void> {
    if (!this.dirty) return;
    this.dirty = false;
    this.file ??= this.files.open(this.currentPath, 'write');
    await this.file.sync();
  }

  release(): void {
    this.file?.close();
    this.file = null;
    this.list = null;
  }

  /** Only when there is a file. */
  rename(path: string): void {
    this.release();
    if (this.files.exists(this.currentPath)) this.files.rename(this.currentPath, path);
    this.currentPath = path;
  }

  private load(): AbortedEntry[] {
    if (!this.files.exists(this.currentPath)) return [];
    this.file ??= this.files.open(this.currentPath, 'write');
    const bytes = Buffer.alloc(this.file.size());
    this.file.read(bytes, 0, bytes.length, 0);
    const entries: AbortedEntry[] = [];
    for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
      if (bytes.readInt16BE(at) !== 0) break;
      entries.push({
        producerId: int64At(bytes, at + 2),
        firstOffset: int64At(bytes, at + 10),
        lastOffset: int64At(bytes, at + 18),
        lastStableOffset: int64At(bytes, at + 26),
      });
    }
    return entries;
  }
}
