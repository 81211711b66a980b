import type { Znode } from './znode.ts';

/**
 * What applying a transaction came to, for the answer to the client who asked. It is reused by the next `apply`: take what
 * you need before.
 */
export interface ApplyResult {
  /** An ErrorCode; 0 when it was done. For a multi: that of the first part that has one. */
  error: number;
  /** Of a create: the path with its sequential suffix. Of setData and setACL: theirs. */
  path: string;
  /**
   * What was created or changed, as it is right after this transaction: answer with `tree.writeStat(node, writer)` before
   * the next `apply`. Null for all else, and within a multi, which has `stat` instead.
   */
  node: Znode | null;
  /** Within a multi: the 68 bytes of the Stat as it was right after this part. */
  stat: Buffer | null;
  /** Of a multi: one for each part, with the part's OpCode (`error` for the bad ones). */
  parts: (ApplyResult & { type: number })[] | null;
}
