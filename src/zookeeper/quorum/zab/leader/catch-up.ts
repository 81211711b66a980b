import { counterOf } from '../../../tree/transactions/zxid.ts';
import type { History, Proposal } from '../history.ts';
import type { Learner } from './learner.ts';

export interface CatchUpSettings {
  /** How large the part of the log may be that is sent instead of a snapshot, as a share of that; 0: any; below: none. */
  readonly snapshotSizeFactor: number;
  readonly forceSnapshotSync: boolean;
}

/** How a learner gets to the leader's history. */
export type CatchUp =
  /** Just what it lacks. */
  | { readonly kind: 'diff'; readonly missing: readonly Proposal[] }
  /** It has too much. */
  | { readonly kind: 'truncate' }
  /** What it lacks may be in the log files. */
  | { readonly kind: 'search' }
  | { readonly kind: 'snapshot' };

/**
 * As 3.9 chooses, but that a learner which has what its leader never had gets a snapshot in whatever epoch that was: 3.4 cuts there
 * to a transaction that the learner may not have.
 */
export function chooseCatchUp(
  { lastZxid, is34 }: Learner,
  history: History,
  settings: CatchUpSettings,
): CatchUp {
  const { lastCommitted } = history;
  if (settings.forceSnapshotSync) return { kind: 'snapshot' };
  if (lastZxid > lastCommitted && counterOf(lastZxid) !== 0) return { kind: 'truncate' };
  const missing = lastZxid <= lastCommitted ? history.after(lastZxid) : null;
  if (missing !== null) {
    const isReadable = !is34 || !missing.some(({ isBeyond34 }) => isBeyond34);
    return isReadable ? { kind: 'diff', missing } : { kind: 'snapshot' };
  }
  const isOlder = lastZxid < history.begin && lastZxid !== 0;
  return isOlder && settings.snapshotSizeFactor >= 0 ? { kind: 'search' } : { kind: 'snapshot' };
}
