import type { Files } from '../../runtime/runtime.ts';
import { LAST_EPOCH } from '../tree/transactions/zxid.ts';
import { StorageError } from './storage-error.ts';

/** Members of an ensemble keep two: the epoch they promised to take part in, and the one whose leader they followed last. */
export type EpochName = 'acceptedEpoch' | 'currentEpoch';

/** Null when there is none, as on a server that never was in an ensemble. */
export function readEpoch(files: Files, folder: string, name: EpochName): number | null {
  const path = `${folder}/${name}`;
  if (!files.exists(path)) return null;
  const file = files.open(path, 'read');
  const bytes = Buffer.alloc(32);
  const length = file.read(bytes, 0, bytes.length, 0);
  file.close();
  const text = bytes.toString('latin1', 0, length).trim();
  const epoch = Number(text);
  if (!/^\d{1,10}$/.test(text))
    throw new StorageError(
      'EPOCH_UNREADABLE',
      path,
      `${path} should hold an epoch, a whole number, but holds "${text}"; write the epoch of the last transaction into it`,
    );
  if (epoch > LAST_EPOCH)
    throw new StorageError(
      'EPOCH_TOO_LARGE',
      path,
      `${path} holds epoch ${epoch}, and the last that there can be is ${LAST_EPOCH}: no ensemble gets there by elections. Stop the servers of the ensemble ` +
        'that say so, remove this file on each of them and start them again: they go on from the epoch of their last transaction',
    );
  return epoch;
}

/** Replaces the file atomically; resolves when it is on the disk. */
export async function writeEpoch(
  files: Files,
  folder: string,
  name: EpochName,
  epoch: number,
): Promise<void> {
  const path = `${folder}/${name}`;
  const file = files.open(`${path}.tmp`, 'write');
  try {
    file.truncate(0);
    file.write(Buffer.from(String(epoch)), 0);
    await file.sync();
  } finally {
    file.close();
  }
  files.rename(`${path}.tmp`, path);
  await files.syncFolder(folder);
}
