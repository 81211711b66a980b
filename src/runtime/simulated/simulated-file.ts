import type { SeededRandom } from './seeded-random.ts';

type Change = { kind: 'write'; position: number; bytes: Buffer } | { kind: 'truncate'; sizeBytes: number };

/** A file's content: what is in the page cache, and what is on the disk of it. */
export class SimulatedFile {
  modifiedMs = 0;
  private cache = new Bytes();
  private disk = new Bytes();
  /** In the cache and not on the disk, oldest first. */
  private unsynced: Change[] = [];
  /** Changes that reached the disk, since the file was made. */
  private syncedChanges = 0;

  get sizeBytes(): number {
    return this.cache.size;
  }

  write(bytes: Buffer, position: number): void {
    const copy = Buffer.from(bytes);
    this.cache.write(copy, position);
    this.unsynced.push({ kind: 'write', position, bytes: copy });
  }

  truncate(sizeBytes: number): void {
    this.cache.resize(sizeBytes);
    this.unsynced.push({ kind: 'truncate', sizeBytes });
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    return this.cache.read(target, targetStart, length, position);
  }

  /** A mark to sync up to. */
  changes(): number {
    return this.syncedChanges + this.unsynced.length;
  }

  /** The changes before the mark reach the disk. */
  syncUpTo(mark: number): void {
    const count = mark - this.syncedChanges;
    if (count <= 0) return;
    for (const change of this.unsynced.splice(0, count)) apply(this.disk, change);
    this.syncedChanges = mark;
  }

  /** The machine loses its power: of what wasn't synced the beginning may be on the disk, and a part of the write after it. */
  losePower(random: SeededRandom, tearWrites: boolean): void {
    const survivors = random.below(this.unsynced.length + 1);
    for (const change of this.unsynced.slice(0, survivors)) apply(this.disk, change);
    const torn = this.unsynced[survivors];
    if (tearWrites && torn?.kind === 'write') {
      const part = torn.bytes.subarray(0, random.below(torn.bytes.length + 1));
      apply(this.disk, { kind: 'write', position: torn.position, bytes: part });
    }
    this.syncedChanges += this.unsynced.length;
    this.unsynced = [];
    this.cache = this.disk.copy();
  }
}

function apply(to: Bytes, change: Change): void {
  if (change.kind === 'truncate') to.resize(change.sizeBytes);
  else if (change.bytes.length > 0) to.write(change.bytes, change.position);
}

/** Bytes that grow; what was never written is zero. */
class Bytes {
  size = 0;
  private data: Buffer = Buffer.alloc(0);

  write(bytes: Buffer, position: number): void {
    const end = position + bytes.length;
    if (end > this.size) this.resize(end);
    bytes.copy(this.data, position);
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.size - position, target.length - targetStart));
    return this.data.copy(target, targetStart, position, position + count);
  }

  resize(size: number): void {
    if (size > this.data.length) {
      const larger = Buffer.alloc(Math.max(size, 2 * this.data.length));
      this.data.copy(larger, 0, 0, this.size);
      this.data = larger;
    }
    if (size < this.size) this.data.fill(0, size, this.size);
    this.size = size;
  }

  copy(): Bytes {
    const copy = new Bytes();
    copy.write(this.data.subarray(0, this.size), 0);
    return copy;
  }
}
