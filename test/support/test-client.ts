import { BrokerClient } from '../../src/kafka/client/broker-client.ts';
import { ErrorCode, errorInfo } from '../../src/kafka/protocol/errors.ts';
import { produce } from '../../src/kafka/protocol/messages/00-produce.ts';
import { fetch } from '../../src/kafka/protocol/messages/01-fetch.ts';
import { metadata } from '../../src/kafka/protocol/messages/03-metadata.ts';
import { createTopics } from '../../src/kafka/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../src/kafka/records/build-batch.ts';
import { forEachBatch } from '../../src/kafka/records/batch.ts';
import { readRecords } from '../../src/kafka/records/read-records.ts';
import type { Endpoint, Runtime } from '../../src/runtime/runtime.ts';
import type { Api, RequestDraft, ResponseOf } from '../../src/kafka/protocol/api.ts';
import { toSafe } from '../../src/wire/int64.ts';
import { eventually } from './eventually.ts';
import { endpointOf } from './test-cluster.ts';

/** A small client for tests: it finds leaders and tries again, as real ones do. */
export class TestClient {
  private readonly runtime: Runtime;
  private readonly bootstrap: Endpoint[];
  private readonly clients = new Map<string, BrokerClient>();

  constructor(runtime: Runtime, brokers: readonly number[]) {
    this.runtime = runtime;
    this.bootstrap = brokers.map(endpointOf);
  }

  at(endpoint: Endpoint): BrokerClient {
    const key = `${endpoint.host}:${endpoint.port}`;
    let client = this.clients.get(key);
    if (client === undefined)
      this.clients.set(key, (client = new BrokerClient(this.runtime, { endpoint, clientId: 'test' })));
    return client;
  }

  /** From whichever broker answers. */
  async metadata(topics: string[] | null): Promise<ResponseOf<typeof metadata>> {
    return eventually(async () => {
      for (const endpoint of this.bootstrap) {
        const found = await this.at(endpoint)
          .send(metadata, 8, {
            topics: topics?.map((name) => ({ name })) ?? null,
            allowAutoTopicCreation: false,
          })
          .catch(() => null);
        if (found !== null && found.brokers.length > 0) return found;
      }
      return null;
    });
  }

  async leader(topic: string, partition: number): Promise<Endpoint & { nodeId: number }> {
    return eventually(async () => {
      const found = await this.metadata([topic]);
      const leader =
        found.topics[0]?.partitions.find((each) => each.partitionIndex === partition)?.leaderId ?? -1;
      return found.brokers.find((broker) => broker.nodeId === leader);
    });
  }

  async toController<A extends Api>(api: A, version: number, body: RequestDraft<A>): Promise<ResponseOf<A>> {
    const controller = await eventually(async () => {
      const found = await this.metadata([]);
      return found.brokers.find((broker) => broker.nodeId === found.controllerId);
    });
    return this.at(controller).send(api, version, body);
  }

  async createTopic(
    name: string,
    numPartitions: number,
    replicationFactor: number,
    configs: Record<string, string> = {},
  ): Promise<void> {
    const answer = await eventually(async () => {
      const { topics } = await this.toController(createTopics, 4, {
        topics: [
          {
            name,
            numPartitions,
            replicationFactor,
            assignments: [],
            configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
          },
        ],
        timeoutMs: 10_000,
      });
      const { errorCode } = topics[0]!;
      // the brokers may not have found each other yet
      const isEarly = errorInfo(errorCode).retriable || errorCode === ErrorCode.INVALID_REPLICATION_FACTOR;
      return isEarly ? null : topics[0]!;
    });
    const { errorCode, errorMessage } = answer;
    if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS)
      throw new Error(`creating ${name}: ${errorInfo(errorCode).name} ${errorMessage ?? ''}`);
  }

  /** One try, with acks −1. @returns the code, and the offset of the first. */
  async produceOnce(
    topic: string,
    partition: number,
    values: readonly string[],
    acks = -1,
  ): Promise<{ code: number; offset: number }> {
    const { codecs, digests } = this.runtime;
    const records = buildBatch(
      codecs,
      digests,
      values.map((value) => ({ value: Buffer.from(value), timestamp: 1_700_000_000_000 })),
    );
    const leader = await this.leader(topic, partition);
    const answer = await this.at(leader).send(produce, 7, {
      transactionalId: null,
      acks,
      timeoutMs: 5000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    });
    const result = answer.responses[0]!.partitionResponses[0]!;
    return { code: result.errorCode, offset: toSafe(result.baseOffset, 'offset') };
  }

  /** Until it is acknowledged by all. @returns the offset of the first. */
  async produce(topic: string, partition: number, values: readonly string[]): Promise<number> {
    const done = await eventually(async () => {
      const result = await this.produceOnce(topic, partition, values).catch(() => null);
      return result?.code === ErrorCode.NONE ? result : null;
    });
    return done.offset;
  }

  /** All values from an offset to the high watermark. */
  async consume(topic: string, partition: number, fromOffset = 0): Promise<string[]> {
    const values: string[] = [];
    let offset = fromOffset;
    for (;;) {
      const data = await eventually(async () => {
        const leader = await this.leader(topic, partition);
        const answer = await this.at(leader)
          .send(fetch, 11, {
            maxWaitMs: 100,
            minBytes: 1,
            maxBytes: 1024 * 1024,
            topics: [
              { topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1024 * 1024 }] },
            ],
            forgottenTopicsData: [],
            rackId: '',
          })
          .catch(() => null);
        const found = answer?.responses[0]?.partitions[0];
        return found?.errorCode === ErrorCode.NONE ? found : null;
      });
      const records = data.records ?? Buffer.alloc(0);
      forEachBatch(records, 0, records.length, (at, size) => {
        for (const record of readRecords(this.runtime.codecs, records, at, size)) {
          if (record.offset < offset) continue;
          values.push(record.value?.toString() ?? '');
          offset = toSafe(record.offset, 'offset') + 1;
        }
      });
      if (offset >= toSafe(data.highWatermark, 'high watermark')) return values;
    }
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }
}
