/** What leaders answered, in a form in which it can be compared. */
import { createNodeDigests } from '../../src/runtime/node/digests.ts';
import { Reader } from '../../src/wire/reader.ts';
import { Writer } from '../../src/wire/writer.ts';
import { PacketType } from '../../src/zookeeper/quorum/zab/packets/packets.ts';
import { SnapshotBody } from '../../src/zookeeper/quorum/zab/packets/snapshot-body.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import {
  decodeTransaction,
  encodeTransaction,
} from '../../src/zookeeper/tree/transactions/transaction-codec.ts';
import { firstZxid } from '../../src/zookeeper/tree/transactions/zxid.ts';
import { CONFIG_PATH } from '../../src/zookeeper/tree/znodes/path.ts';
import type { Sessions } from './played-clients.ts';
import { dataOf, kindOf, logUpTo, zxidOf, type QuorumTrace } from './quorum-traces.ts';
import { transactionIn } from './recorded-reigns.ts';
import { textOf } from './tree-text.ts';

const carriesTransaction = new Set(['PROPOSAL', 'INFORM', 'INFORMANDACTIVATE']);

/** Who said it, to whom. */
export interface Talk {
  readonly leader: number;
  readonly isLeaderOf34: boolean;
  readonly isLearnerOf34: boolean;
  /** Null: it is Apache's leader. */
  readonly sessions: Sessions | null;
}

/** As it is compared: without the times of the recording, and without digests, which ours doesn't always tell. */
function comparable(bytes: Buffer, { leader, isLeaderOf34, isLearnerOf34, sessions }: Talk): string {
  const kind = kindOf(bytes);
  if (!carriesTransaction.has(kind)) {
    // 3.4 tells no configuration, and ours doesn't to 3.4.
    const isNothing = kind === 'NEWLEADER' && (isLeaderOf34 || isLearnerOf34);
    // Of those that acknowledged a reconfiguration any may lead: ours takes the one with the largest number.
    if (kind === 'COMMITANDACTIVATE' && dataOf(bytes).readBigInt64BE(0) !== BigInt(leader))
      return `${kind} ${zxidOf(bytes).toString(16)} another leads`;
    const data = isNothing ? '' : withoutClients(dataOf(bytes).toString('latin1'));
    return `${kind} ${zxidOf(bytes).toString(16)} ${data}`.trimEnd();
  }
  const { header, record } = transactionIn(kind === 'INFORMANDACTIVATE' ? withoutLeader(bytes) : bytes);
  const w = new Writer();
  // 3.4 doesn't tell which ephemerals end with a session.
  let told = record.kind === 'closeSession' && isLeaderOf34 ? { ...record, paths: null } : record;
  if (record.kind === 'setData' && record.path === CONFIG_PATH)
    told = { ...record, data: Buffer.from(withoutClients(record.data!.toString())) };
  // What 3.4 breaks down of ours tells it as it can read it.
  const isReadable = sessions === null && isLearnerOf34;
  encodeTransaction(w, { header: { ...header, timeMs: 0 }, record: told }, isReadable);
  return `${kind} ${zxidOf(bytes).toString(16)} ${w.finish().toString('hex')}`;
}

/** Where the recording's clients connected. */
const withoutClients = (configuration: string): string => configuration.replace(/;\S+/g, '');

/** The designated leader stands before the transaction. */
function withoutLeader(bytes: Buffer): Buffer {
  const copy = Buffer.concat([bytes.subarray(0, 16), bytes.subarray(24)]);
  copy.writeInt32BE(bytes.readInt32BE(12) - 8, 12);
  return copy;
}

function treeIn(body: Buffer, zxid: number): string {
  const tree = new DataTree(createNodeDigests());
  if (!new SnapshotBody(tree, zxid, 1 << 20).push(body)) throw new Error('the tree has no end');
  return `TREE ${textOf(tree)}`;
}

export const isPing = (bytes: Buffer): boolean => bytes.readInt32BE(0) === PacketType.PING;

