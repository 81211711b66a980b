import { FileError, type Clock, type File, type FileLock, type Files, type FileStat } from '../runtime.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimulatedFile } from './simulated-file.ts';

export type DiskOperation =
  'open' | 'read' | 'write' | 'sync' | 'list' | 'rename' | 'remove' | 'makeFolder' | 'syncFolder';

export interface DiskOptions {
  /** How long a sync takes, ms: from, to. */
  readonly syncMs: readonly [number, number];
  readonly capacityBytes: number;
  /** Whether the write that a loss of power interrupts may be on the disk in part. */
  readonly tearWrites: boolean;
}

/** From here on nobody counts. */
export const UNLIMITED_BYTES = 2 ** 40;

type Entry = SimulatedFile | 'folder';
type Change = { folders: string[]; apply(tree: Map<string, Entry>): void };

/**
 * The disk of a simulated machine. Content is safe after `sync`, names after `syncFolder`; changes of names reach the disk in
 * their order, as in a journal. It stays when its machine's processes are killed.
 */
export class SimulatedDisk {
  /** Called before each operation; it may throw a FileError in its stead. */
  before: ((operation: DiskOperation, path: string) => void) | null = null;
  capacityBytes: number;
  /** How long a sync takes, ms: from, to. */
  syncMs: readonly [number, number];
  readonly files: Files;
  private readonly clock: Clock;
  private readonly random: SeededRandom;
  private readonly options: DiskOptions;
  private tree = new Map<string, Entry>([['/', 'folder']]);
  /** The names as they are on the disk. */
  private durable = new Map(this.tree);
  private unsynced: Change[] = [];
  private readonly locks = new Set<string>();

  constructor(clock: Clock, random: SeededRandom, options: DiskOptions) {
    this.clock = clock;
    this.random = random;
    this.options = options;
    this.capacityBytes = options.capacityBytes;
    this.syncMs = options.syncMs;
    this.files = this.makeFiles();
  }

  get usedBytes(): number {
    let used = 0;
    for (const entry of this.tree.values()) if (entry !== 'folder') used += entry.sizeBytes;
    return used;
  }

  /** What wasn't synced is lost, but for a random beginning. */
  losePower(): void {
    for (const change of this.unsynced.slice(0, this.random.below(this.unsynced.length + 1)))
      change.apply(this.durable);
    this.unsynced = [];
    this.tree = new Map(this.durable);
    for (const entry of this.tree.values())
      if (entry !== 'folder') entry.losePower(this.random, this.options.tearWrites);
  }

  private makeFiles(): Files {
    return {
      open: (path, mode) => this.open(normal(path), mode),
      exists: (path) => this.tree.has(normal(path)),
      stat: (path) => this.stat(normal(path)),
      list: (folder) => this.list(normal(folder)),
      makeFolder: (path) => this.makeFolder(normal(path)),
      rename: (from, to) => this.rename(normal(from), normal(to)),
      remove: (path) => this.remove(normal(path)),
      syncFolder: (path) => this.syncFolder(normal(path)),
      lock: (path) => this.lock(normal(path)),
      space: () => ({
        freeBytes: Math.max(0, this.capacityBytes - this.usedBytes),
        totalBytes: this.capacityBytes,
      }),
    };
  }

  private open(path: string, mode: 'read' | 'write' | 'create'): File {
    this.check('open', path);
    const entry = this.tree.get(path);
    if (entry === 'folder') throw fail('EISDIR', path, 'it is a folder');
    if (entry !== undefined && mode === 'create') throw fail('EEXIST', path, 'it is there already');
    if (entry !== undefined) return this.handle(path, entry, mode === 'read');
    if (mode === 'read') throw missing(path);
    this.needFolder(parent(path), path);
    const file = new SimulatedFile();
    file.modifiedMs = this.clock.wallMs();
    this.change([parent(path)], (tree) => tree.set(path, file));
    return this.handle(path, file, false);
  }

