import fs from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { FileError, type FileLock } from '../runtime.ts';

/** BSD's open flags, which Node doesn't name: take an exclusive lock, and fail rather than wait for it. */
const O_EXLOCK = 0x20;
const O_NONBLOCK = 0x4;

/**
 * A lock that the system itself ends with the process, so that nothing stale is ever left behind, not even after kill -9 and a
 * reused process id. Node has no file locks; each system has something else that can be had once only:
 * Linux an abstract socket named after the file's device and inode, Windows a named pipe, macOS and BSD a lock at `open`.
 * On Linux it holds among the processes of one network namespace. The file itself says who holds it, for people.
 * @returns null when somebody else has it, in this process or in another one.
 */
export function lockFile(path: string): FileLock | null {
  const bsd = process.platform === 'darwin' || process.platform.endsWith('bsd');
  const held = bsd ? lockAtOpen(path) : lockByName(path);
  return held;
}

function lockAtOpen(path: string): FileLock | null {
  try {
    const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT | O_EXLOCK | O_NONBLOCK, 0o644);
    note(fd);
    return { release: once(() => fs.closeSync(fd)) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
}

function lockByName(path: string): FileLock | null {
  const fd = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
  try {
    const { dev, ino } = fs.fstatSync(fd, { bigint: true });
    const server = listen(pipeName(`gregor-lock-${dev}-${ino}`, path));
    if (server === null) {
      // Either somebody has it, or this system has no such names at all; then no other name can be had either.
      const probe = listen(pipeName(`gregor-lock-probe-${process.pid}-${process.hrtime.bigint()}`, path));
      if (probe === null) throw new FileError('ENOTSUP', path, `${path}: this system offers no lock`);
      probe.close();
      return null;
    }
    note(fd);
    return { release: once(() => server.close()) };
  } finally {
    fs.closeSync(fd);
  }
}

function pipeName(name: string, path: string): string {
  if (process.platform !== 'win32') return `\0${name}`;
  const id = createHash('sha256').update(fs.realpathSync.native(path).toLowerCase()).digest('hex');
  return name.includes('probe') ? `\\\\.\\pipe\\${name}` : `\\\\.\\pipe\\gregor-lock-${id}`;
}

/** For names of this kind Node knows at once whether they could be had. */
function listen(name: string): Server | null {
  const server = createServer((socket) => socket.destroy());
  server.on('error', () => undefined);
  server.listen({ path: name, exclusive: true });
  if (!server.listening) return null;
  server.unref();
  return server;
}

function note(fd: number): void {
  fs.ftruncateSync(fd, 0);
  fs.writeSync(fd, `${process.pid}\n`, 0);
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
