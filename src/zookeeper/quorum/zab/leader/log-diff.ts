import type { ZooKeeperStorage } from '../../../storage/storage.ts';
import type { Replaying } from '../../../storage/recovery.ts';
import { counterOf, follows } from '../../../tree/transactions/zxid.ts';
import { proposalOfLog, type Proposal } from '../history.ts';

/** A part of the log files lacks something, or can't be read by those it is for. */
class LogGap extends Error {}

/** What the log files have behind a transaction: for learners that were away for longer than memory goes back. */
export class LogDiff {
  private readonly storage: Pick<ZooKeeperStorage, 'logSlices' | 'snapshotZxids'>;
  private readonly after: number;
  private readonly for34: boolean;

  constructor(storage: Pick<ZooKeeperStorage, 'logSlices' | 'snapshotZxids'>, after: number, for34: boolean) {
    this.storage = storage;
    this.after = after;
    this.for34 = for34;
  }

  /**
   * Slice by slice, up to `upTo`. Throws where anything is missing, so that what came before may be sent, and nothing behind it: the
   * log must have the transaction that the learner's ends with (or, where that is the mere beginning of an epoch, an earlier one) and
   * go on from there without a hole. A tree that a leader once sent makes one, too: it is found by its snapshot.
   */
  *slices(upTo = Number.POSITIVE_INFINITY): Generator<Proposal[], void, undefined> {
    const { after } = this;
    const holes = this.storage.snapshotZxids().filter((zxid) => zxid > after && counterOf(zxid) !== 0);
    let previous: number | null = null;
    let last = after;
    let slice: Proposal[] = [];
    const each: Replaying = (transaction, digest) => {
      const { zxid } = transaction.header;
      if (zxid <= after) previous = zxid;
      if (zxid <= after || zxid > upTo) return;
      const isKnown = previous === after || (previous !== null && counterOf(after) === 0);
      if (!isKnown || !follows(zxid, last) || holes.some((hole) => hole > last && hole < zxid))
        throw new LogGap(`0x${zxid.toString(16)} doesn't follow 0x${last.toString(16)}`);
      const logged = proposalOfLog(transaction, digest);
      if (this.for34 && logged.isBeyond34) throw new LogGap('3.4 could not read it');
      slice.push(logged);
      last = zxid;
    };
    const log = this.storage.logSlices(after, each);
    while (log.next().done !== true) {
      yield slice;
      slice = [];
      if (last >= upTo) return;
    }
    if (upTo !== Number.POSITIVE_INFINITY) throw new LogGap(`the log files end with 0x${last.toString(16)}`);
  }
}
