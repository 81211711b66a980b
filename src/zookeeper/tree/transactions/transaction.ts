import type { Acl } from '../acl/acl.ts';

/**
 * A change of the tree, as the leader decided it: absolute values (new versions, new paths), nothing left to check. Applying it
 * needs no clock and no configuration, so every server comes to the same tree.
 *
 * zxids and times are numbers: epoch << 32 | counter stays exact below epoch 2^21. Session ids use all 64 bits: bigint.
 */
export interface Transaction {
  readonly header: TransactionHeader;
  readonly record: TransactionRecord;
}

export interface TransactionHeader {
  readonly sessionId: bigint;
  /** The client's xid; 0 for what the server itself wants. */
  readonly cxid: number;
  readonly zxid: number;
  /** ms since 1970 */
  readonly timeMs: number;
  /** An OpCode. `create2` and `reconfig` keep their own types, though the records are those of `create` and `setData`. */
  readonly type: number;
}

export type TransactionRecord =
  | CreateRecord
  | DeleteRecord
  | SetDataRecord
  | CheckRecord
  | SetAclRecord
  | CreateSessionRecord
  | CloseSessionRecord
  | ErrorRecord
  | MultiRecord;

export interface CreateRecord {
  readonly kind: 'create';
  /** Final: with the sequential suffix. */
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[];
  /** As the znode stores it: 0, a session, or what `owner.ts` makes of containers and TTLs. */
  readonly owner: bigint;
  /** The parent's stored cversion after this create; -1 in logs before 3.4: one more than it has. */
  readonly parentCversion: number;
}

export interface DeleteRecord {
  readonly kind: 'delete';
  readonly path: string;
}

export interface SetDataRecord {
  readonly kind: 'setData';
  readonly path: string;
  readonly data: Buffer | null;
  /** The new version. */
  readonly version: number;
}

/** Only inside a multi: nothing to do any more. */
export interface CheckRecord {
  readonly kind: 'check';
  readonly path: string;
  readonly version: number;
}

export interface SetAclRecord {
  readonly kind: 'setACL';
  readonly path: string;
  readonly acl: readonly Acl[];
  /** The new aversion. */
  readonly version: number;
}

export interface CreateSessionRecord {
  readonly kind: 'createSession';
  readonly timeoutMs: number;
}

export interface CloseSessionRecord {
  readonly kind: 'closeSession';
  /** The ephemerals that go; null in what 3.4 wrote, where all of the session's go. */
  readonly paths: readonly string[] | null;
}

/** A refused request. */
export interface ErrorRecord {
  readonly kind: 'error';
  readonly error: number;
}

export interface MultiRecord {
  readonly kind: 'multi';
  /** When one is an error all are as they would have been, or errors; none is applied then. */
  readonly parts: readonly MultiPart[];
}

export interface MultiPart {
  readonly type: number;
  readonly record: TransactionRecord;
}
