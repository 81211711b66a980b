import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import {
  baseOffset,
  baseSequence,
  isControl,
  isTransactional,
  lastOffset,
  lastSequence,
  maxTimestamp,
  producerEpoch,
  producerId,
} from '../../records/batch.ts';
import type { ControlRecord } from '../../records/control-record.ts';
import type { AppendOrigin } from '../log-types.ts';

/** One of the last batches of a producer. */
export interface ProducerBatch {
  lastSequence: number;
  lastOffset: number;
  /** Last offset - first offset. */
  offsetDelta: number;
  timestampMs: number;
}

/** What is known of one idempotent or transactional producer. */
export interface ProducerEntry {
  readonly producerId: number;
  epoch: number;
  /** The last ones, oldest first, at most five. */
  readonly batches: ProducerBatch[];
  lastTimestampMs: number;
  /** -1: no marker was written for it yet. */
  coordinatorEpoch: number;
  /** First offset of the open transaction; -1: none. */
  txnFirstOffset: number;
}

/** A transaction that a marker has decided. */
export interface CompletedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of the marker. */
  readonly lastOffset: number;
  readonly aborted: boolean;
  /** The first offset that is still undecided after it, or the one after the marker. */
  readonly lastStableOffset: number;
}

/** How many batches of a producer are remembered, so that it can be told that they were written. */
const REMEMBERED_BATCHES = 5;
const LARGEST_SEQUENCE = 0x7fff_ffff;

/**
 * The producers of one log: who wrote which sequence last, which transactions are open. `check` refuses what doesn't fit (with the
 * codes of 2.3.0), `update` takes in what was written.
 */
export class ProducerState {
  /** Everything below this offset is taken in. */
  mapEndOffset = 0;
  private readonly entries = new Map<number, ProducerEntry>();
  /** First offset of each open transaction → producer; in rising order, since offsets only rise. */
  private readonly ongoing = new Map<number, number>();
  /** Decided ones whose marker is not below the high watermark yet. */
  private unreplicated: CompletedTransaction[] = [];

  get producers(): ReadonlyMap<number, ProducerEntry> {
    return this.entries;
  }

  /** First offset of the oldest transaction that is open or whose marker is not replicated yet; -1: none. */
  get firstUnstableOffset(): number {
    const open = this.firstOngoing();
    let first = open;
    for (const txn of this.unreplicated) if (first < 0 || txn.firstOffset < first) first = txn.firstOffset;
    return first;
  }

  /**
   * A batch that equals one of the last ones of its producer, epoch and sequences: it was written before.
   */
  findDuplicate(b: Buffer, at: number): ProducerBatch | null {
    const entry = this.entries.get(producerId(b, at));
    if (entry === undefined || entry.epoch !== producerEpoch(b, at)) return null;
    const first = baseSequence(b, at);
    const last = lastSequence(b, at);
    for (const batch of entry.batches)
      if (batch.lastSequence === last && firstSequence(batch) === first) return batch;
    return null;
  }

  /** Throws a KafkaError when the batch with this producer id may not be written. `marker`: of a control batch. */
  check(b: Buffer, at: number, origin: AppendOrigin, marker: ControlRecord | null): void {
    const id = producerId(b, at);
    const epoch = producerEpoch(b, at);
    const entry = this.entries.get(id);
    if (entry !== undefined && epoch < entry.epoch)
      throw new KafkaError(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `producer ${id} has the epoch ${entry.epoch}, but a batch of epoch ${epoch} came`,
      );
    if (marker !== null) {
      if (entry !== undefined && marker.coordinatorEpoch < entry.coordinatorEpoch)
        throw new KafkaError(
          ErrorCode.TRANSACTION_COORDINATOR_FENCED,
          `a marker of coordinator epoch ${marker.coordinatorEpoch} came after one of ${entry.coordinatorEpoch}`,
        );
      return;
    }
    if (origin === 'client') this.checkSequence(entry, id, epoch, baseSequence(b, at));
    if (entry !== undefined && entry.txnFirstOffset >= 0 && !isTransactional(b, at))
      throw new KafkaError(
        ErrorCode.INVALID_TXN_STATE,
        `producer ${id} wrote without its transaction while one is open`,
      );
  }

  private checkSequence(entry: ProducerEntry | undefined, id: number, epoch: number, sequence: number): void {
    if (entry === undefined) {
      if (sequence !== 0)
        throw new KafkaError(
          ErrorCode.UNKNOWN_PRODUCER_ID,
          `nothing is known of producer ${id}, but it goes on with sequence ${sequence}`,
        );
      return;
    }
    if (epoch > entry.epoch) {
      if (sequence !== 0) throw outOfOrder(id, `a new epoch begins with sequence 0, not ${sequence}`);
      return;
    }
    const last = entry.batches[entry.batches.length - 1]?.lastSequence ?? -1;
    if (last < 0) {
      if (sequence !== 0)
        throw new KafkaError(
          ErrorCode.UNKNOWN_PRODUCER_ID,
          `producer ${id} has no sequence yet, but goes on with ${sequence}`,
        );
      return;
    }
    const expected = last === LARGEST_SEQUENCE ? 0 : last + 1;
    if (sequence !== expected) throw outOfOrder(id, `${expected} is next, ${sequence} came`);
  }

