import type { Files } from '../../runtime/runtime.ts';
import { listLogs, logsAfter } from './files.ts';
import { readLog } from './log-reader.ts';
import type { Replaying } from './recovery.ts';

/** About so much is read before others get their turn: some 2 ms. */
const SLICE_BYTES = 256 * 1024;

/**
 * Hands out what the log has from the file on that may hold `after`, with an interruption after each slice. A transaction is valid
 * during the call only. Throws a StorageError for a log that is broken, a FileError for a file that was purged meanwhile.
 */
export function* logSlices(
  files: Files,
  folder: string,
  after: number,
  each: Replaying,
): Generator<void, void, undefined> {
  for (const named of logsAfter(listLogs(files, folder), after)) {
    const file = files.open(named.path, 'read');
    try {
      for (let from = 0, isOver = false; !isOver;) {
        const begun = from;
        let stoppedAt = -1;
        const end = readLog(
          file,
          (transaction, digest, offset) => {
            if (offset - begun > SLICE_BYTES) {
              stoppedAt = offset;
              return false;
            }
            each(transaction, digest);
            return true;
          },
          from,
        );
        isOver = stoppedAt < 0;
        from = end.offset;
        yield;
      }
    } finally {
      file.close();
    }
  }
}
