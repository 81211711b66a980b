/**
 * One znode. Its data and Stat aren't here but in a cell (see Cells), encoded as GetDataResponse has them: int32 length, data, Stat.
 * Only the tree writes it; others ask the tree (`writeDataAndStat`, `writeStat`, `statOf`, `dataOf`).
 */
export class Znode {
  cell: number;
  /** Names, without paths, in the order in which they were created; null: none. */
  children: Set<string> | null = null;
  /** As stored: 0, a session, or a container's or TTL's mark (see `owner.ts`). */
  owner: bigint;
  /** As stored: creates of children. Clients see 2 * this - children. */
  cversion = 0;
  /** Key in the ACL table; -1: open to all. */
  acl = -1;
  /** This znode's part in the tree's digest as it was last counted, as int32. */
  digest = 0;

  constructor(cell: number, owner: bigint) {
    this.cell = cell;
    this.owner = owner;
  }
}
