import { FileError } from '../../runtime/runtime.ts';
import { StorageError } from './storage-error.ts';

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC:
    'make room there (autopurge.purgeInterval removes old snapshots and logs by itself) and start this server again; nothing that it acknowledged is lost',
  EDQUOT:
    'raise the quota of this user there and start this server again; nothing that it acknowledged is lost',
  EIO: 'the disk fails: replace it; if this server is one of an ensemble, it syncs anew on an empty one',
  EROFS: 'mount it for writing, or name another folder in dataDir',
  EACCES: 'give the folder to the user that runs this server, or name another one in dataDir',
};

/** What the disk did, with what to do about it, as a StorageError; any other error as it is. */
export function explainDiskFailure(error: unknown): unknown {
  if (!(error instanceof FileError)) return error;
  const advice = ADVICE[error.code];
  return advice === undefined
    ? error
    : new StorageError(`DISK_${error.code}`, error.path, `${error.message}: ${advice}`, error);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
