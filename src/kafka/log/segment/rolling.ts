import type { LogConfig } from '../log-config.ts';
import type { LogSegment, SegmentAppend } from './segment.ts';

/** Whether an append needs a new segment: the active one would be too large or too old, its index is full, or offsets are too far apart. */
export function mustRoll(
  active: LogSegment,
  append: SegmentAppend,
  config: LogConfig,
  nowMs: number,
  jitterMs: number,
): boolean {
  if (!active.canHold(append.lastOffset)) return true;
  if (
    active.offsetIndex.isFull(config.segmentIndexBytes) ||
    active.timeIndex.isFull(config.segmentIndexBytes)
  )
    return true;
  if (active.sizeBytes === 0) return false;
  return (
    active.sizeBytes > config.segmentBytes - append.sizeBytes ||
    active.ageMs(nowMs, append.maxTimestamp) > config.segmentMs - jitterMs
  );
}
