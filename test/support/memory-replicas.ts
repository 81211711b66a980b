import { KafkaError } from '../../src/kafka/protocol/errors.ts';
import { forEachBatch, lastOffset, writeInt64At } from '../../src/kafka/records/batch.ts';
import type {
  LeaderAppend,
  LeaderAppendOptions,
  LeadershipListener,
  LocalRead,
  LocalReplicas,
} from '../../src/kafka/replication/local-replicas.ts';

/** Partitions in memory, all led here until told otherwise: what a coordinator needs of a broker. */
export class MemoryReplicas implements LocalReplicas {
  /** Appends are answered with this code from now on; 0: they succeed. */
  failWith = 0;
  /** Larger batches are refused. */
  largestBytes = Number.POSITIVE_INFINITY;
  readonly appends: LeaderAppendOptions[] = [];
  private readonly logs = new Map<string, { batches: Buffer[]; end: number }>();
  private readonly epochs = new Map<string, number>();
  private readonly listeners: LeadershipListener[] = [];

  appendToLeader(
    topic: string,
    partition: number,
    records: Buffer,
    options: LeaderAppendOptions,
  ): Promise<LeaderAppend> {
    this.appends.push(options);
    if (this.failWith !== 0) return Promise.reject(new KafkaError(this.failWith));
    if (records.length > this.largestBytes) return Promise.reject(new KafkaError(10));
    if (!this.epochs.has(key(topic, partition))) return Promise.reject(new KafkaError(6));
    const log = this.log(topic, partition);
    const firstOffset = log.end;
    const batches = Buffer.from(records);
    forEachBatch(batches, 0, batches.length, (at) => {
      writeInt64At(batches, at, log.end);
      log.end = lastOffset(batches, at) + 1;
    });
    log.batches.push(batches);
    return Promise.resolve({ firstOffset, lastOffset: log.end - 1, logAppendTimeMs: -1, logStartOffset: 0 });
  }

  readLocal(topic: string, partition: number, fromOffset: number): LocalRead | undefined {
    if (!this.epochs.has(key(topic, partition))) return undefined;
    const { batches, end } = this.log(topic, partition);
    const records = batches.find((batch) => lastOffset(batch, 0) >= fromOffset) ?? Buffer.alloc(0);
    return { records, logStartOffset: 0, highWatermark: end, logEndOffset: end };
  }

  leaderEpoch(topic: string, partition: number): number | undefined {
    return this.epochs.get(key(topic, partition));
  }

  onLeadershipChange(listener: LeadershipListener): void {
    this.listeners.push(listener);
  }

  lead(topic: string, partition: number, epoch: number): void {
    this.epochs.set(key(topic, partition), epoch);
    for (const listener of this.listeners) listener.becameLeader(topic, partition, epoch);
  }

  lose(topic: string, partition: number, epoch: number): void {
    this.epochs.delete(key(topic, partition));
    for (const listener of this.listeners) listener.becameFollower(topic, partition, epoch);
  }

  /** All batches of a partition, one after the other. */
  bytes(topic: string, partition: number): Buffer {
    return Buffer.concat(this.log(topic, partition).batches);
  }

  /** Puts batches there as another broker may have left them. */
  put(topic: string, partition: number, batches: Buffer[]): void {
    for (const batch of batches) {
      const log = this.log(topic, partition);
      const copy = Buffer.from(batch);
      writeInt64At(copy, 0, log.end);
      log.end = lastOffset(copy, 0) + 1;
      log.batches.push(copy);
    }
  }

  private log(topic: string, partition: number): { batches: Buffer[]; end: number } {
    let log = this.logs.get(key(topic, partition));
    if (log === undefined) this.logs.set(key(topic, partition), (log = { batches: [], end: 0 }));
    return log;
  }
}

function key(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
