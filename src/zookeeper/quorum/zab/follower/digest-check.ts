import { RareWarnings } from '../../../../runtime/rare-warnings.ts';
import type { Clock, Log } from '../../../../runtime/runtime.ts';
import type { DataTree } from '../../../tree/data-tree.ts';
import type { TreeDigest } from '../../../tree/transactions/transaction-codec.ts';
import { DIGEST_VERSION } from '../../../tree/digest/tree-digest.ts';

/**
 * Compares the own tree with the leader's, whose proposals tell its digest since 3.6. What differs is counted and logged, no more, as
 * at Apache's: the tree may have been wrong for long, and clients depend on it.
 */
export class DigestCheck {
  mismatches = 0;
  private readonly tree: DataTree;
  private readonly warnings: RareWarnings;
  /** A tree that came over the wire is ahead in parts, till all that was sent with it is applied. */
  private readonly after: number;

  constructor(tree: DataTree, after: number, log: Log, clock: Clock) {
    this.tree = tree;
    this.after = after;
    this.warnings = new RareWarnings(log, clock);
  }

  /** Right after the transaction was applied. */
  applied(zxid: number, { version, digest }: TreeDigest): void {
    if (zxid <= this.after || version !== DIGEST_VERSION || this.tree.digest === digest) return;
    this.mismatches += 1;
    this.warnings.warn(
      'digest',
      `this server's znodes differ from the leader's, as of transaction 0x${zxid.toString(16)} (${this.mismatches} transactions so far); ` +
        `to make them equal stop this server, move its data away, and start it again: it syncs anew`,
    );
  }
}