/** What was said on a connection; behind a SNAP stands a tree. */
export function answersIn(said: readonly Buffer[], talk: Talk): string[] {
  const all: string[] = [];
  let snapshotAt: number | null = null;
  for (const raw of said) {
    const bytes = talk.sessions === null ? raw : talk.sessions.toTheirs(raw);
    if (snapshotAt !== null) all.push(treeIn(bytes, snapshotAt));
    else if (!isPing(bytes)) all.push(comparable(bytes, talk));
    snapshotAt = snapshotAt === null && bytes.readInt32BE(0) === PacketType.SNAP ? zxidOf(bytes) : null;
  }
  return all;
}

/** What is wrong with the PINGs in what was said: they tell the last proposal, or in a young epoch its beginning, and nothing else. */
export function strangePings(said: readonly Buffer[], epoch: number): string[] {
  let last = 0;
  let isTree = false;
  const strange: string[] = [];
  for (const bytes of said) {
    const zxid = zxidOf(bytes);
    const kind: string = isTree ? 'TREE' : kindOf(bytes);
    if (['PROPOSAL', 'INFORM', 'DIFF', 'SNAP', 'TRUNC'].includes(kind)) last = zxid;
    if (kind === 'PING' && (bytes.readInt32BE(12) !== -1 || (zxid !== last && zxid !== firstZxid(epoch))))
      strange.push(`${zxid.toString(16)} behind ${last.toString(16)}, with ${bytes.readInt32BE(12)} bytes`);
    isTree = kind === 'SNAP';
  }
  return strange;
}

/** Those of some kinds, in their order. */
export const lane = (all: readonly string[], kinds: RegExp): string[] =>
  all.filter((line) => kinds.test(line));

const WAY = /^(DIFF|TRUNC|SNAP) /;
export const wayIn = (all: readonly string[]): string => WAY.exec(all[1]!)![1]!;

/** The tree of a learner whose log ended with `from`, when it has been brought up to date. */
export function treeAfter(all: readonly string[], trace: QuorumTrace, from: number): string {
  const [snapshot] = lane(all, /^TREE/);
  if (snapshot !== undefined) return withoutSystem(snapshot.slice(5));
  const keep = wayIn(all) === 'TRUNC' ? parseInt(all[1]!.split(' ')[1]!, 16) : from;
  const tree = new DataTree(createNodeDigests());
  for (const { packet } of logUpTo(trace, keep)) tree.apply(transactionIn(packet));
  const newLeader = all.findIndex((line) => line.startsWith('NEWLEADER'));
  for (const line of lane(all.slice(0, newLeader), /^PROPOSAL/))
    tree.apply(decodeTransaction(new Reader(Buffer.from(line.split(' ')[2]!, 'hex'))));
  return withoutSystem(textOf(tree));
}

/** 3.4 has no /zookeeper/config. */
const withoutSystem = (tree: string): string => tree.replace(/^\/(zookeeper\S*)? .*\n/gm, '');

/** Commits before their proposals, and SYNCs before the commits that were to come first. */
export function tooEarly(ours: readonly string[], theirs: readonly string[]): string[] {
  const zxid = (line: string): string => line.split(' ')[1]!;
  const proposals = lane(ours, /^PROPOSAL/).map(zxid);
  const commits = ours.filter((line, i) => {
    const of = ours.findIndex((other) => other.startsWith(`PROPOSAL ${zxid(line)} `));
    return line.startsWith('COMMIT') && proposals.includes(zxid(line)) && of > i;
  });
  const before = (all: readonly string[]): number[] =>
    all.flatMap((line, i) =>
      line.startsWith('SYNC') ? [lane(all.slice(0, i), /^(COMMIT|INFORM)/).length] : [],
    );
  const due = before(theirs);
  return [...commits, ...before(ours).flatMap((count, i) => (count < due[i]! ? [`SYNC ${i}`] : []))];
}
