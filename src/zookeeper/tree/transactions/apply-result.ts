import type { Znode } from '../znodes/znode.ts';

/**
 * What applying a transaction came to, for the answer to the client who asked. It is reused by the next `apply`: take what
 * you need before.
 */
export interface ApplyResult {
  /** An ErrorCode; 0 when it was done. For a multi: that of the first part that has one. */
  error: number;
  /** Of a create: the path with its sequential suffix. Of delete, setData and setACL: theirs. */
  path: string;
  /**
   * What was created or changed, as it is right after this transaction: answer with `tree.writeStat(node, writer)` before
   * the next `apply`. Null for all else.
   */
  node: Znode | null;
  /** Of a multi: one for each part. Of a session's end: one for each ephemeral that went with it, or was gone before. */
  parts: MultiPartResult[] | null;
}

export interface MultiPartResult {
  /** The part's OpCode; `error` for all when the multi failed. */
  readonly type: number;
  readonly error: number;
  readonly path: string;
  /** The 68 bytes of the Stat as it was right after this part; null for delete, check and errors. */
  readonly stat: Buffer | null;
}
