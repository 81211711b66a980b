/**
 * A producer and a reader made of the brokers' own client: small enough to reason about, and as stubborn as real ones. In a simulated
 * world they prove what a seed breaks, on the real machine what kill -9 does (interop).
 */
import { BrokerClient } from '../src/kafka/client/broker-client.ts';
import type { ResponseOf } from '../src/kafka/protocol/api.ts';
import { ErrorCode, errorInfo } from '../src/kafka/protocol/errors.ts';
import { produce } from '../src/kafka/protocol/messages/00-produce.ts';
import { fetch } from '../src/kafka/protocol/messages/01-fetch.ts';
import { listOffsets } from '../src/kafka/protocol/messages/02-list-offsets.ts';
import { metadata } from '../src/kafka/protocol/messages/03-metadata.ts';
import { createTopics } from '../src/kafka/protocol/messages/19-create-topics.ts';
import { initProducerId } from '../src/kafka/protocol/messages/22-init-producer-id.ts';
import { electLeaders } from '../src/kafka/protocol/messages/43-elect-leaders.ts';
import { forEachBatch } from '../src/kafka/records/batch.ts';
import { buildBatch } from '../src/kafka/records/build-batch.ts';
import { readRecords } from '../src/kafka/records/read-records.ts';
import type { Endpoint, Runtime } from '../src/runtime/runtime.ts';

export const topic = 'ledger';

/** The time by which ListOffsets means the end. */
const LATEST = -1;

/** What every client needs: who leads what, and a connection to each broker. */
export class ClusterClient {
  readonly runtime: Runtime;
  private readonly bootstrap: readonly Endpoint[];
  private readonly clients = new Map<string, BrokerClient>();
  private leaders = new Map<number, Endpoint>();
  private controller: Endpoint | null = null;

  constructor(runtime: Runtime, bootstrap: readonly Endpoint[]) {
    this.runtime = runtime;
    this.bootstrap = bootstrap;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.runtime.clock.after(ms, resolve));
  }

  to(endpoint: Endpoint): BrokerClient {
    const name = `${endpoint.host}:${endpoint.port}`;
    let client = this.clients.get(name);
    if (client === undefined) {
      client = new BrokerClient(this.runtime, {
        endpoint,
        clientId: 'gregor',
        requestTimeoutMs: 4000,
        connectTimeoutMs: 1000,
      });
      this.clients.set(name, client);
    }
    return client;
  }

  any(): BrokerClient {
    return this.to(this.bootstrap[this.runtime.random.below(this.bootstrap.length)]!);
  }

  private ask(): Promise<ResponseOf<typeof metadata>> {
    return this.any().send(metadata, 5, { topics: [{ name: topic }], allowAutoTopicCreation: false });
  }

  /** How many replicas of each partition are in sync, as some broker says. */
  async inSync(): Promise<number[]> {
    const answer = await this.ask();
    return (answer.topics[0]?.partitions ?? []).map((p) => p.isrNodes.length);
  }

  /** Which broker decides, as some broker says; -1: none. */
  async controllerId(): Promise<number> {
    return (await this.ask()).controllerId;
  }

  /** Lets replicas lead that are the first of their partitions, as an operator would. */
  async electPreferred(): Promise<void> {
    await this.refresh();
    if (this.controller === null) return;
    const request = { topicPartitions: null, timeoutMs: 1000 };
    await this.to(this.controller).send(electLeaders, 0, request);
  }

  /** Asks some broker who leads the topic's partitions. Rejects when that one can't be reached. */
  async refresh(): Promise<void> {
    const answer = await this.ask();
    const brokers = new Map(answer.brokers.map((b) => [b.nodeId, { host: b.host, port: b.port }]));
    this.controller = brokers.get(answer.controllerId) ?? null;
    this.leaders = new Map();
    for (const p of answer.topics[0]?.partitions ?? []) {
      const leader = brokers.get(p.leaderId);
      if (p.errorCode === ErrorCode.NONE && leader !== undefined) this.leaders.set(p.partitionIndex, leader);
    }
  }

  async leader(partition: number): Promise<BrokerClient> {
    for (;;) {
      const leader = this.leaders.get(partition);
      if (leader !== undefined) return this.to(leader);
      await this.refresh().catch(() => undefined);
      if (!this.leaders.has(partition)) await this.pause(100);
    }
  }

  /** Where a partition's committed records end; 0 when its leader can't be asked. */
  async endOffset(partition: number): Promise<number> {
    const leader = await this.leader(partition);
    const partitions = [{ partitionIndex: partition, timestamp: LATEST }];
    const answer = await leader
      .send(listOffsets, 2, { replicaId: -1, topics: [{ name: topic, partitions }] })
      .catch(() => null);
    const found = answer?.topics[0]?.partitions[0];
    if (found?.errorCode === ErrorCode.NONE) return Number(found.offset);
    this.forget(partition);
    return 0;
  }

  forget(partition: number): void {
    this.leaders.delete(partition);
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  async createTopic(partitions: number, replicas = 3): Promise<void> {
    for (;;) {
      await this.refresh().catch(() => undefined);
      if (this.leaders.size === partitions) return;
      if (this.controller !== null)
        await this.to(this.controller)
          .send(createTopics, 3, {
            topics: [
              {
                name: topic,
                numPartitions: partitions,
                replicationFactor: replicas,
                assignments: [],
                configs: [],
              },
            ],
            timeoutMs: 3000,
          })
          .catch(() => undefined);
      await this.pause(200);
    }
  }

  async producerId(): Promise<{ producerId: number; producerEpoch: number }> {
    for (;;) {
      const answer = await this.any()
        .send(initProducerId, 1, { transactionalId: null, transactionTimeoutMs: 60_000 })
        .catch(() => null);
      if (answer?.errorCode === ErrorCode.NONE)
        return { producerId: Number(answer.producerId), producerEpoch: answer.producerEpoch };
      await this.pause(200);
    }
  }
}

