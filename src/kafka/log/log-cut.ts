import { loadProducers } from './load-log.ts';
import type { LogParts } from './log-parts.ts';
import { newSegment } from './segment/new-segment.ts';

/** Cuts the log so that it ends at `offset`, or before it where a batch goes across. @returns whether anything was cut. */
export function truncateTo(parts: LogParts, offset: number): boolean {
  const { runtime, guard, segments, offsets, epochs, producers, snapshots } = parts;
  guard.requireOpen();
  if (offset >= offsets.end) return false;
  if (offset < segments.first.baseOffset) {
    truncateFullyAndStartAt(parts, offset);
    return true;
  }
  guard.run(() => {
    for (const segment of [...segments.all].reverse()) {
      if (segment.baseOffset <= offset) break;
      segments.remove(segment);
      segment.removeFiles();
    }
    offsets.cutTo(segments.active.truncateTo(offset));
    afterCut(parts);
    epochs.truncateFromEnd(offsets.end);
    snapshots.removeAbove(offsets.end);
    loadProducers(runtime, segments, producers, snapshots, offsets.end, false);
  });
  return true;
}

/** Drops everything; the log is empty at `offset`. */
export function truncateFullyAndStartAt(parts: LogParts, offset: number): void {
  const { runtime, folder, guard, segments, offsets, epochs, producers, snapshots, config } = parts;
  guard.requireOpen();
  guard.run(() => {
    for (const segment of segments.all) {
      segments.remove(segment);
      segment.removeFiles();
    }
    segments.add(newSegment(runtime, folder, offset, config));
    offsets.restartAt(offset);
    afterCut(parts);
    epochs.clear();
    snapshots.removeAbove(-1);
    producers.clear();
    producers.mapEndOffset = offset;
  });
}

/** Nobody may see or promise what is gone. */
function afterCut({ runtime, options, disk, offsets, reader, tail }: LogParts): void {
  if (disk.recoveryPoint > offsets.end) runtime.clock.soon(() => options.onRecoveryPointLowered?.());
  tail.clear();
  reader.forget();
  disk.lowerTo(offsets.end);
}
