import { StorageError } from '../storage/storage-error.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import { epochOf } from '../tree/transactions/zxid.ts';

/** The epoch that a server agreed to last, and the one of which it took part. Both are on the disk. */
export interface Epochs {
  readonly accepted: number;
  readonly current: number;
}

/** Missing files are those of a server that was never in an ensemble. Throws a StorageError when they can't be true. */
export async function readEpochs(storage: ZooKeeperStorage, dataDir: string): Promise<Epochs> {
  const ofLog = epochOf(storage.tree.lastZxid);
  const storedCurrent = storage.epoch('currentEpoch') ?? ofLog;
  const storedAccepted = storage.epoch('acceptedEpoch') ?? storedCurrent;
  if (storedAccepted < storedCurrent)
    throw new StorageError(
      'EPOCHS_CROSSED',
      dataDir,
      `acceptedEpoch (${storedAccepted}) in ${dataDir} is below currentEpoch (${storedCurrent}), which no server writes; ` +
        `restore both from a copy, or move the data away and let this server sync anew`,
    );
  // Who has a transaction of an epoch has all that epoch began with: it just died before it could write so.
  const current = Math.max(storedCurrent, ofLog);
  const accepted = Math.max(storedAccepted, current);
  if (storage.epoch('acceptedEpoch') !== accepted) await storage.setEpoch('acceptedEpoch', accepted);
  if (storage.epoch('currentEpoch') !== current) await storage.setEpoch('currentEpoch', current);
  return { accepted, current };
}
