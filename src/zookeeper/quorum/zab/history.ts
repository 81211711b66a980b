import { Reader } from '../../../wire/reader.ts';
import { Writer } from '../../../wire/writer.ts';
import { decodeTransaction, encodeTransaction } from '../../tree/transaction-codec.ts';
import type { Transaction } from '../../tree/transaction.ts';
import { differsFor34 } from './release34.ts';
import { counterOf, follows } from '../election/vote.ts';

/** A transaction on its way through the ensemble. */
export interface Proposal {
  readonly zxid: number;
  readonly transaction: Transaction;
  /** As PROPOSAL and INFORM carry it. */
  readonly payload: Buffer;
  /** The same for 3.4, and for the log: without create2 and deleteContainer, which do what create and delete do. */
  readonly payloadOf34: Buffer;
}

export function proposalOf(transaction: Transaction): Proposal {
  const payload = encode(transaction, false);
  const payloadOf34 = differsFor34(transaction) ? encode(transaction, true) : payload;
  return { zxid: transaction.header.zxid, transaction, payload, payloadOf34 };
}

/** From a PROPOSAL or INFORM. The bytes are copied. Throws a WireError. */
export function readProposal(data: Buffer): Proposal {
  const payload = Buffer.from(data);
  const transaction = decodeTransaction(new Reader(payload));
  const payloadOf34 = differsFor34(transaction) ? encode(transaction, true) : payload;
  return { zxid: transaction.header.zxid, transaction, payload, payloadOf34 };
}

function encode(transaction: Transaction, forLog: boolean): Buffer {
  const w = new Writer(256);
  encodeTransaction(w, transaction, forLog);
  return w.finish();
}

const MOST_KEPT = 5000;
const MOST_KEPT_BYTES = 32 * 1024 * 1024;

/**
 * The latest transactions of the log, without holes: what a learner that was away for a while is brought up to date with. What is not
 * committed yet is always among them.
 */
export class History {
  /** Right before the first entry. */
  private base: number;
  private entries: Proposal[] = [];
  private bytes = 0;
  /** Up to here all is final. */
  committed: number;

  constructor(lastZxid: number) {
    this.base = lastZxid;
    this.committed = lastZxid;
  }

  /** The last transaction, committed or not. */
  get last(): number {
    return this.entries.at(-1)?.zxid ?? this.base;
  }

  get lastCommitted(): number {
    return this.committed;
  }

  /** Nothing of before is known any more. */
  reset(lastZxid: number): void {
    this.base = lastZxid;
    this.entries = [];
    this.bytes = 0;
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
      this.add(proposalOf(copy(transaction)));
      this.commitTo(zxid);
    }
  }

  add(proposal: Proposal): void {
    this.entries.push(proposal);
    this.bytes += proposal.payload.length;
  }

  /** @returns the entries that are committed by this. */
  commitTo(zxid: number): Proposal[] {
    const from = this.indexAfter(this.committed);
    const to = this.indexAfter(zxid);
    const newly = this.entries.slice(from, to);
    this.committed = Math.max(this.committed, newly.at(-1)?.zxid ?? this.committed);
    this.trim(to);
    return newly;
  }

  uncommitted(): Proposal[] {
    return this.entries.slice(this.indexAfter(this.committed));
  }

  /** All after `zxid`, if a learner whose log ends with it lacks just these; null: that can't be told. */
  after(zxid: number): readonly Proposal[] | null {
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
  private trim(committed: number): void {
    if (this.entries.length <= 2 * MOST_KEPT && this.bytes <= 2 * MOST_KEPT_BYTES) return;
    let drop = Math.max(0, Math.min(committed, this.entries.length - MOST_KEPT));
    let bytes = this.bytes;
    for (let i = 0; i < drop; i++) bytes -= this.entries[i]!.payload.length;
    while (drop < committed && bytes > MOST_KEPT_BYTES) bytes -= this.entries[drop++]!.payload.length;
    if (drop === 0) return;
    this.base = this.entries[drop - 1]!.zxid;
    this.entries = this.entries.slice(drop);
    this.bytes = bytes;
  }
}

/** What recovery hands out is valid during the call only. */
function copy(transaction: Transaction): Transaction {
  return decodeTransaction(new Reader(encode(transaction, true)));
}
