const PARTS = 64;
const HASHED = 28;

/**
 * A Map by path, in many small tables: a table that grows copies itself, which for one of a million entries takes 100 ms in which nobody is
 * served. It has no order.
 */
export class PathMap<V> {
  size = 0;
  private readonly parts: Map<string, V>[] = Array.from({ length: PARTS }, () => new Map<string, V>());

  get(path: string): V | undefined {
    return this.parts[partOf(path)]!.get(path);
  }

  set(path: string, value: V): void {
    const part = this.parts[partOf(path)]!;
    const before = part.size;
    part.set(path, value);
    this.size += part.size - before;
  }

  delete(path: string): boolean {
    const was = this.parts[partOf(path)]!.delete(path);
    if (was) this.size -= 1;
    return was;
  }

  /** Entries of the part that has most. */
  get largestPart(): number {
    return Math.max(...this.parts.map((part) => part.size));
  }

  clear(): void {
    for (const part of this.parts) part.clear();
    this.size = 0;
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const part of this.parts) yield* part;
  }

  *values(): IterableIterator<V> {
    for (const part of this.parts) yield* part.values();
  }
}

/** Of the path's last characters: paths differ most at their ends, those with a usual last element (`…/partitions/0/state`) before it. */
function partOf(path: string): number {
  let hash = 0;
  for (let i = Math.max(0, path.length - HASHED); i < path.length; i++)
    hash = (Math.imul(hash, 31) + path.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 15)) & (PARTS - 1);
}
