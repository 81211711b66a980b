import type { EpochEndOffset, EpochEntry } from '../../log/log-types.ts';

/** What a follower knows of its own log when it compares it with its leader's. */
export interface OwnLog {
  readonly logEndOffset: number;
  readonly highWatermark: number;
  /** Rising epochs with the offsets at which they begin. */
  readonly epochEntries: readonly EpochEntry[];
  endOffsetForEpoch(epoch: number): EpochEndOffset;
}

export interface Truncation {
  readonly offset: number;
  /** False: cut there, then ask again with what is the newest epoch now. */
  readonly done: boolean;
}

/**
 * Where a follower cuts its log, after the leader said which epoch it has that is not above the one asked for, and where that ends
 * (KIP-101, KIP-279). May be below the high watermark.
 */
export function truncationPoint(own: OwnLog, leader: EpochEndOffset): Truncation {
  const { logEndOffset } = own;
  if (leader.endOffset < 0) return { offset: Math.min(own.highWatermark, logEndOffset), done: true };
  if (leader.epoch < 0) return { offset: Math.min(leader.endOffset, logEndOffset), done: true };
  const mine = own.endOffsetForEpoch(leader.epoch);
  if (mine.endOffset < 0) return { offset: Math.min(leader.endOffset, logEndOffset), done: true };
  if (mine.epoch === leader.epoch)
    return { offset: Math.min(mine.endOffset, leader.endOffset, logEndOffset), done: true };
  const knowsLower = own.epochEntries.some((entry) => entry.epoch < leader.epoch);
  if (!knowsLower) return { offset: Math.min(leader.endOffset, logEndOffset), done: true };
  return { offset: Math.min(mine.endOffset, logEndOffset), done: false };
}
