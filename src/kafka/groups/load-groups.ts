import type { Runtime } from '../../runtime/runtime.ts';
import { WireError } from '../../wire/wire-error.ts';
import { forEachBatch, isControl, isTransactional, lastOffset, producerId } from '../records/batch.ts';
import { readMarker } from '../records/control-record.ts';
import { readRecords } from '../records/read-records.ts';
import type { LocalReplicas } from '../replication/local-replicas.ts';
import { GroupOffsets } from './group-offsets.ts';
import { decodeRecord, type GroupRecord, type OffsetsTopicRecord } from './group-records.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';

/** What one partition of the offsets topic says. */
export interface LoadedGroups {
  readonly groups: ReadonlyMap<string, GroupRecord>;
  readonly offsets: ReadonlyMap<string, GroupOffsets>;
}

const READ_BYTES = 1024 * 1024;

type LoadRuntime = Pick<Runtime, 'clock' | 'codecs' | 'log'>;

/**
 * Replays a partition from its start to the end that it has now, also what isn't committed yet: as its leader, we'll see to that.
 * Other work goes on between the reads. Resolves with null when the partition isn't led here any more. Rejects with a RecordsError
 * or KafkaError when the log can't be read.
 */
export async function loadGroups(
  runtime: LoadRuntime,
  replicas: Pick<LocalReplicas, 'readLocal'>,
  partition: number,
): Promise<LoadedGroups | null> {
  const replay = new Replay(runtime);
  let next = 0;
  let end = Number.POSITIVE_INFINITY;
  while (next < end) {
    const read = replicas.readLocal(OFFSETS_TOPIC, partition, next, READ_BYTES);
    if (read === undefined) return null;
    if (end === Number.POSITIVE_INFINITY) end = read.logEndOffset;
    if (read.records.length === 0) break;
    next = replay.batches(read.records);
    await new Promise<void>((resolve) => runtime.clock.soon(resolve));
  }
  return replay.result;
}

class Replay {
  private readonly runtime: LoadRuntime;
  private readonly groups = new Map<string, GroupRecord>();
  private readonly offsets = new Map<string, GroupOffsets>();
  /** Offsets of transactions that haven't ended yet, by producer. */
  private readonly open = new Map<number, [record: OffsetsTopicRecord, offset: number][]>();

  constructor(runtime: LoadRuntime) {
    this.runtime = runtime;
  }

  get result(): LoadedGroups {
    return { groups: this.groups, offsets: this.offsets };
  }

  /** @returns the offset behind the last batch. */
  batches(bytes: Buffer): number {
    let next = 0;
    forEachBatch(bytes, 0, bytes.length, (at, size) => {
      next = lastOffset(bytes, at) + 1;
      if (isControl(bytes, at)) this.endTransaction(bytes, at, size);
      else this.records(bytes, at, size);
    });
    return next;
  }

  private records(bytes: Buffer, at: number, size: number): void {
    const transaction = isTransactional(bytes, at) ? producerId(bytes, at) : null;
    for (const { key, value, offset } of readRecords(this.runtime.codecs, bytes, at, size)) {
      if (key === null) continue;
      const record = this.decode(key, value, Number(offset));
      if (record === null) continue;
      if (transaction === null) this.apply(record, Number(offset));
      else {
        const held = this.open.get(transaction) ?? [];
        held.push([record, Number(offset)]);
        this.open.set(transaction, held);
      }
    }
  }

  private endTransaction(bytes: Buffer, at: number, size: number): void {
    const marker = readMarker(this.runtime.codecs, bytes, at, size);
    if (marker === null) return;
    const id = producerId(bytes, at);
    const held = this.open.get(id) ?? [];
    this.open.delete(id);
    if (marker.type === 'commit') for (const [record, offset] of held) this.apply(record, offset);
  }

  private decode(key: Buffer, value: Buffer | null, offset: number): OffsetsTopicRecord | null {
    try {
      return decodeRecord(key, value);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.runtime.log.warn(
        `${OFFSETS_TOPIC}: the record at offset ${offset} can't be read: ${error.message}`,
      );
      return null;
    }
  }

  private apply(record: OffsetsTopicRecord, offset: number): void {
    if (record.kind === 'group') {
      if (record.value === null) this.groups.delete(record.group);
      else this.groups.set(record.group, record.value);
    } else if (record.kind === 'offset') {
      const { topic, partition } = record.key;
      let offsets = this.offsets.get(record.group);
      if (offsets === undefined) this.offsets.set(record.group, (offsets = new GroupOffsets()));
      if (record.value === null) offsets.delete(topic, partition);
      else offsets.set(topic, partition, { ...record.value, recordOffset: offset });
    }
  }
}
