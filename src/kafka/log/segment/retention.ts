import type { LogConfig } from '../log-config.ts';
import type { SegmentList } from './segment-list.ts';
import type { LogSegment } from './segment.ts';

export interface RetentionInput {
  readonly segments: SegmentList;
  readonly config: LogConfig;
  readonly nowMs: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly highWatermark: number;
}

/**
 * The oldest segments that may go: too old, too much, or below the log start offset. Never one with records above the high watermark, and
 * never an empty last one.
 */
export function deletableSegments(input: RetentionInput): LogSegment[] {
  const { config, nowMs, segments } = input;
  const isDelete = config.cleanupPolicy.includes('delete');
  const count = Math.max(
    countWhile(input, (segment, end) => end <= input.logStartOffset && segment !== segments.active),
    isDelete && config.retentionMs >= 0
      ? countWhile(input, (segment) => nowMs - segment.largestTimestampMs > config.retentionMs)
      : 0,
    isDelete && config.retentionBytes >= 0 ? countBySize(input) : 0,
  );
  return segments.all.slice(0, count);
}

function countBySize(input: RetentionInput): number {
  let excess = input.segments.sizeBytes - input.config.retentionBytes;
  return countWhile(input, (segment) => {
    if (excess - segment.sizeBytes < 0) return false;
    excess -= segment.sizeBytes;
    return true;
  });
}

function countWhile(input: RetentionInput, may: (segment: LogSegment, end: number) => boolean): number {
  const { segments, highWatermark, logEndOffset } = input;
  const all = segments.all;
  let count = 0;
  for (const segment of all) {
    const end = segments.endOffset(count, logEndOffset);
    const isEmptyLast = count === all.length - 1 && segment.sizeBytes === 0;
    if (end > highWatermark || isEmptyLast || !may(segment, end)) break;
    count++;
  }
  return count;
}
