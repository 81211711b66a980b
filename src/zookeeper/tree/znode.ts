/**
 * One znode. Its data and Stat aren't here but in the tree's cells, encoded as answers have them; so ask the tree
 * (`writeDataAndStat`, `writeStat`, `statOf`, `dataOf`). This object only says where.
 */
export interface Znode {
  /** Names, without paths; null: none. In the order in which they were created. */
  readonly children: ReadonlySet<string> | null;
  /** As stored: 0, a session, or a container's or TTL's mark (see `owner.ts`). */
  readonly owner: bigint;
}
