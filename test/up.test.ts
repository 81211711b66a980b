import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { virtualRunners } from '../src/cli/make-runners.ts';
import { RunningProject } from '../src/cli/running-project.ts';
import { serverStarters } from '../src/cli/server-starters.ts';
import { planFromFiles } from '../src/compose/make-plan.ts';
import { BrokerClient } from '../src/kafka/client/broker-client.ts';
import { createTopics } from '../src/kafka/protocol/messages/19-create-topics.ts';
import { metadata } from '../src/kafka/protocol/messages/03-metadata.ts';
import { silentLog } from '../src/runtime/node/log.ts';
import { createNodeRuntime } from '../src/runtime/node/node-runtime.ts';
import { formatProblem } from '../src/wire/problem.ts';
import { folderWith } from './support/compose-project.ts';

function broker(id: number): string {
  return `
  kafka-${id}:
    image: confluentinc/cp-kafka:5.3.1
    depends_on: { zk: { condition: service_healthy } }
    ports: ["0:9092"]
    environment:
      KAFKA_BROKER_ID: ${id}
      KAFKA_ZOOKEEPER_CONNECT: zk:2181/chroot
      KAFKA_LISTENERS: IN://kafka-${id}:19092,OUT://0.0.0.0:9092
      KAFKA_ADVERTISED_LISTENERS: IN://kafka-${id}:19092,OUT://localhost:${39091 + id}
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: IN:PLAINTEXT,OUT:PLAINTEXT
      KAFKA_INTER_BROKER_LISTENER_NAME: IN
    volumes: ["./kafka-${id}:/var/lib/kafka/data"]`;
}

const COMPOSE = `services:
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    environment: { ZOOKEEPER_CLIENT_PORT: 2181, ZOOKEEPER_TICK_TIME: 500 }
    volumes: ["./zk/data:/var/lib/zookeeper/data", "./zk/log:/var/lib/zookeeper/log"]${[1, 2, 3].map(broker).join('')}
`;

/** Brings a project up, and talks to its controller through a published port. */
async function up(folder: string): Promise<{ running: RunningProject; client: BrokerClient }> {
  const { plan, problems } = planFromFiles({ files: [join(folder, 'compose.yml')], env: {} });
  expect(problems.filter(({ severity }) => severity === 'error').map(formatProblem)).toEqual([]);
  if (plan === null) throw new Error('no plan');
  const running = await RunningProject.open(plan, virtualRunners(serverStarters), 'info');
  onTestFinished(() => running.stop());
  await running.started;
  const { services } = running.status();
  expect(services.map(({ name, state, error }) => [name, state, error])).toEqual(
    ['zk', 'kafka-1', 'kafka-2', 'kafka-3'].map((name) => [name, 'ready', null]),
  );
  const { controllerId } = await clientOf(running, 1).send(metadata, 5, { topics: [] });
  return { running, client: clientOf(running, controllerId) };
}

function clientOf(running: RunningProject, brokerId: number): BrokerClient {
  const port = running.status().services[brokerId]?.published[0]?.hostPort ?? 0;
  const runtime = createNodeRuntime({ log: silentLog });
  const client = new BrokerClient(runtime, { endpoint: { host: '127.0.0.1', port }, clientId: 'test' });
  onTestFinished(() => client.close());
  return client;
}

test('a compose file comes up with real servers: at once a topic can live on all brokers, and a second up finds it', async () => {
  const folder = folderWith({ 'compose.yml': COMPOSE });
  const first = await up(folder);
  const made = await first.client.send(createTopics, 2, {
    topics: [{ name: 'kept', numPartitions: 3, replicationFactor: 3, assignments: [], configs: [] }],
    timeoutMs: 10_000,
  });
  expect(made.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([['kept', 0]]);
  await first.running.stop();
  expect(first.running.status().services.map(({ state }) => state)).toEqual(Array(4).fill('stopped'));

  const second = await up(folder);
  const { brokers, topics } = await second.client.send(metadata, 5, { topics: [{ name: 'kept' }] });
  expect(brokers.map(({ nodeId, host, port }) => `${nodeId} ${host}:${port}`).sort()).toEqual([
    '1 localhost:39092',
    '2 localhost:39093',
    '3 localhost:39094',
  ]);
  expect(topics[0]?.partitions.map(({ replicaNodes }) => replicaNodes.length)).toEqual([3, 3, 3]);
}, 60_000);