  private handle(path: string, content: SimulatedFile, readOnly: boolean): File {
    let closed = false;
    const use = (operation: DiskOperation): void => {
      if (closed) throw fail('EBADF', path, 'it is closed');
      if (readOnly && operation === 'write') throw fail('EBADF', path, 'it was opened to read only');
      this.check(operation, path);
    };
    const write = (bytes: Buffer, position: number): void => {
      use('write');
      const tooMany = this.lacking(position + bytes.length - content.sizeBytes);
      content.modifiedMs = this.clock.wallMs();
      content.write(tooMany > 0 ? bytes.subarray(0, Math.max(0, bytes.length - tooMany)) : bytes, position);
      if (tooMany > 0) throw fail('ENOSPC', path, 'the disk is full');
    };
    return {
      path,
      write,
      writeAll: (parts, position) => write(parts.length === 1 ? parts[0]! : Buffer.concat(parts), position),
      read: (target, targetStart, length, position) => {
        use('read');
        return content.read(target, targetStart, length, position);
      },
      size: () => {
        use('read');
        return content.sizeBytes;
      },
      truncate: (sizeBytes) => {
        use('write');
        content.truncate(sizeBytes);
      },
      allocate: (sizeBytes) => {
        if (content.sizeBytes < sizeBytes)
          write(Buffer.alloc(sizeBytes - content.sizeBytes), content.sizeBytes);
      },
      sync: () => {
        use('sync');
        const mark = content.changes();
        return this.afterSync(() => content.syncUpTo(mark));
      },
      close: () => {
        closed = true;
      },
    };
  }

  private stat(path: string): FileStat {
    const entry = this.tree.get(path);
    if (entry === undefined) throw missing(path);
    if (entry === 'folder') return { sizeBytes: 0, isFolder: true, modifiedMs: 0 };
    return { sizeBytes: entry.sizeBytes, isFolder: false, modifiedMs: entry.modifiedMs };
  }

  private list(folder: string): string[] {
    this.check('list', folder);
    this.needFolder(folder, folder);
    return [...this.tree.keys()]
      .filter((path) => path !== '/' && parent(path) === folder)
      .map((path) => path.slice(path.lastIndexOf('/') + 1))
      .sort();
  }

  private makeFolder(path: string): void {
    this.check('makeFolder', path);
    const entry = this.tree.get(path);
    if (entry === 'folder') return;
    if (entry !== undefined) throw fail('EEXIST', path, 'it is a file');
    this.makeFolder(parent(path));
    this.change([parent(path)], (tree) => tree.set(path, 'folder'));
  }

  private rename(from: string, to: string): void {
    this.check('rename', from);
    if (!this.tree.has(from)) throw missing(from);
    this.needFolder(parent(to), to);
    this.change([parent(from), parent(to)], (tree) => {
      const moved = below(tree, from);
      for (const path of below(tree, to)) tree.delete(path);
      for (const path of moved) {
        const entry = tree.get(path)!;
        tree.delete(path);
        tree.set(to + path.slice(from.length), entry);
      }
    });
  }

  private remove(path: string): void {
    this.check('remove', path);
    if (!this.tree.has(path)) return;
    this.change([parent(path)], (tree) => {
      for (const one of below(tree, path)) tree.delete(one);
    });
  }

  private syncFolder(path: string): Promise<void> {
    this.check('syncFolder', path);
    this.needFolder(path, path);
    const last = this.unsynced.findLast((change) => change.folders.includes(path));
    return this.afterSync(() => {
      // A journal keeps the order: what came before goes with it.
      const count = last === undefined ? 0 : this.unsynced.indexOf(last) + 1;
      for (const change of this.unsynced.splice(0, count)) change.apply(this.durable);
    });
  }

  private lock(path: string): FileLock | null {
    if (this.locks.has(path)) return null;
    this.needFolder(parent(path), path);
    this.locks.add(path);
    let held = true;
    return {
      release: () => {
        if (held) this.locks.delete(path);
        held = false;
      },
    };
  }

  private change(folders: string[], apply: (tree: Map<string, Entry>) => void): void {
    apply(this.tree);
    this.unsynced.push({ folders, apply });
  }

  private afterSync(run: () => void): Promise<void> {
    const [from, to] = this.syncMs;
    return new Promise((resolve) => {
      this.clock.after(this.random.between(from, to), () => {
        run();
        resolve();
      });
    });
  }

  private needFolder(folder: string, path: string): void {
    if (this.tree.get(folder) !== 'folder') throw missing(path);
  }

  /** How many of `growth` bytes the disk has no room for. */
  private lacking(growth: number): number {
    if (growth <= 0 || this.capacityBytes >= UNLIMITED_BYTES) return 0;
    return Math.max(0, growth - (this.capacityBytes - this.usedBytes));
  }

  private check(operation: DiskOperation, path: string): void {
    this.before?.(operation, path);
  }
}

/** A path and all that is below it. */
function below(tree: Map<string, Entry>, path: string): string[] {
  return [...tree.keys()].filter((one) => one === path || one.startsWith(`${path}/`));
}

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function missing(path: string): FileError {
  return fail('ENOENT', path, 'there is no such file or folder');
}

function fail(code: string, path: string, reason: string): FileError {
  return new FileError(code, path, `${path}: ${reason} (${code})`);
}
