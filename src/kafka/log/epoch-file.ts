import type { Files } from '../../runtime/runtime.ts';
import { AtomicFile } from './folder/atomic-file.ts';
import { formatEpochCheckpoint, parseEpochCheckpoint } from './folder/checkpoint-text.ts';
import { LEADER_EPOCH_FILE } from './folder/file-names.ts';
import { LeaderEpochCache } from './leader-epoch-cache.ts';

/**
 * The epochs of a log and their file. Recovery finds the epochs after the recovery point in the batches, so the file is written when that
 * point moves.
 */
export class EpochFile {
  readonly epochs: LeaderEpochCache;
  private readonly file: AtomicFile;
  private isStale: boolean;

  /** `isExpected`: the log has epochs, so the file is made where it is missing. */
  constructor(files: Files, folder: string, isExpected: boolean) {
    this.file = new AtomicFile(files, folder, LEADER_EPOCH_FILE);
    const text = this.file.read();
    this.isStale = text === null && isExpected;
    this.epochs = new LeaderEpochCache(text === null ? [] : parseEpochCheckpoint(text), () => {
      this.isStale = true;
    });
  }

  /** Resolves when the epochs are on the disk. */
  async write(): Promise<void> {
    if (!this.isStale) return;
    this.isStale = false;
    await this.file.write(formatEpochCheckpoint(this.epochs.entries));
  }

  /** The file is about to go. */
  abandon(): void {
    this.file.abandon();
  }
}
