import { Reader } from '../../../wire/reader.ts';
import { Writer } from '../../../wire/writer.ts';
import type { Replaying } from '../../storage/recovery.ts';
import { Queue } from '../../server/pipeline/queue.ts';
import {
  decodeDigest,
  decodeTransaction,
  encodeDigest,
  encodeTransaction,
  type TreeDigest,
} from '../../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../../tree/transactions/transaction.ts';
import { encodeProposal } from './packets/packet-encoder.ts';
import { RecentPayloads } from './packets/recent-payloads.ts';
import { differsFor34, isBeyond34 } from './leader/release34.ts';
import { counterOf, follows } from '../../tree/transactions/zxid.ts';

/** A transaction on its way through the ensemble. */
export interface Proposal {
  readonly zxid: number;
  /** As PROPOSAL and INFORM carry it. */
  readonly payload: Buffer;
  /** The same for 3.4, and for the log: without create2 and deleteContainer, which do what create and delete do. */
  readonly payloadOf34: Buffer;
  /** A server of 3.4 can't read it in any form. */
  readonly isBeyond34: boolean;
  readonly transaction: Transaction;
  /** What the leader's tree comes to with it, where the leader tells. */
  readonly digest: TreeDigest | null;
}

/** `writer`: where its bytes shall lie. */
export function proposalOf(transaction: Transaction, writer: Writer, digest: bigint | null = null): Proposal {
  return proposal(transaction, encodeProposal(writer, transaction, digest), null);
}

/** From a PROPOSAL or INFORM, whose bytes it keeps. Throws a WireError. */
export function readProposal(payload: Buffer): Proposal {
  const reader = new Reader(payload);
  return proposal(decodeTransaction(reader), payload, decodeDigest(reader));
}

/** Of what the log has, which is valid during the call only. */
export const proposalOfLog = (transaction: Transaction, digest: TreeDigest | null): Proposal =>
  readProposal(encode(transaction, digest));

function proposal(transaction: Transaction, payload: Buffer, digest: TreeDigest | null): Proposal {
  return {
    zxid: transaction.header.zxid,
    payload,
    payloadOf34: differsFor34(transaction) ? encode(transaction, digest) : payload,
    isBeyond34: isBeyond34(transaction),
    transaction,
    digest,
  };
}

/** For the log. */
function encode(transaction: Transaction, digest: TreeDigest | null): Buffer {
  const w = new Writer(256);
  encodeTransaction(w, transaction, true);
  if (digest !== null) encodeDigest(w, digest);
  return w.finish();
}

/**
 * The latest transactions of the log, without holes: what a learner that was away for a while is brought up to date with. What is not
 * committed yet is always among them.
 */
export class History {
  /** Those that are final. */
  private readonly recent: RecentPayloads;
  private readonly pending = new Queue<Proposal>();
  /** Up to here all is final. */
  private committed: number;

  /** `mostKept`: so many that are committed stay, and up to some thousand more, if they aren't too large. */
  constructor(lastZxid: number, mostKept = 2000) {
    this.recent = new RecentPayloads(lastZxid, mostKept);
    this.committed = lastZxid;
  }

  /** The last transaction, committed or not. */
  get last(): number {
    return this.pending.last?.zxid ?? this.recent.last;
  }

  /** Right before the first transaction that is known here. */
  get begin(): number {
    return this.recent.begin;
  }

  get lastCommitted(): number {
    return this.committed;
  }

  /** Nothing of before is known any more. */
  reset(lastZxid: number): void {
    this.recent.reset(lastZxid);
    this.pending.clear();
    this.committed = lastZxid;
  }

  /** Nothing is known, before `replayed` tells. */
  forget(): void {
    this.reset(Number.MAX_SAFE_INTEGER);
  }

  /** What the log had at the start: all of it counts as committed until another leader says otherwise. */
  readonly replayed: Replaying = (transaction, digest) => {
    const { zxid } = transaction.header;
    if (!follows(zxid, this.last)) this.reset(zxid);
    else {
      this.recent.push(zxid, encode(transaction, digest));
      this.committed = zxid;
    }
  };

  add(proposal: Proposal): void {
    this.pending.push(proposal);
  }

  /** @returns those that are committed by this. */
  commitTo(zxid: number): readonly Proposal[] {
    const { pending } = this;
    const newly: Proposal[] = [];
    for (let next = pending.peek(); next !== undefined && next.zxid <= zxid; next = pending.peek()) {
      this.commitNext();
      newly.push(next);
    }
    return newly;
  }

  /** The first that isn't committed yet. */
  get next(): Proposal | undefined {
    return this.pending.peek();
  }

  /** Commits that. */
  commitNext(): void {
    const next = this.pending.shift();
    if (next === undefined) return;
    this.recent.push(next.zxid, next.payload);
    this.committed = next.zxid;
  }

  uncommitted(): readonly Proposal[] {
    return this.pending.all();
  }

  /** All committed ones after `zxid`, if a learner whose log ends with it lacks just these; null: that can't be told. */
  after(zxid: number): readonly Proposal[] | null {
    // An epoch's zxid 0 stands for all that its leader began with.
    const isBeginning = counterOf(zxid) === 0 && zxid <= this.last;
    return this.recent.after(zxid, isBeginning)?.map(readProposal) ?? null;
  }
}
