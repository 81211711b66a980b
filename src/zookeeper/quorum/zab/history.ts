import { Reader } from '../../../wire/reader.ts';
import { Writer } from '../../../wire/writer.ts';
import { decodeTransaction, encodeTransaction } from '../../tree/transaction-codec.ts';
import type { Transaction } from '../../tree/transaction.ts';
import type { PacketEncoder } from './packet-encoder.ts';
import { differsFor34, isBeyond34 } from './release34.ts';
import { counterOf, follows } from '../election/vote.ts';

/** What is kept of a transaction for learners that lack it. */
export interface Logged {
  readonly zxid: number;
  /** As PROPOSAL and INFORM carry it. */
  readonly payload: Buffer;
  /** The same for 3.4, and for the log: without create2 and deleteContainer, which do what create and delete do. */
  readonly payloadOf34: Buffer;
  /** A server of 3.4 can't read it in any form. */
  readonly isBeyond34: boolean;
}

/** A transaction on its way through the ensemble. */
export interface Proposal extends Logged {
  readonly transaction: Transaction;
  /** The whole PROPOSAL, where it was made here. */
  readonly wire: Buffer | null;
}

/** `encoder`: of the connections that it will go over. */
export function proposalOf(transaction: Transaction, encoder: PacketEncoder): Proposal {
  const { wire, payload } = encoder.proposal(transaction);
  return proposal(transaction, payload, wire);
}

/** From a PROPOSAL or INFORM, whose bytes it keeps. Throws a WireError. */
export function readProposal(payload: Buffer): Proposal {
  return proposal(decodeTransaction(new Reader(payload)), payload, null);
}

/** Of what the log has, which is valid during the call only. */
export const proposalOfLog = (transaction: Transaction): Proposal => readProposal(encode(transaction));

function proposal(transaction: Transaction, payload: Buffer, wire: Buffer | null): Proposal {
  return {
    zxid: transaction.header.zxid,
    payload,
    payloadOf34: differsFor34(transaction) ? encode(transaction) : payload,
    isBeyond34: isBeyond34(transaction),
    transaction,
    wire,
  };
}

/** For the log. */
function encode(transaction: Transaction): Buffer {
  const w = new Writer(256);
  encodeTransaction(w, transaction, true);
  return w.finish();
}

/** Between these and twice as many. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;

/**
 * The latest transactions of the log, without holes: what a learner that was away for a while is brought up to date with. What is not
 * committed yet is always among them.
 */
export class History {
  /** Right before the first entry. */
  private base: number;
  /** Those that are final. */
  private entries: Logged[] = [];
  /** Of their payloads. */
  private bytes = 0;
  private pending: Proposal[] = [];
  /** Up to here all is final. */
  committed: number;

  private readonly mostKept: number;

  /** `mostKept`: so many that are committed stay, and up to twice as many, if they aren't too large. */
  constructor(lastZxid: number, mostKept = 2000) {
    this.mostKept = Math.max(1, mostKept);
    this.base = lastZxid;
    this.committed = lastZxid;
  }

  /** The last transaction, committed or not. */
  get last(): number {
    const { pending, entries } = this;
    if (pending.length > 0) return pending[pending.length - 1]!.zxid;
    return entries.length > 0 ? entries[entries.length - 1]!.zxid : this.base;
  }

  /** Right before the first transaction that is known here. */
  get begin(): number {
    return this.base;
  }

  get lastCommitted(): number {
    return this.committed;
  }

  /** Nothing of before is known any more. */
  reset(lastZxid: number): void {
    this.base = lastZxid;
    this.entries = [];
    this.bytes = 0;
    this.pending = [];
    this.committed = lastZxid;
  }

  /** Nothing is known, before `replayed` tells. */
  forget(): void {
    this.reset(Number.MAX_SAFE_INTEGER);
  }

  /** What the log had at the start: all of it counts as committed until another leader says otherwise. */
  replayed(transaction: Transaction): void {
    const { zxid } = transaction.header;
    if (!follows(zxid, this.last)) this.reset(zxid);
    else {
      this.add(proposalOfLog(transaction));
      this.commitTo(zxid);
    }
  }

  add(proposal: Proposal): void {
    this.pending.push(proposal);
  }

  /** @returns those that are committed by this. */
  commitTo(zxid: number): readonly Proposal[] {
    const { pending, entries } = this;
    let count = 0;
    while (count < pending.length && pending[count]!.zxid <= zxid) {
      const { zxid: own, payload, payloadOf34, isBeyond34 } = pending[count++]!;
      entries.push({ zxid: own, payload, payloadOf34, isBeyond34 });
      this.bytes += payload.length;
      this.committed = own;
    }
    const newly = pending.splice(0, count);
    this.trim();
    return newly;
  }

  uncommitted(): readonly Proposal[] {
    return this.pending;
  }

  /** All committed ones after `zxid`, if a learner whose log ends with it lacks just these; null: that can't be told. */
  after(zxid: number): readonly Logged[] | null {
    if (zxid < this.base) return null;
    const index = this.indexAfter(zxid);
    const isKnown = zxid === this.base || this.entries[index - 1]?.zxid === zxid;
    // An epoch's zxid 0 stands for all that its leader began with.
    return isKnown || (counterOf(zxid) === 0 && zxid <= this.last) ? this.entries.slice(index) : null;
  }

  private indexAfter(zxid: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.zxid <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** In large steps, so that it costs nothing an entry. */
  private trim(): void {
    const { entries } = this;
    if (entries.length <= 2 * this.mostKept && this.bytes <= 2 * MOST_KEPT_BYTES) return;
    let drop = Math.max(0, entries.length - this.mostKept);
    let bytes = this.bytes;
    for (let i = 0; i < drop; i++) bytes -= entries[i]!.payload.length;
    while (drop < entries.length && bytes > MOST_KEPT_BYTES) bytes -= entries[drop++]!.payload.length;
    if (drop === 0) return;
    this.base = entries[drop - 1]!.zxid;
    this.entries = entries.slice(drop);
    this.bytes = bytes;
  }
}
