import type { AbortedTransaction, OffsetAndTimestamp } from '../log-types.ts';
import type { SegmentList } from '../segment/segment-list.ts';
import type { LogSegment } from '../segment/segment.ts';

/** The aborted transactions that touch [fromOffset, upTo); maybe a few more. */
export function findAborted(segments: SegmentList, fromOffset: number, upTo: number): AbortedTransaction[] {
  const aborted: AbortedTransaction[] = [];
  for (const segment of segments.all.slice(Math.max(segments.floorIndex(fromOffset), 0)))
    for (const entry of segment.txnIndex.entries) {
      if (entry.lastOffset >= fromOffset && entry.firstOffset < upTo)
        aborted.push({ producerId: entry.producerId, firstOffset: entry.firstOffset });
      // All that was undecided below `upTo` is decided by then, and named above.
      if (entry.lastStableOffset >= upTo) return aborted;
    }
  return aborted;
}

/** The first record from `startOffset` on with this timestamp or a later one; null when it isn't below `upTo`. */
export function findByTimestamp(
  segments: SegmentList,
  timestampMs: number,
  startOffset: number,
  upTo: number,
): OffsetAndTimestamp | null {
  for (const segment of segments.all) {
    if (segment.maxTimestamp < timestampMs) continue;
    const found = segment.findByTimestamp(timestampMs, startOffset);
    if (found !== null) return found.offset < upTo ? found : null;
  }
  return null;
}

/** The first of the records with the largest timestamp. */
export function findMaxTimestamp(segments: SegmentList, startOffset: number): OffsetAndTimestamp | null {
  let newest: LogSegment | null = null;
  for (const segment of segments.all)
    if (segment.maxTimestamp > (newest?.maxTimestamp ?? -1)) newest = segment;
  return newest === null ? null : newest.findByTimestamp(newest.maxTimestamp, startOffset);
}
