import { createNodeCodecs } from '../../../src/runtime/node/codecs.ts';
import { createNodeDigests } from '../../../src/runtime/node/digests.ts';
import { BrokerClient } from '../../../src/kafka/client/broker-client.ts';
import { BrokerUnreachable } from '../../../src/kafka/client/broker-unreachable.ts';
import { ErrorCode } from '../../../src/kafka/protocol/errors.ts';
import { createTopics } from '../../../src/kafka/protocol/messages/19-create-topics.ts';
import { findCoordinator } from '../../../src/kafka/protocol/messages/10-find-coordinator.ts';
import { metadata } from '../../../src/kafka/protocol/messages/03-metadata.ts';
import { offsetFetch } from '../../../src/kafka/protocol/messages/09-offset-fetch.ts';
import { apiVersions } from '../../../src/kafka/protocol/messages/18-api-versions.ts';
import { ZERO_UUID } from '../../../src/kafka/protocol/schema.ts';
import { initProducerId } from '../../../src/kafka/protocol/messages/22-init-producer-id.ts';
import { buildBatch } from '../../../src/kafka/records/build-batch.ts';
import type { Endpoint, Runtime } from '../../../src/runtime/runtime.ts';
import { atVersion } from '../at-version.ts';
import { eventually } from '../eventually.ts';
import { clusterExchanges } from './cluster.ts';
import type { Asked, Exchange } from './exchange.ts';
import { TOPIC } from './exchange.ts';
import { groupExchanges } from './groups.ts';
import { recordExchanges } from './records.ts';
import { topicExchanges } from './topics.ts';

export const exchanges: readonly Exchange[] = [
  ...clusterExchanges,
  ...recordExchanges,
  ...topicExchanges,
  ...groupExchanges,
];

export interface Heard {
  /** Which exchange it was, and in which version. */
  readonly what: string;
  /** The decoded answer; a sentence where there is none. */
  readonly answer: unknown;
  /** Those codes in it that the exchange doesn't speak of. */
  readonly unexpected: readonly number[];
}

export interface Everything {
  /** By key, as ApiVersions says. */
  readonly served: ReadonlyMap<number, readonly [min: number, max: number]>;
  readonly heard: readonly Heard[];
}

/** Asks a broker that is alone in its cluster, and the first controller of it, everything that it says it serves, over one connection. */
export async function askEverything(
  runtime: Runtime,
  broker: Endpoint & { id: number },
  limit: (key: number) => readonly [min: number, max: number] | undefined = () => [0, 1000],
): Promise<Everything> {
  const client = new BrokerClient(runtime, { endpoint: broker, clientId: 'everything' });
  const asked: Asked & { topicId: string } = {
    broker,
    topicId: ZERO_UUID,
    controllerEpoch: 1,
    ask: (api, version, draft) =>
      client.send(api, version, atVersion(api.request.fields, version, draft) as never),
    records: (magic) =>
      buildBatch(
        createNodeCodecs(),
        createNodeDigests(),
        ['one', 'two'].map((text, i) => ({
          key: Buffer.from(text),
          value: Buffer.from(`the value of ${text}`),
          timestamp: 1_700_000_000_000 + i,
        })),
        { magic },
      ),
  };
  try {
    await prepare(asked);
    const { topics } = await asked.ask(metadata, 12, { topics: [{ name: TOPIC, topicId: ZERO_UUID }] });
    asked.topicId = topics[0]!.topicId;
    const { apiKeys } = await asked.ask(apiVersions, 0, {});
    const served = new Map(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion] as const]),
    );
    const heard: Heard[] = [];
    for (const [n, exchange] of exchanges.entries()) {
      const [min, max] = served.get(exchange.api.key) ?? [0, -1];
      const [from, to] = limit(exchange.api.key) ?? [0, -1];
      for (let version = Math.max(min, from); version <= Math.min(max, to); version++) {
        const what = `${n} ${exchange.api.name} v${version}`;
        heard.push({ what, ...(await hear(what, exchange, asked, version)) });
      }
    }
    return { served, heard };
  } finally {
    client.close();
  }
}

/** The topic has its leader, groups have their coordinator. */
async function prepare({ ask }: Asked): Promise<void> {
  await ask(createTopics, 2, {
    topics: [{ name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
  });
  await eventually(async () => {
    const { topics } = await ask(metadata, 1, { topics: [{ name: TOPIC, topicId: ZERO_UUID }] });
    const { errorCode } = await ask(findCoordinator, 1, { key: 'g', keyType: 0 });
    return topics[0]?.partitions[0]?.leaderId !== undefined && errorCode === ErrorCode.NONE;
  });
  await eventually(async () => {
    // Apache's brokers fetch their first block of ids when they are first asked for one.
    const { errorCode } = await ask(initProducerId, 0, { transactionalId: null, transactionTimeoutMs: 1000 });
    return errorCode === ErrorCode.NONE;
  });
  await eventually(async () => {
    const answer = await ask(offsetFetch, 2, { groupId: 'g', topics: [] });
    return answer.errorCode === ErrorCode.NONE;
  });
}

/** Rejects when no answer comes at all: what is asked behind it would wait as long. */
async function hear(
  what: string,
  { errors, talk }: Exchange,
  asked: Asked,
  version: number,
): Promise<Omit<Heard, 'what'>> {
  try {
    const answer = await talk(asked, version);
    return { answer, unexpected: errorCodes(answer).filter((code) => !errors.includes(code)) };
  } catch (error) {
    if (error instanceof BrokerUnreachable) throw new Error(`${what} got no answer`, { cause: error });
    return { answer: String(error), unexpected: [ErrorCode.UNKNOWN_SERVER_ERROR] };
  }
}

/** All codes of an answer that aren't 0, wherever they stand. */
function errorCodes(answer: unknown): number[] {
  if (typeof answer !== 'object' || answer === null || Buffer.isBuffer(answer)) return [];
  return Object.entries(answer).flatMap(([name, value]) =>
    name.endsWith('rrorCode') && value !== ErrorCode.NONE ? [value as number] : errorCodes(value),
  );
}
