import type { Files } from '../../../runtime/runtime.ts';

/**
 * A small text file that is always whole: written beside, synced, renamed over. Writes that come while one is under way are joined: the
 * last one counts.
 */
export class AtomicFile {
  readonly path: string;
  private readonly files: Files;
  private readonly folder: string;
  private pending: string | null = null;
  private running: Promise<void> | null = null;

  constructor(files: Files, folder: string, name: string) {
    this.files = files;
    this.folder = folder;
    this.path = `${folder}/${name}`;
  }

  /** null when there is no such file. */
  read(): string | null {
    if (!this.files.exists(this.path)) return null;
    return readWhole(this.files, this.path).toString('utf8');
  }

  /** Resolves when this text, or one that was written after it, is on the disk. */
  write(text: string): Promise<void> {
    this.pending = text;
    this.running ??= this.run();
    return this.running;
  }

  /** Resolves when nothing waits to be written. */
  settled(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  /** Forgets what waits to be written: the file is about to go. */
  abandon(): void {
    this.pending = null;
  }

  private async run(): Promise<void> {
    try {
      while (this.pending !== null) {
        const text = this.pending;
        this.pending = null;
        await this.writeOnce(Buffer.from(text));
      }
    } finally {
      this.running = null;
    }
  }

  private async writeOnce(bytes: Buffer): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const file = this.files.open(temporary, 'write');
    try {
      file.truncate(0);
      if (bytes.length > 0) file.write(bytes, 0);
      await file.sync();
    } finally {
      file.close();
    }
    if (!this.files.exists(temporary)) return; // the folder was renamed or removed meanwhile
    this.files.rename(temporary, this.path);
    await this.files.syncFolder(this.folder);
  }
}

export function readWhole(files: Files, path: string): Buffer {
  const file = files.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafe(file.size());
    return bytes.subarray(0, file.read(bytes, 0, bytes.length, 0));
  } finally {
    file.close();
  }
}
