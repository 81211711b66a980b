import { afterEach, expect, test } from 'vitest';
import { TestClient } from '../../../../test/support/test-client.ts';
import { TestCluster } from '../../../../test/support/test-cluster.ts';
import { silentLog } from '../../../runtime/node/log.ts';
import { createNodeRuntime } from '../../../runtime/node/node-runtime.ts';
import type { Connection, Endpoint } from '../../../runtime/runtime.ts';
import { Reader } from '../../../wire/reader.ts';
import { decodeResponse, decodeResponseHeader, encodeRequest } from '../../protocol/codec.ts';
import { fetch } from '../../protocol/messages/01-fetch.ts';
import { forEachBatch } from '../../records/batch.ts';
import { readRecords } from '../../records/read-records.ts';

const runtime = createNodeRuntime({ log: silentLog });
const PARTITIONS = [0, 1, 2];
const RECORDS = 100;
const RECORD_BYTES = 16_384;

let cluster: TestCluster | null = null;
let client: TestClient | null = null;

afterEach(async () => {
  client?.close();
  await cluster?.stop();
});

const textOf = (partition: number, i: number): string => `${partition}:${i} `.padEnd(RECORD_BYTES, '.');

/** A consumer that asks for everything, and reads from its socket only when it is told to. */
class SlowReader {
  private readonly chunks: Buffer[] = [];
  private readonly connection: Connection;
  private heard: () => void = () => undefined;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        this.chunks.push(bytes);
        this.heard();
      },
      closed: () => this.heard(),
    });
  }

  static async connect(endpoint: Endpoint): Promise<SlowReader> {
    return new SlowReader(await runtime.network.connect(endpoint));
  }

  ask(): void {
    this.connection.pause();
    const partitions = PARTITIONS.map((partition) => ({
      partition,
      fetchOffset: 0,
      partitionMaxBytes: 1 << 20,
    }));
    const body = {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 'shared', partitions }],
      forgottenTopicsData: [],
    };
    this.connection.write(Buffer.concat(encodeRequest(fetch, 11, 1, 'slow', body)));
  }

  /** The texts of the answer, of each partition. */
  async answer(): Promise<string[][]> {
    this.connection.resume();
    let all = Buffer.alloc(0);
    while (all.length < 4 || all.length < 4 + all.readInt32BE(0)) {
      await new Promise<void>((resolve) => {
        this.heard = resolve;
      });
      all = Buffer.concat(this.chunks);
    }
    this.chunks.length = 0;
    const reader = new Reader(all.subarray(4));
    decodeResponseHeader(fetch, 11, reader);
    const { responses } = decodeResponse(fetch, 11, reader);
    const texts: string[][] = PARTITIONS.map(() => []);
    for (const { partitionIndex, records } of responses[0]!.partitions)
      forEachBatch(records!, 0, records!.length, (at, size) => {
        for (const { value } of readRecords(runtime.codecs, records!, at, size))
          texts[partitionIndex]!.push(value!.toString());
      });
    return texts;
  }

  close(): void {
    this.connection.destroy();
  }
}

test(
  'answers that wait in sockets stay as they were while other readers are served',
  { timeout: 30_000 },
  async () => {
    cluster = await TestCluster.start(1);
    client = new TestClient(cluster.client, [1]);
    await client.createTopic('shared', PARTITIONS.length, 1);
    for (const partition of PARTITIONS)
      for (let i = 0; i < RECORDS; i++) await client.produce('shared', partition, [textOf(partition, i)]);
    const endpoint = await cluster.publish(1);
    const readers = await Promise.all(Array.from({ length: 8 }, () => SlowReader.connect(endpoint)));
    const [quick] = readers;
    for (let round = 0; round < 3; round++) {
      // together more than sockets and spare buffers hold
      for (const reader of readers) reader.ask();
      for (const reader of [quick!, ...readers.slice(1).reverse()]) {
        const texts = await reader.answer();
        for (const partition of PARTITIONS) {
          const found = texts[partition]!;
          expect(found.length).toBeGreaterThan(10);
          expect(found.every((text, i) => text === textOf(partition, i))).toBe(true);
        }
      }
    }
    for (const reader of readers) reader.close();
  },
);
