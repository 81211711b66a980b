import { expect, test } from 'vitest';
import { plan } from '../../../test/support/compose-project.ts';

interface BrokerParts {
  readonly id?: number;
  readonly listeners?: string;
  readonly advertised?: string;
  readonly connect?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly more?: string;
}

const ZOOKEEPER = `  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    environment: { ZOOKEEPER_CLIENT_PORT: 2181 }
`;

/** A broker whose parts are all right unless they are given. */
function broker(name: string, parts: BrokerParts = {}): string {
  const id = parts.id ?? 1;
  const port = 9091 + id;
  return `  ${name}:
    image: confluentinc/cp-kafka:5.3.1
    ports: ${JSON.stringify(parts.ports ?? [`${port}:${port}`])}
    volumes: ${JSON.stringify(parts.volumes ?? [])}
    environment:
      KAFKA_BROKER_ID: ${id}
      KAFKA_ZOOKEEPER_CONNECT: ${parts.connect ?? 'zk:2181'}
      KAFKA_LISTENERS: ${parts.listeners ?? `IN://0.0.0.0:19092,OUT://0.0.0.0:${port}`}
      KAFKA_ADVERTISED_LISTENERS: ${parts.advertised ?? `IN://${name}:19092,OUT://localhost:${port}`}
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: IN:PLAINTEXT,OUT:PLAINTEXT
      KAFKA_INTER_BROKER_LISTENER_NAME: IN
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1
      ${parts.more ?? 'KAFKA_NUM_PARTITIONS: 1'}
`;
}

function codes(...parts: readonly string[]): string[] {
  return plan(`services:\n${ZOOKEEPER}${parts.join('')}`).problems.map((problem) =>
    problem.slice(problem.indexOf(' ') + 1),
  );
}

test('a file in which all fits together has no problems', () => {
  expect(codes(broker('a', { id: 1 }), broker('b', { id: 2 }))).toEqual([]);
});

test.each<[string, BrokerParts]>([
  ['warning LISTENER_LOOPBACK', { listeners: 'IN://0.0.0.0:19092,OUT://localhost:9092' }],
  ['warning PORT_NOT_PUBLISHED', { ports: [] }],
  ['warning PUBLISHED_PORT_DIFFERS', { ports: ['19000:9092'] }],
  ['warning NOTHING_LISTENS', { ports: ['9092:9092', '7000:7000'] }],
  ['warning ADVERTISED_NAME_INSIDE_ONLY', { advertised: 'IN://a:19092,OUT://a:9092' }],
  ['warning PUBLISHED_ON_LOOPBACK', { advertised: 'IN://a:19092,OUT://192.168.1.5:9092' }],
  ['warning ADVERTISED_NAME_UNKNOWN', { advertised: 'IN://other:19092,OUT://localhost:9092' }],
  ['warning ADVERTISED_ELSEWHERE', { advertised: 'IN://a:19093,OUT://localhost:9092' }],
  ['error ZOOKEEPER_CONNECT_LOOPBACK', { connect: 'localhost:2181' }],
  ['error ZOOKEEPER_CONNECT_UNKNOWN', { connect: 'zoo:2181' }],
  ['error ZOOKEEPER_CONNECT_WRONG', { connect: 'zk:2182' }],
  ['error ZOOKEEPER_CONNECT_WRONG', { connect: 'a:2181' }],
  ['warning REPLICATION_FACTOR_TOO_LARGE', { more: 'KAFKA_DEFAULT_REPLICATION_FACTOR: 3' }],
  ['warning MIN_ISR_TOO_LARGE', { more: 'KAFKA_MIN_INSYNC_REPLICAS: 2' }],
  ['warning VOLUME_UNUSED', { volumes: ['./x:/kafka-logs'] }],
  ['error VOLUME_READ_ONLY', { volumes: ['./x:/var/lib/kafka/data:ro'] }],
  ['error INVALID_VALUE', { listeners: 'IN://0.0.0.0:19092,OUT://0.0.0.0:19092' }],
])('%s is told of %o', (problem, parts) => {
  expect(codes(broker('a', parts))).toEqual([problem]);
});

test.each<[string, string, BrokerParts]>([
  ['two brokers of one id', 'error BROKER_ID_TWICE', { id: 1, ports: [], advertised: 'IN://b:19092' }],
  [
    'two brokers at one address',
    'error ADVERTISED_TWICE',
    { id: 2, advertised: 'IN://b:19092,OUT://localhost:9092', ports: ['9092'] },
  ],
  ['a port published twice', 'error HOST_PORT_TWICE', { id: 2, ports: ['9092:9093', '9093:9093'] }],
  ['brokers with data in one folder', 'error DATA_SHARED', { id: 2, volumes: ['./x:/var/lib/kafka/data'] }],
  [
    'brokers that send one another to themselves',
    'warning INTER_BROKER_LOOPBACK',
    { id: 2, advertised: 'IN://localhost:19092,OUT://localhost:9093' },
  ],
  [
    'brokers with listeners of other names',
    'warning LISTENER_NAMES_DIFFER',
    { id: 2, advertised: 'IN://b:19092', listeners: 'IN://0.0.0.0:19092', ports: [] },
  ],
])('%s: %s', (_, problem, parts) => {
  expect(codes(broker('a', { volumes: ['./x:/var/lib/kafka/data'] }), broker('b', parts))).toContain(problem);
});

test('the default replication factor of the offsets topic is told when there are fewer brokers', () => {
  const { sentences } = plan(`services:\n${ZOOKEEPER}${broker('a').replace(/.*OFFSETS_TOPIC.*\n/, '')}`);
  expect(sentences).toEqual([
    'compose.yml:5 REPLICATION_FACTOR_TOO_LARGE: a is the only broker, and offsets.topic.replication.factor is 3 unless you say otherwise: no consumer group can work; write KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1',
  ]);
});

test('a broker and its ZooKeeper need a network in common', () => {
  const text = `services:
${ZOOKEEPER}    networks: [back]
${broker('a')}    networks: [front]
networks: { back: , front: }
`;
  expect(plan(text).problems).toEqual(['12 error NETWORK_NOT_SHARED']);
});

test('services that wait for one another are told', () => {
  const { problems } = plan(`services:
${ZOOKEEPER}    depends_on: [a]
${broker('a')}    depends_on: [zk]
`);
  expect(problems).toEqual(['19 error DEPENDENCY_CIRCLE']);
});

test('a service that uses the machines network is told, since each has its own here', () => {
  expect(codes(`${broker('a')}    network_mode: host\n`)).toEqual(['error NETWORK_MODE']);
});

test('a file without anything to run is an error', () => {
  expect(plan('services:\n  db: { image: "postgres:16" }\n').problems).toEqual(['1 error NOTHING_TO_RUN']);
});

test('network_mode: host is refused with the ports to publish instead', () => {
  const { plan: made } = plan(`services:
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    network_mode: host
    environment: { ZOOKEEPER_CLIENT_PORT: 32181 }
`);
  expect(made.problems).toMatchObject([
    { code: 'NETWORK_MODE', line: 4, fix: expect.stringContaining('ports: ["32181:32181"]') },
  ]);
});

test('configs, secrets and merge tags are named as ignored', () => {
  const { plan: made } = plan(`services:
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    environment: { ZOOKEEPER_CLIENT_PORT: 2181 }
    ports: !override ["2181:2181"]
    secrets: [jaas, { source: keystore }]
`);
  expect(made.problems.map(({ line, code, message }) => `${line} ${code} ${message}`)).toEqual([
    '5 TAG_IGNORED !override is ignored: what the files before this one say here is kept and merged',
    '6 NOT_MOUNTED secrets are not put into services, so zk does without jaas, keystore',
  ]);
});
