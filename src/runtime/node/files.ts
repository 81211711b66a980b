import fs from 'node:fs';
import { dirname } from 'node:path';
import { FileError, type File, type FileLock, type Files, type FileStat } from '../runtime.ts';
import { lockFile } from './file-lock.ts';

const ZEROS = Buffer.alloc(256 * 1024);

/**
 * Files over node:fs. Reads and writes are the synchronous calls: into the page cache they take a microsecond, through the thread
 * pool forty. Only syncs, which wait for a disk, go to the pool.
 */
export function createNodeFiles(): Files {
  return {
    open: (path, mode) => attempt(path, () => new NodeFile(path, fs.openSync(path, FLAGS[mode], 0o644))),
    exists: (path) => fs.existsSync(path),
    stat: (path) => attempt(path, () => statOf(fs.statSync(path))),
    list: (folder) => attempt(folder, () => fs.readdirSync(folder).sort()),
    makeFolder: (path) => attempt(path, () => makeFolder(path)),
    rename: (from, to) => attempt(from, () => fs.renameSync(from, to)),
    remove: (path) => attempt(path, () => fs.rmSync(path, { recursive: true, force: true })),
    syncFolder: (path) => syncFolder(path),
    lock: (path): FileLock | null => attempt(path, () => lockFile(path)),
    space: (path) =>
      attempt(path, () => {
        const { bavail, blocks, bsize } = fs.statfsSync(path);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),
  };
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
const FLAGS = { read: O_RDONLY, write: O_RDWR | O_CREAT, create: O_RDWR | O_CREAT | O_EXCL };

class NodeFile implements File {
  readonly path: string;
  private readonly fd: number;
  /** The sync that runs, and the one that begins when it has ended, for all that was written meanwhile. */
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  private closed = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
  }

  write(bytes: Buffer, position: number): void {
    this.check();
    try {
      const size = bytes.length;
      let done = fs.writeSync(this.fd, bytes, 0, size, position);
      while (done < size) done += fs.writeSync(this.fd, bytes, done, size - done, position + done);
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  writeAll(parts: readonly Buffer[], position: number): void {
    if (parts.length === 1) {
      this.write(parts[0]!, position);
      return;
    }
    this.check();
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    let done = 0;
    try {
      done = fs.writevSync(this.fd, parts as Buffer[], position);
    } catch (error) {
      throw fileError(this.path, error);
    }
    // A full disk or a signal can cut a write short; the rest is rare enough to be joined.
    if (done < total) this.write(Buffer.concat(parts).subarray(done), position + done);
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    this.check();
    try {
      let done = 0;
      while (done < length) {
        const count = fs.readSync(this.fd, target, targetStart + done, length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  size(): number {
    this.check();
    return attempt(this.path, () => fs.fstatSync(this.fd).size);
  }

  truncate(sizeBytes: number): void {
    this.check();
    attempt(this.path, () => fs.ftruncateSync(this.fd, sizeBytes));
  }

  allocate(sizeBytes: number): void {
    for (let at = this.size(); at < sizeBytes; at += ZEROS.length)
      this.write(ZEROS.subarray(0, Math.min(ZEROS.length, sizeBytes - at)), at);
  }

  sync(): Promise<void> {
    this.check();
    if (this.running === null) return (this.running = this.syncNow());
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = null;
        return (this.running = this.syncNow());
      });
    return this.next;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.running === null) fs.closeSync(this.fd);
  }

  private syncNow(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.fd, (error) => {
        this.running = null;
        if (this.closed && this.next === null) fs.closeSync(this.fd);
        if (error) reject(fileError(this.path, error));
        else resolve();
      });
    });
  }

  private check(): void {
    if (this.closed) throw new FileError('EBADF', this.path, `${this.path} is closed`);
  }
}

function statOf(stat: fs.Stats): FileStat {
  return { sizeBytes: stat.size, isFolder: stat.isDirectory(), modifiedMs: stat.mtimeMs };
}

/** Windows can't sync folders and doesn't need it. */
function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return Promise.resolve();
  return new Promise((resolve, reject) => {
    fs.open(path, O_RDONLY, (openError, fd) => {
      if (openError) {
        reject(fileError(path, openError));
        return;
      }
      fs.fsync(fd, (error) => {
        fs.closeSync(fd);
        if (error) reject(fileError(path, error));
        else resolve();
      });
    });
  });
}

function attempt<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw fileError(path, error);
  }
}

const SENTENCES: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EEXIST: 'it is there already',
  EACCES: 'this user may not do that with it',
  ENOSPC: 'the disk is full',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  EROFS: 'that disk can only be read',
};

/**
 * Not mkdirSync's own `recursive`: below /proc, where a folder can't be made though its parent is there, that never returns.
 */
function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' && fs.statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT') throw error;
    if (fs.existsSync(parent))
      throw new FileError(
        code,
        path,
        `${path}: no folder can be made in ${parent}; take one on a disk (ENOENT)`,
      );
    makeFolder(parent);
    makeFolder(path);
  }
}

function fileError(path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
  const reason = SENTENCES[code] ?? (error instanceof Error ? error.message : String(error));
  return new FileError(code, path, `${path}: ${reason} (${code})`);
}
