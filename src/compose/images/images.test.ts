import { expect, test } from 'vitest';
import { plan } from '../../../test/support/compose-project.ts';
import { listenersFor, propertyName } from './cp-kafka.ts';
import { imageRole, parseImageName } from './image.ts';

const zooKeeper = `
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    environment: { ZOOKEEPER_CLIENT_PORT: 2181 }
`;

function kafka(environment: string): string {
  return `services:${zooKeeper}
  kafka:
    image: confluentinc/cp-kafka:5.3.1
    environment:
${environment
  .trim()
  .split('\n')
  .map((line) => `      ${line.trim()}`)
  .join('\n')}
`;
}

const CONNECT = 'KAFKA_ZOOKEEPER_CONNECT: zk:2181';
const ADVERTISED = 'KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092';

function properties(text: string, service: string): Record<string, string> {
  const planned = plan(text).plan.services.find(({ name }) => name === service);
  const lines = planned?.text.text.trimEnd().split('\n') ?? [];
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

test.each([
  ['LOG_RETENTION_MS', 'log.retention.ms'],
  ['WITH__UNDERSCORE', 'with_underscore'],
  ['WITH___DASH', 'with-dash'],
  ['A_B__C_D', 'a.b_c.d'],
])('KAFKA_%s is %s', (words, property) => {
  expect(propertyName(words)).toBe(property);
});

test('listeners come from what is advertised, on every address', () => {
  expect(listenersFor('A://kafka:1,B://localhost:2')).toBe('A://0.0.0.0:1,B://0.0.0.0:2');
  expect(properties(kafka(`${CONNECT}\n${ADVERTISED}`), 'kafka')).toEqual({
    'zookeeper.connect': 'zk:2181',
    'advertised.listeners': 'PLAINTEXT://kafka:9092',
    listeners: 'PLAINTEXT://0.0.0.0:9092',
    'log.dirs': '/var/lib/kafka/data',
  });
});

test('what is for the JVM, the scripts and Confluent alone is ignored, with a note', () => {
  const text = kafka(`${CONNECT}
${ADVERTISED}
KAFKA_HEAP_OPTS: -Xmx1G
KAFKA_JMX_PORT: 9999
KAFKA_LOG4J_LOGGERS: kafka=DEBUG
KAFKA_CONFLUENT_SUPPORT_METRICS_ENABLE: false
CONFLUENT_SUPPORT_CUSTOMER_ID: c
TZ: Asia/Seoul`);
  expect(Object.keys(properties(text, 'kafka'))).toHaveLength(4);
  expect(plan(text).plan.notes.map((note) => note.text)).toEqual([
    'KAFKA_HEAP_OPTS is for the JVM: ignored',
    'KAFKA_JMX_PORT is for the JVM: ignored',
    'KAFKA_LOG4J_LOGGERS is for the JVM: ignored',
    "KAFKA_CONFLUENT_SUPPORT_METRICS_ENABLE is for Confluent's own additions: ignored",
    "CONFLUENT_SUPPORT_CUSTOMER_ID is for Confluent's own additions: ignored",
  ]);
});

test.each([
  [
    'latest',
    'cp-kafka:latest has no ZooKeeper mode any more; it runs all the same, with the defaults of Kafka 2.3',
  ],
  [
    '8.0.0',
    'cp-kafka:8.0.0 has no ZooKeeper mode any more; it runs all the same, with the defaults of Kafka 2.3',
  ],
  ['7.5.0', 'cp-kafka:7.5.0 runs with the defaults of Kafka 2.3 so far'],
])('of release %s is said how it runs', (tag, note) => {
  const { plan: made } = plan(
    kafka(`${CONNECT}\n${ADVERTISED}`).replace('cp-kafka:5.3.1', `cp-kafka:${tag}`),
  );
  expect(made.notes.map(({ text }) => text)).toEqual([note]);
});

test('variables that the image requires or refuses are errors', () => {
  expect(plan(kafka('KAFKA_PORT: 9092')).problems).toEqual([
    '6 error ZOOKEEPER_CONNECT_MISSING',
    '6 error ADVERTISED_LISTENERS_MISSING',
    '9 error VARIABLE_DEPRECATED',
  ]);
  expect(plan(kafka('KAFKA_BROKER_ID: 1')).sentences[0]).toContain('add KAFKA_ZOOKEEPER_CONNECT: zk:2181');
  expect(plan('services:\n  zk: { image: "confluentinc/cp-zookeeper:5.3.1" }\n').problems).toEqual([
    '2 error CLIENT_PORT_MISSING',
  ]);
});

test('a wrong value is told of the variable and its line', () => {
  const { sentences } = plan(
    kafka(`${CONNECT}\n${ADVERTISED}\nKAFKA_NUM_PARTITIONS: three\nKAFKA_LISTENERS: FOO://:1`),
  );
  expect(sentences.filter((sentence) => sentence.includes('INVALID_VALUE'))[0]).toMatch(
    /^compose\.yml:11 INVALID_VALUE: kafka, KAFKA_NUM_PARTITIONS: /,
  );
});

test('zoo.cfg of the image: its folders, the names of its variables, and settings for the JVM that are ZooKeepers', () => {
  const text = `services:
  zk:
    image: confluentinc/cp-zookeeper:5.4.0
    environment:
      ZOOKEEPER_CLIENT_PORT: 2181
      ZOOKEEPER_TICK_TIME: 2000
      ZOOKEEPER_MAX_CLIENT_CNXNS: 0
      ZOOKEEPER_AUTOPURGE_PURGE_INTERVAL: 1
      ZOOKEEPER_ADMIN_ENABLE_SERVER: "false"
      KAFKA_OPTS: -Xlog -Dzookeeper.4lw.commands.whitelist=* -Djava.security.auth.login.config=/etc/jaas.conf
      KAFKA_HEAP_OPTS: -Xmx1G
      ZOOKEEPER_TICKTIME: 1
`;
  expect(properties(text, 'zk')).toEqual({
    dataDir: '/var/lib/zookeeper/data',
    dataLogDir: '/var/lib/zookeeper/log',
    clientPort: '2181',
    tickTime: '2000',
    maxClientCnxns: '0',
    'autopurge.purgeInterval': '1',
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    'java.security.auth.login.config': '/etc/jaas.conf',
  });
  expect(plan(text).problems).toEqual(['12 warning VARIABLE_UNKNOWN']);
});

test('the security of cp-zookeeper 5.4 and later has names of its own', () => {
  const text = `services:
  zk:
    image: confluentinc/cp-zookeeper:7.4.0
    environment:
      ZOOKEEPER_SECURE_CLIENT_PORT: 2182
      ZOOKEEPER_SSL_KEYSTORE_LOCATION: /mnt/keys.jks
      ZOOKEEPER_SSL_KEYSTORE_PASSWORD: secret
      ZOOKEEPER_SSL_CLIENT_AUTH: none
      ZOOKEEPER_SSL_QUORUM_TRUSTSTORE_LOCATION: /mnt/trust.jks
      ZOOKEEPER_AUTH_PROVIDER_SASL: org.apache.zookeeper.server.auth.SASLAuthenticationProvider
`;
  expect(properties(text, 'zk')).toMatchObject({
    secureClientPort: '2182',
    'ssl.keyStore.location': '/mnt/keys.jks',
    'ssl.keyStore.password': 'secret',
    'ssl.clientAuth': 'none',
    'ssl.quorum.trustStore.location': '/mnt/trust.jks',
    'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  });
  expect(plan(text).problems).toEqual([]);
});

test('ensembles need a server id and get limits', () => {
  const text = (id: string): string => `services:
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    environment:
      ZOOKEEPER_CLIENT_PORT: 2181
      ZOOKEEPER_SERVERS: zk:2888:3888;zk2:2888:3888
${id}`;
  expect(plan(text('')).problems).toEqual(['6 error SERVER_ID_MISSING']);
  const made = plan(text('      ZOOKEEPER_SERVER_ID: 1\n'));
  expect(made.problems).toEqual([]);
  expect(made.plan.services[0]).toMatchObject({ kind: 'zookeeper', myid: '1' });
  expect(made.plan.services[0]?.text.text).toContain(
    'initLimit=10\nsyncLimit=5\nserver.1=zk:2888:3888\nserver.2=zk2:2888:3888\n',
  );
});

test('image names, with and without registry, tag and digest', () => {
  expect(parseImageName('docker.io/confluentinc/cp-kafka:5.3.1@sha256:ab')).toEqual({
    repository: 'confluentinc/cp-kafka',
    tag: '5.3.1',
    version: { major: 5, minor: 3 },
  });
  expect(parseImageName('localhost:5000/zookeeper')).toEqual({
    repository: 'zookeeper',
    tag: 'latest',
    version: null,
  });
});

test.each([
  ['confluentinc/cp-kafka:latest', 'broker'],
  ['my.registry/mirror/cp-zookeeper:7.5.0', 'zookeeper'],
  ['wurstmeister/kafka', 'notRun'],
  ['bitnami/kafka:3', 'notRun'],
  ['postgres:16', 'notRun'],
])('%s is %s', (image, kind) => {
  expect(imageRole(parseImageName(image)).kind).toBe(kind);
});

test('services that are not run are named with the reason', () => {
  const { plan: made } = plan(`${kafka(`${CONNECT}\n${ADVERTISED}`)}
  app: { build: . }
  ui: { image: provectuslabs/kafka-ui }
  init: { image: "confluentinc/cp-kafka:5.3.1", command: kafka-topics --create }
`);
  expect(made.services.map(({ name }) => name)).toEqual(['zk', 'kafka']);
  expect(made.notRun.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
    'app: it is built from a Dockerfile, which gregor cannot run',
    'ui: a console: gregor runs ZooKeeper and Kafka only',
    'init: it runs a command of its own instead of a server',
  ]);
});
