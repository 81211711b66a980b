import type { PartitionLog } from '../../log/partition-log.ts';

/**
 * ListOffsets as it was before KIP-79, which version 0 still is: where the segments begin that were written last no later than a time,
 * and the log's end, newest first. `latest` and `earliest` stand for the end and for the first segment. Nobody is told more than `bound`.
 */
export function segmentOffsets(
  log: PartitionLog,
  before: number | 'latest' | 'earliest',
  bound: number,
  maxOffsets: number,
): number[] {
  const segments = log.segmentList.all;
  const offsets = segments.map(({ baseOffset }) => Math.max(baseOffset, log.logStartOffset));
  if (log.segmentList.active.sizeBytes > 0) offsets.push(log.logEndOffset);
  const count =
    before === 'latest'
      ? offsets.length
      : before === 'earliest'
        ? 1
        : segments.findLastIndex(({ lastModifiedMs }) => lastModifiedMs <= before) + 1;
  const found = offsets.slice(Math.max(count - maxOffsets, 0), count).reverse();
  const known = found.filter((offset) => offset <= bound);
  return known.length < found.length ? [bound, ...known] : found;
}
