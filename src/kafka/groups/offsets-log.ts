import type { Runtime } from '../../runtime/runtime.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import type { CompressionKind } from '../../wire/compression.ts';
import { buildBatch } from '../records/build-batch.ts';
import type { LocalReplicas } from '../replication/local-replicas.ts';
import type { KeyValue } from './group-records.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';

export interface OffsetsLogOptions {
  readonly replicas: Pick<LocalReplicas, 'appendToLeader'>;
  readonly timeoutMs: number;
  readonly compression: CompressionKind;
}

/** `firstOffset` is where the first of the records stands; −1 when there was an error. */
export type Appended = (code: number, firstOffset: number) => void;

interface Entry {
  readonly records: readonly KeyValue[];
  readonly appended: Appended;
}

/** What is put together in one batch, unless a single entry is larger. Well below the default of max.message.bytes. */
const BATCH_BYTES = 256 * 1024;
const RECORD_OVERHEAD_BYTES = 24;

/** Writes to one partition of the offsets topic. What is given in one turn is one batch and one wait for the replicas. */
export class OffsetsLog {
  private readonly runtime: Pick<Runtime, 'clock' | 'codecs' | 'digests' | 'log'>;
  private readonly partition: number;
  private readonly options: OffsetsLogOptions;
  private waiting: Entry[] = [];
  private waitingBytes = 0;
  private isScheduled = false;

  constructor(
    runtime: Pick<Runtime, 'clock' | 'codecs' | 'digests' | 'log'>,
    partition: number,
    options: OffsetsLogOptions,
  ) {
    this.runtime = runtime;
    this.partition = partition;
    this.options = options;
  }

  /** Calls `appended` once all in-sync replicas have the records, or with what went wrong. */
  append(records: readonly KeyValue[], appended: Appended): void {
    const bytes = sizeOf(records);
    if (this.waitingBytes + bytes > BATCH_BYTES) this.flush();
    this.waiting.push({ records, appended });
    this.waitingBytes += bytes;
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.runtime.clock.soon(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  /** For tombstones: nobody waits for them, and lost ones are written again at the next look. */
  appendUnacknowledged(records: readonly KeyValue[]): void {
    let from = 0;
    let bytes = 0;
    for (let i = 0; i < records.length; i++) {
      bytes += sizeOf([records[i]!]);
      if (bytes < BATCH_BYTES && i < records.length - 1) continue;
      this.write(records.slice(from, i + 1), 0).catch((error: unknown) => {
        this.runtime.log.warn(
          `${OFFSETS_TOPIC}-${this.partition}: tombstones were not written: ${String(error)}`,
        );
      });
      from = i + 1;
      bytes = 0;
    }
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    const entries = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    this.send(entries);
  }

  private send(entries: readonly Entry[]): void {
    this.write(
      entries.flatMap((entry) => entry.records),
      -1,
    ).then(
      ({ firstOffset }) => {
        let offset = firstOffset;
        for (const { records, appended } of entries) {
          appended(ErrorCode.NONE, offset);
          offset += records.length;
        }
      },
      (error: unknown) => {
        const code = error instanceof KafkaError ? error.code : ErrorCode.UNKNOWN_SERVER_ERROR;
        if (!(error instanceof KafkaError)) this.runtime.log.error(`${OFFSETS_TOPIC}: ${String(error)}`);
        // Only one of them may be too large; the others mustn't suffer for it.
        if (isTooLarge(code) && entries.length > 1) for (const entry of entries) this.send([entry]);
        else for (const { appended } of entries) appended(code, -1);
      },
    );
  }

  private async write(
    records: readonly KeyValue[],
    requiredAcks: -1 | 0,
  ): Promise<{ readonly firstOffset: number }> {
    const { clock, codecs, digests } = this.runtime;
    const timestamp = clock.wallMs();
    const batch = buildBatch(
      codecs,
      digests,
      records.map(({ key, value }) => ({ key, value, timestamp })),
      { compression: this.options.compression },
    );
    return this.options.replicas.appendToLeader(OFFSETS_TOPIC, this.partition, batch, {
      requiredAcks,
      timeoutMs: this.options.timeoutMs,
      origin: 'coordinator',
    });
  }
}

/** What a member hears when its group couldn't be written. */
export function groupAppendCode(code: number): number {
  if (isTooLarge(code)) return ErrorCode.UNKNOWN_SERVER_ERROR;
  return code === ErrorCode.REQUEST_TIMED_OUT ? ErrorCode.REBALANCE_IN_PROGRESS : commonAppendCode(code);
}

/** What a client hears when its offsets couldn't be written. */
export function offsetAppendCode(code: number): number {
  return isTooLarge(code) ? ErrorCode.INVALID_COMMIT_OFFSET_SIZE : commonAppendCode(code);
}

function commonAppendCode(code: number): number {
  switch (code) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    default:
      return code;
  }
}

function isTooLarge(code: number): boolean {
  return code === ErrorCode.MESSAGE_TOO_LARGE || code === ErrorCode.RECORD_LIST_TOO_LARGE;
}

function sizeOf(records: readonly KeyValue[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += key.length + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  return bytes;
}
