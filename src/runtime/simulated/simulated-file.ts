import type { SeededRandom } from './seeded-random.ts';

/** A change that isn't on the disk yet, and what it put an end to. */
type Change =
  | { kind: 'write'; position: number; length: number; sizeBefore: number; overwritten: Buffer | null }
  | { kind: 'truncate'; sizeBefore: number; cutOff: Buffer | null };

/**
 * A file's content: what is in the page cache, and what is on the disk of it. Only the former is kept; the latter is the former with
 * the changes that weren't synced taken back, so that what is appended stands in memory once.
 */
export class SimulatedFile {
  modifiedMs = 0;
  private size = 0;
  private data: Buffer = Buffer.alloc(0);
  /** In the cache and not on the disk, oldest first. */
  private unsynced: Change[] = [];
  /** Changes that reached the disk, since the file was made. */
  private syncedChanges = 0;

  get sizeBytes(): number {
    return this.size;
  }

  write(bytes: Buffer, position: number): void {
    const sizeBefore = this.size;
    const overwritten = position < sizeBefore ? this.copy(position, position + bytes.length) : null;
    this.put(bytes, position);
    this.unsynced.push({ kind: 'write', position, length: bytes.length, sizeBefore, overwritten });
  }

  truncate(sizeBytes: number): void {
    const sizeBefore = this.size;
    const cutOff = sizeBytes < sizeBefore ? this.copy(sizeBytes, sizeBefore) : null;
    this.resize(sizeBytes);
    this.unsynced.push({ kind: 'truncate', sizeBefore, cutOff });
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.size - position, target.length - targetStart));
    return this.data.copy(target, targetStart, position, position + count);
  }

  /** A mark to sync up to. */
  changes(): number {
    return this.syncedChanges + this.unsynced.length;
  }

  /** The changes before the mark reach the disk. */
  syncUpTo(mark: number): void {
    const count = mark - this.syncedChanges;
    if (count <= 0) return;
    this.unsynced.splice(0, count);
    this.syncedChanges = mark;
  }

  /**
   * The machine loses its power: of what wasn't synced the beginning may be on the disk, and a part of the write after it,
   * the rest of that missing or zero.
   */
  losePower(random: SeededRandom, tearWrites: boolean): void {
    const changes = this.unsynced;
    const survivors = random.below(changes.length + 1);
    this.syncedChanges += changes.length;
    this.unsynced = [];
    for (let i = changes.length - 1; i > survivors; i--) this.takeBack(changes[i]!);
    const next = changes[survivors];
    if (next === undefined) return;
    const written = next.kind === 'write' ? this.copy(next.position, next.position + next.length) : null;
    this.takeBack(next);
    if (next.kind !== 'write' || written === null || !tearWrites) return;
    const partBytes = random.below(written.length + 1);
    // The file may have got its length before its content: zeros, then.
    const part = random.below(2) === 0 ? written.fill(0, partBytes) : written.subarray(0, partBytes);
    if (part.length > 0) this.put(part, next.position);
  }

  private takeBack(change: Change): void {
    this.resize(change.sizeBefore);
    if (change.kind === 'write') change.overwritten?.copy(this.data, change.position);
    else change.cutOff?.copy(this.data, change.sizeBefore - change.cutOff.length);
  }

  private put(bytes: Buffer, position: number): void {
    const end = position + bytes.length;
    if (end > this.size) this.resize(end);
    bytes.copy(this.data, position);
  }

  private copy(start: number, end: number): Buffer {
    return Buffer.from(this.data.subarray(start, Math.min(end, this.size)));
  }

  /** What was never written is zero. */
  private resize(size: number): void {
    if (size > this.data.length) {
      const larger = Buffer.alloc(Math.max(size, 2 * this.data.length));
      this.data.copy(larger, 0, 0, this.size);
      this.data = larger;
    }
    if (size < this.size) this.data.fill(0, size, this.size);
    this.size = size;
  }
}