/** What became of the records of one partition. */
export interface Ledger {
  /** Values in the order in which they were acknowledged. */
  readonly acknowledged: string[];
}

/** Writes batches to a partition with acks=all, idempotently, one after the other, each until it is acknowledged, while `wanted` says so. */
export async function produceTo(
  client: ClusterClient,
  partition: number,
  ledger: Ledger,
  wanted: () => boolean,
): Promise<void> {
  const { runtime } = client;
  const { producerId, producerEpoch } = await client.producerId();
  let sequence = 0;
  while (wanted()) {
    const values = Array.from(
      { length: 1 + runtime.random.below(5) },
      (_, i) => `${partition}-${ledger.acknowledged.length + i}`,
    );
    const batch = buildBatch(
      runtime.codecs,
      runtime.digests,
      values.map((value) => ({ timestamp: runtime.clock.wallMs(), value: Buffer.from(value) })),
      { producerId, producerEpoch, baseSequence: sequence },
    );
    await writeUntilAcknowledged(client, partition, batch);
    ledger.acknowledged.push(...values);
    sequence += values.length;
    await client.pause(runtime.random.below(40));
  }
}

/**
 * A broker that is cut off and doesn't know yet that it leads no longer finds a gap where others acknowledged what it never got: so that code
 * doesn't end it. Were the gap real, the batch would never be acknowledged.
 */
async function writeUntilAcknowledged(
  client: ClusterClient,
  partition: number,
  batch: Buffer,
): Promise<void> {
  for (;;) {
    const leader = await client.leader(partition);
    const answer = await leader
      .send(produce, 7, {
        acks: -1,
        timeoutMs: 2000,
        // A copy: a batch that is sent again must be what it was, whatever a broker in this process does to its bytes.
        topicData: [{ name: topic, partitionData: [{ index: partition, records: Buffer.from(batch) }] }],
      })
      .catch(() => null);
    const code = answer?.responses[0]?.partitionResponses[0]?.errorCode;
    if (code === ErrorCode.NONE) return;
    if (code !== undefined && code !== ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && !errorInfo(code).retriable)
      throw new Error(`a producer of partition ${partition} was refused with ${errorInfo(code).name}`);
    client.forget(partition);
    await client.pause(50 + client.runtime.random.below(100));
  }
}

export interface ReadRecord {
  readonly offset: number;
  readonly value: string;
}

/** Reads a partition from its beginning until the high watermark is reached. @returns values with their offsets, in order. */
export async function readAll(client: ClusterClient, partition: number): Promise<ReadRecord[]> {
  const found: ReadRecord[] = [];
  for (;;) {
    const before = found.length;
    const highWatermark = await readOn(client, partition, found);
    if (highWatermark === null) await client.pause(100);
    else if (found.length === before && nextOffset(found) >= highWatermark) return found;
  }
}

/** One fetch of what comes after the records that were found, which it adds. @returns the high watermark; null: it failed. */
export async function readOn(
  client: ClusterClient,
  partition: number,
  found: ReadRecord[],
): Promise<number | null> {
  const leader = await client.leader(partition);
  const fetchOffset = nextOffset(found);
  const answer = await leader
    .send(fetch, 6, {
      replicaId: -1,
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1 << 18 }] }],
    })
    .catch(() => null);
  const part = answer?.responses[0]?.partitions[0];
  if (part === undefined || part.errorCode !== ErrorCode.NONE) {
    client.forget(partition);
    return null;
  }
  const { records } = part;
  const bytes = Array.isArray(records) ? Buffer.concat(records) : (records ?? Buffer.alloc(0));
  forEachBatch(bytes, 0, bytes.length, (at, size) => {
    for (const record of readRecords(client.runtime.codecs, bytes, at, size)) {
      const offset = Number(record.offset);
      if (offset >= fetchOffset) found.push({ offset, value: record.value?.toString() ?? '' });
    }
  });
  return Number(part.highWatermark);
}

function nextOffset(found: readonly ReadRecord[]): number {
  return (found.at(-1)?.offset ?? -1) + 1;
}
