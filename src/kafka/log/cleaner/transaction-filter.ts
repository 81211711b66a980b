import { isControl, isTransactional, lastOffset, producerId } from '../../records/batch.ts';
import type { ControlRecord } from '../../records/control-record.ts';
import type { AbortedTransaction } from '../log-types.ts';

export type BatchFate = 'data' | 'aborted data' | 'marker with data' | 'marker without data';

/**
 * Follows the transactions of a log while its batches pass by in order, and says of each batch whether it was aborted and, of a marker,
 * whether any data of its transaction is left.
 */
export class TransactionFilter {
  private readonly aborted: AbortedTransaction[];
  private next = 0;
  private readonly aborting = new Map<number, { sawData: boolean }>();
  private readonly committing = new Set<number>();

  /** `aborted`: all that touch the range. */
  constructor(aborted: readonly AbortedTransaction[]) {
    this.aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** `marker`: of a control batch. */
  fate(b: Buffer, at: number, marker: ControlRecord | null): BatchFate {
    const last = lastOffset(b, at);
    while (this.next < this.aborted.length && this.aborted[this.next]!.firstOffset <= last)
      this.aborting.set(this.aborted[this.next++]!.producerId, { sawData: false });
    const id = producerId(b, at);
    if (isControl(b, at)) {
      if (marker === null) return 'marker with data'; // of another kind: stays
      if (marker.type === 'commit')
        return this.committing.delete(id) ? 'marker with data' : 'marker without data';
      const sawData = this.aborting.get(id)?.sawData ?? false;
      this.aborting.delete(id);
      return sawData ? 'marker with data' : 'marker without data';
    }
    if (!isTransactional(b, at)) return 'data';
    const aborting = this.aborting.get(id);
    if (aborting !== undefined) {
      aborting.sawData = true;
      return 'aborted data';
    }
    this.committing.add(id);
    return 'data';
  }
}
