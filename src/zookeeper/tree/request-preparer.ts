import type { AuthSchemes, Id } from './acl.ts';
import type { DataTree } from './data-tree.ts';
import type { Transaction } from './transaction.ts';

/** A write as it came: from a client, from a follower, or from the server itself. */
export interface WriteRequest {
  readonly op: number;
  readonly sessionId: bigint;
  readonly cxid: number;
  /** The request's record: bytes of `body` from `start` to `end`. For createSession the timeout as int, for closeSession nothing. */
  readonly body: Buffer;
  readonly start: number;
  readonly end: number;
  readonly authIds: readonly Id[];
}

export interface PreparerSettings {
  readonly schemes: AuthSchemes;
  readonly skipAcl: boolean;
  readonly enforceQuota: boolean;
  readonly extendedTypesEnabled: boolean;
  readonly reconfigEnabled: boolean;
}

/**
 * Turns requests into transactions: checks them against the tree as it will be when all that was prepared before is applied.
 * Whatever is refused becomes an error transaction, which uses up its zxid all the same. Only the leader (or a standalone server)
 * has one; after a change of leader make a new one.
 *
 * Call `prepare` for each write in order, with zxids that rise; propose, log, commit; `tree.apply`; then `applied`.
 * Data in a transaction is a view of the request's `body`: keep that unchanged until the transaction is applied.
 */
export declare class RequestPreparer {
  constructor(tree: DataTree, settings: PreparerSettings);
  prepare(request: WriteRequest, zxid: number, timeMs: number): Transaction;
  /** The transactions up to this one are in the tree now: forget what was remembered for them. */
  applied(zxid: number): void;
  /** Whether a session is there and not about to be closed by what is outstanding. */
  hasSession(sessionId: bigint): boolean;
  /** Changes prepared but not yet applied. */
  readonly outstanding: number;
}