  /** Takes in a batch with a producer id that was written. `marker`: of a control batch. */
  update(b: Buffer, at: number, marker: ControlRecord | null): CompletedTransaction | null {
    const id = producerId(b, at);
    let entry = this.entries.get(id);
    if (entry === undefined) {
      entry = newEntry(id, producerEpoch(b, at));
      this.entries.set(id, entry);
    }
    if (entry.epoch !== producerEpoch(b, at)) {
      entry.epoch = producerEpoch(b, at);
      entry.batches.length = 0;
    }
    const first = baseOffset(b, at);
    const timestamp = maxTimestamp(b, at);
    if (!isControl(b, at) || entry.batches.length === 0) entry.lastTimestampMs = timestamp; // as 2.3.0 has it
    if (isControl(b, at)) return marker === null ? null : this.complete(entry, marker, first);
    const sequence = lastSequence(b, at);
    if (sequence >= 0) remember(entry, sequence, lastOffset(b, at), lastOffset(b, at) - first, timestamp);
    if (isTransactional(b, at) && entry.txnFirstOffset < 0) {
      entry.txnFirstOffset = first;
      this.ongoing.set(first, id);
    }
    return null;
  }

  private complete(entry: ProducerEntry, marker: ControlRecord, offset: number): CompletedTransaction | null {
    entry.coordinatorEpoch = marker.coordinatorEpoch;
    const firstOffset = entry.txnFirstOffset;
    if (firstOffset < 0) return null;
    entry.txnFirstOffset = -1;
    this.ongoing.delete(firstOffset);
    const undecided = this.firstOngoing();
    const txn = {
      producerId: entry.producerId,
      firstOffset,
      lastOffset: offset,
      aborted: marker.type === 'abort',
      lastStableOffset: undecided < 0 ? offset + 1 : undecided,
    };
    this.unreplicated.push(txn);
    return txn;
  }

  /** The high watermark rose. */
  onHighWatermark(highWatermark: number): void {
    if (this.unreplicated.length > 0 && this.unreplicated[0]!.lastOffset < highWatermark)
      this.unreplicated = this.unreplicated.filter((txn) => txn.lastOffset >= highWatermark);
  }

  /** From a snapshot. */
  load(entries: readonly ProducerEntry[], mapEndOffset: number): void {
    this.clear();
    for (const entry of entries) this.entries.set(entry.producerId, entry);
    const open = entries.filter((entry) => entry.txnFirstOffset >= 0);
    open.sort((a, b) => a.txnFirstOffset - b.txnFirstOffset);
    for (const entry of open) this.ongoing.set(entry.txnFirstOffset, entry.producerId);
    this.mapEndOffset = mapEndOffset;
  }

  clear(): void {
    this.entries.clear();
    this.ongoing.clear();
    this.unreplicated = [];
    this.mapEndOffset = 0;
  }

  /** Forgets producers that have no open transaction and wrote nothing since `timestampMs`. */
  expire(timestampMs: number): void {
    for (const entry of this.entries.values())
      if (entry.txnFirstOffset < 0 && entry.lastTimestampMs < timestampMs)
        this.entries.delete(entry.producerId);
  }

  /** The log starts at `offset` now: what lies below is forgotten (2.3.0; KIP-360 keeps it). */
  truncateFromStart(offset: number): void {
    for (const entry of this.entries.values()) {
      const last = entry.batches[entry.batches.length - 1]?.lastOffset ?? -1;
      if (last >= offset || (entry.txnFirstOffset < 0 && last < 0)) continue;
      this.entries.delete(entry.producerId);
      if (entry.txnFirstOffset >= 0) this.ongoing.delete(entry.txnFirstOffset);
    }
    this.unreplicated = this.unreplicated.filter((txn) => txn.lastOffset >= offset);
  }

  private firstOngoing(): number {
    for (const first of this.ongoing.keys()) return first;
    return -1;
  }
}

function outOfOrder(id: number, problem: string): KafkaError {
  return new KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, `producer ${id}: ${problem}`);
}

function newEntry(producerIdOfEntry: number, epoch: number): ProducerEntry {
  return {
    producerId: producerIdOfEntry,
    epoch,
    batches: [],
    lastTimestampMs: -1,
    coordinatorEpoch: -1,
    txnFirstOffset: -1,
  };
}

/** Sequences wrap from 2^31 - 1 to 0. */
function firstSequence(batch: ProducerBatch): number {
  const first = batch.lastSequence - batch.offsetDelta;
  return first < 0 ? first + 0x8000_0000 : first;
}

function remember(
  entry: ProducerEntry,
  sequence: number,
  offset: number,
  offsetDelta: number,
  timestampMs: number,
): void {
  const batches = entry.batches;
  if (batches.length < REMEMBERED_BATCHES) {
    batches.push({ lastSequence: sequence, lastOffset: offset, offsetDelta, timestampMs });
    return;
  }
  const oldest = batches.shift()!; // used again: an append makes no garbage here
  oldest.lastSequence = sequence;
  oldest.lastOffset = offset;
  oldest.offsetDelta = offsetDelta;
  oldest.timestampMs = timestampMs;
  batches.push(oldest);
}
