import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket's path has at most 104 bytes on macOS, 108 on Linux. */
const SOCKET_PATH_MAX = 100;

/** Where the commands of a project find its running `up`. */
export function controlPath(stateFolder: string): string {
  const id = createHash('sha256').update(stateFolder).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\gregor-${id}`;
  const path = join(stateFolder, 'control.sock');
  return Buffer.byteLength(path) <= SOCKET_PATH_MAX ? path : join(tmpdir(), `gregor-${id}.sock`);
}
