import { FileError, type File, type FileLock, type Files } from '../runtime.ts';
import type { Life, Mortal } from './life.ts';

/** Where a folder of a service lies on the machine, as a compose file's volume says. */
export interface Mount {
  readonly inside: string;
  readonly machine: string;
}

/** The machine's path for a path in a service: by the longest mount that holds it, else under `root`. */
export function mapMounts(mounts: readonly Mount[], root: string): (path: string) => string {
  const longestFirst = [...mounts].sort((a, b) => b.inside.length - a.inside.length);
  return (path) => {
    const absolute = normalize(path);
    for (const { inside, machine } of longestFirst) {
      const folder = normalize(inside);
      if (absolute === folder) return machine;
      const below = folder === '/' ? folder : `${folder}/`;
      if (absolute.startsWith(below)) return `${machine}/${absolute.slice(below.length)}`;
    }
    return `${root}${absolute}`;
  };
}

/** Absolute, without `.`, `..` and double slashes. A relative path begins at the root, a container's working directory. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The machine's files as a process on a host sees them. They close, and locks are released, when it is killed. */
export function mappedFiles(base: Files, map: (path: string) => string, life: Life): Files {
  const use = (path: string): string => {
    if (!life.alive) throw new FileError('EIO', path, `${path}: the process was killed`);
    return map(path);
  };
  return {
    open: (path, mode) => new MortalFile(base.open(use(path), mode), path, life),
    exists: (path) => base.exists(use(path)),
    stat: (path) => base.stat(use(path)),
    list: (folder) => base.list(use(folder)),
    makeFolder: (path) => base.makeFolder(use(path)),
    rename: (from, to) => base.rename(use(from), use(to)),
    remove: (path) => base.remove(use(path)),
    syncFolder: (path) => whileAlive(base.syncFolder(use(path)), life),
    lock: (path) => {
      const lock = base.lock(use(path));
      return lock === null ? null : new MortalLock(lock, life);
    },
    space: (path) => base.space(use(path)),
  };
}

class MortalFile implements File, Mortal {
  readonly path: string;
  private readonly file: File;
  private readonly life: Life;

  constructor(file: File, path: string, life: Life) {
    this.file = file;
    this.path = path;
    this.life = life;
    life.add(this);
  }

  write(bytes: Buffer, position: number): void {
    this.file.write(bytes, position);
  }

  writeAll(parts: readonly Buffer[], position: number): void {
    this.file.writeAll(parts, position);
  }

  read(target: Buffer, targetStart: number, length: number, position: number): number {
    return this.file.read(target, targetStart, length, position);
  }

  size(): number {
    return this.file.size();
  }

  truncate(sizeBytes: number): void {
    this.file.truncate(sizeBytes);
  }

  allocate(sizeBytes: number): void {
    this.file.allocate(sizeBytes);
  }

  sync(): Promise<void> {
    return whileAlive(this.file.sync(), this.life);
  }

  close(): void {
    this.life.remove(this);
    this.file.close();
  }

  die(): void {
    this.file.close();
  }
}

class MortalLock implements FileLock, Mortal {
  private readonly lock: FileLock;
  private readonly life: Life;

  constructor(lock: FileLock, life: Life) {
    this.lock = lock;
    this.life = life;
    life.add(this);
  }

  release(): void {
    this.life.remove(this);
    this.lock.release();
  }

  die(): void {
    this.lock.release();
  }
}

function whileAlive(promise: Promise<void>, life: Life): Promise<void> {
  return new Promise((resolve, reject) => {
    promise.then(
      () => {
        if (life.alive) resolve();
      },
      (error: unknown) => {
        if (life.alive) reject(error as Error);
      },
    );
  });
}
