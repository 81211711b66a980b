import type { Digests } from '../../runtime/runtime.ts';
import type { Writer } from '../../wire/writer.ts';
import type { Acl } from './acl.ts';
import type { ApplyResult } from './apply-result.ts';
import type { Transaction } from './transaction.ts';
import type { WatchTable, Watcher } from './watch-table.ts';
import type { Znode } from './znode.ts';

/** Client's view of a znode; the encoded form comes from `writeStat`. */
export interface Stat {
  czxid: number;
  mzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  dataLength: number;
  numChildren: number;
  pzxid: number;
}

/** The replicated state. Pure: no clock, no files. The same transactions make the same tree everywhere. */
export declare class DataTree {
  constructor(digests: Digests);
  readonly watches: WatchTable;
  /** Session id to timeout in ms, as of the last applied transaction. Expiry is decided elsewhere. */
  readonly sessions: ReadonlyMap<bigint, number>;
  /** Of the last transaction applied. */
  lastZxid: number;
  /** Number of znodes, the root and /zookeeper included. */
  readonly nodeCount: number;
  /** Bytes of all paths (as characters) and data, as mntr's approximate_data_size. */
  readonly approximateDataSize: number;
  readonly ephemeralCount: number;
  /** Sum over all znodes that `hash` and Apache's logs have (version 2), unsigned 64 bits as signed bigint. */
  readonly digest: bigint;

  find(path: string): Znode | undefined;
  /** GetDataResponse: data, then Stat: one copy. */
  writeDataAndStat(node: Znode, writer: Writer): void;
  /** The 68 bytes of a Stat. */
  writeStat(node: Znode, writer: Writer): void;
  /** vector<ustring>, in the order of creation. */
  writeChildren(node: Znode, writer: Writer): void;
  statOf(node: Znode): Stat;
  /** A copy. */
  dataOf(node: Znode): Buffer | null;
  aclOf(node: Znode): readonly Acl[];
  /** All below, itself left out (getAllChildrenNumber). */
  countBelow(path: string): number;
  /** Paths of a session's ephemerals. */
  ephemeralsOf(sessionId: bigint): ReadonlySet<string>;
  /** Sessions that have ephemerals (dump). */
  readonly ephemerals: ReadonlyMap<bigint, ReadonlySet<string>>;
  /** Containers and TTL nodes that may go at `nowMs`: submit a deleteContainer for each. */
  expiredContainers(nowMs: number, maxNeverUsedMs: number): string[];

  /** Registers what setWatches2 lists; what changed since `relativeZxid` is told at once with zxid -1. */
  setWatches(
    watcher: Watcher,
    relativeZxid: number,
    lists: {
      data: readonly string[];
      exist: readonly string[];
      children: readonly string[];
      persistent: readonly string[];
      persistentRecursive: readonly string[];
    },
  ): void;

  /** Applies the next transaction and tells the watchers. Repeating what a fuzzy snapshot has already is harmless. */
  apply(transaction: Transaction): ApplyResult;
}
