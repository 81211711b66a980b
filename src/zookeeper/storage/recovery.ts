import type { Runtime } from '../../runtime/runtime.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { DIGEST_VERSION } from '../tree/digest/tree-digest.ts';
import type { TreeDigest } from '../tree/transactions/transaction-codec.ts';
import { follows } from '../tree/transactions/zxid.ts';
import { listLogs, listSnapshots, logsAfter, type NamedFile } from './files.ts';
import { readLog } from './log-reader.ts';
import { SnapshotError, looksWhole, readSnapshot, type SnapshotDigest } from './snapshot-reader.ts';
import { StorageError } from './storage-error.ts';

/** After so many broken snapshots in a row it isn't bad luck. */
const MOST_SNAPSHOTS_TRIED = 100;

export interface Recovered {
  /** The snapshot that was loaded; null: there is none. */
  readonly snapshot: NamedFile | null;
  /** Transactions read from the log and applied. */
  readonly replayed: number;
  /** Bytes of log replayed. */
  readonly replayedBytes: number;
  /** The log tells digests, and where it told the last of them the tree was the same: it is what the leader's was then. */
  readonly isAsLogged: boolean;
}

/** Sees each transaction that the log had behind the snapshot, and the digest that it tells; valid during the call. */
export type Replaying = (transaction: Transaction, digest: TreeDigest | null) => void;

/** Brings an empty tree to what the disk holds: the newest snapshot that can be read, then the log from there on. */
export function recover(
  runtime: Runtime,
  tree: DataTree,
  folders: { snapshots: string; logs: string },
  trustEmptySnapshot: boolean,
  replaying: Replaying = () => {},
): Recovered {
  const { files, log } = runtime;
  const loaded = loadNewest(runtime, folders.snapshots, tree);
  const logs = listLogs(files, folders.logs);
  if (loaded === null && !trustEmptySnapshot && logs.some((file) => holdsTransactions(runtime, file)))
    throw new StorageError(
      'NO_SNAPSHOT',
      folders.snapshots,
      `${folders.logs} has transactions, but ${folders.snapshots} has no snapshot to begin from; bring the snapshots back, ` +
        `or, if this server never wrote one (3.4 on a young server), start once with snapshot.trust.empty=true`,
    );
  const start = loaded?.file.zxid ?? 0;
  const check = new DigestCheck(runtime, tree, loaded?.digest ?? null);
  let replayed = 0;
  let replayedBytes = 0;
  for (const named of logsAfter(logs, start)) {
    const file = files.open(named.path, 'read');
    let firstOffset = -1;
    try {
      const end = readLog(file, (transaction, digest, offset) => {
        const { zxid } = transaction.header;
        if (zxid <= start) return;
        if (firstOffset < 0) firstOffset = offset;
        if (loaded !== null || replayed > 0) refuseHole(named, offset, tree.lastZxid, zxid);
        if (zxid <= tree.lastZxid)
          log.warn('a transaction comes after a later one; it is applied all the same', {
            file: named.path,
            offset,
            zxid: zxid.toString(16),
          });
        tree.apply(transaction);
        replaying(transaction, digest);
        check.applied(zxid, digest);
        replayed++;
      });
      if (firstOffset >= 0) replayedBytes += end.offset - firstOffset;
      if (end.reason === 'torn')
        log.warn('the log ends in an entry that was never written to its end; nobody was told it is done', {
          file: named.path,
          offset: end.offset,
        });
    } finally {
      file.close();
    }
  }
  return { snapshot: loaded?.file ?? null, replayed, replayedBytes, isAsLogged: check.end() };
}

/** Zxids of an epoch follow one another, and an epoch begins with 1: what is missing was never applied here. */
function refuseHole(named: NamedFile, offset: number, last: number, zxid: number): void {
  if (zxid <= last || follows(zxid, last)) return;
  throw new StorageError(
    'LOG_HOLE',
    named.path,
    `${named.path}: behind zxid 0x${last.toString(16)} comes 0x${zxid.toString(16)} at byte ${offset}, so what was between them is missing. ` +
      `Restore the logs and snapshots that are gone; or, if this server is one of an ensemble, move its data away and let it sync anew`,
  );
}

function loadNewest(
  runtime: Runtime,
  folder: string,
  tree: DataTree,
): { file: NamedFile; digest: SnapshotDigest | null } | null {
  const candidates = listSnapshots(runtime.files, folder).reverse().slice(0, MOST_SNAPSHOTS_TRIED);
  let tried: SnapshotError | null = null;
  for (const file of candidates) {
    if (!looksWhole(runtime, file)) {
      runtime.log.warn('a snapshot was never written to its end; an older one is used', { file: file.path });
      continue;
    }
    try {
      return { file, digest: readSnapshot(runtime, file, tree) };
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      tried = error;
      runtime.log.warn(
        `${file.path} can't be read: ${error.message}; the snapshot before it is used, and the log from there on`,
      );
    }
  }
  if (tried !== null)
    throw new StorageError(
      'NO_GOOD_SNAPSHOT',
      folder,
      `none of the snapshots in ${folder} can be read (${tried.message}); restore one, or, if this server is one of an ensemble, ` +
        `move its data away and let it sync anew`,
      tried,
    );
  return null;
}

function holdsTransactions(runtime: Runtime, named: NamedFile): boolean {
  const file = runtime.files.open(named.path, 'read');
  let found = false;
  try {
    readLog(file, () => {
      found = true;
      return false;
    });
  } finally {
    file.close();
  }
  return found;
}

/** Compares the tree with the digests on disk, as soon as the snapshot isn't fuzzy any more. What differs is only reported, as Apache does. */
class DigestCheck {
  private readonly runtime: Runtime;
  private readonly tree: DataTree;
  private awaited: SnapshotDigest | null;
  private told: { zxid: number; recorded: bigint; recovered: bigint } | null = null;

  constructor(runtime: Runtime, tree: DataTree, awaited: SnapshotDigest | null) {
    this.runtime = runtime;
    this.tree = tree;
    this.awaited = awaited;
    if (awaited !== null && awaited.zxid === tree.lastZxid) this.compareAwaited();
  }

  applied(zxid: number, digest: TreeDigest | null): void {
    if (this.awaited !== null) {
      if (zxid >= this.awaited.zxid) this.compareAwaited();
      return;
    }
    // Only the last one is compared: what went wrong before shows in it, too.
    if (digest?.version === DIGEST_VERSION)
      this.told = { zxid, recorded: digest.digest, recovered: this.tree.digest };
  }

  /** @returns whether the last digest that the log tells is the tree's. */
  end(): boolean {
    const { told } = this;
    if (told === null) return false;
    this.compare(told.zxid, told.recorded, told.recovered);
    return told.recorded === told.recovered;
  }

  private compareAwaited(): void {
    const { zxid, version, digest } = this.awaited!;
    this.awaited = null;
    if (zxid === this.tree.lastZxid && version === DIGEST_VERSION)
      this.compare(zxid, digest, this.tree.digest);
  }

  private compare(zxid: number, recorded: bigint, recovered: bigint): void {
    if (recovered === recorded) return;
    this.runtime.log.error(
      "the tree that was recovered differs from the one that was written: its digest isn't the recorded one",
      { zxid: zxid.toString(16), recovered, recorded },
    );
  }
}
