import { expect, test } from 'vitest';
import { defaultLogConfig } from '../../log/log-config.ts';
import { resolveBrokerConfig } from './broker-config.ts';
import { brokerEntries, topicEntries } from './config-entries.ts';
import { parseProperties } from '../../../wire/properties.ts';
import { Settings } from './settings.ts';
import { topicLogConfig } from './topic-config.ts';

const resolve = (text: string) => resolveBrokerConfig(parseProperties(text), 'server.properties');
const minimal = 'zookeeper.connect=zk:2181\n';
const problemsOf = (text: string) =>
  resolve(text).problems.map((p) => `${p.line} ${p.severity} ${p.code}: ${p.message}`);

test('a file with nothing but zookeeper.connect gives the defaults of 2.3', () => {
  const { config, problems } = resolve(minimal);
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    brokerId: -1,
    listeners: [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', host: '', port: 9092 }],
    interBrokerProtocolVersion: '2.3-IV1',
    logDirs: ['/tmp/kafka-logs'],
    replicaLagTimeMaxMs: 10_000,
    zookeeperConnect: { servers: [{ host: 'zk', port: 2181 }], chroot: '' },
  });
});

test("the tutorial's broker has two listeners and talks to the others on the internal one", () => {
  const { config, problems } = resolve(`broker.id=1
zookeeper.connect=cp-zookeeper-1:12181,cp-zookeeper-2:22181/kafka
listeners=INTERNAL://cp-kafka-1:19092,EXTERNAL://0.0.0.0:9092
advertised.listeners=INTERNAL://cp-kafka-1:19092,EXTERNAL://localhost:9092
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT
`);
  expect(problems).toEqual([]);
  expect(config?.interBrokerListenerName).toBe('INTERNAL');
  expect(config?.advertisedListeners.map((l) => `${l.name} ${l.host} ${l.port}`)).toEqual([
    'INTERNAL cp-kafka-1 19092',
    'EXTERNAL localhost 9092',
  ]);
  expect(config?.zookeeperConnect.chroot).toBe('/kafka');
});

test('every wrong value is reported, with its line and what is allowed', () => {
  expect(
    problemsOf(
      'zookeeper.connect=zk\nnum.partitions=0\nnum.io.threads=many\nlog.cleanup.policy=compact,erase',
    ),
  ).toEqual([
    "2 error INVALID_VALUE: num.partitions must be at least 1, not '0'",
    "3 error INVALID_VALUE: num.io.threads must be a whole number, not 'many'",
    "4 error INVALID_VALUE: log.cleanup.policy must be a list of compact and delete, not 'compact,erase'",
  ]);
});

test('a misspelt key is a warning that names the near one', () => {
  expect(problemsOf(minimal + 'num.partition=3')).toEqual([
    '2 warning UNKNOWN_KEY: num.partition is no key of a 2.3 broker and has no effect; did you mean num.partitions?',
  ]);
});

test('zookeeper.connect must be set', () => {
  expect(problemsOf('broker.id=1')).toEqual([
    '1 error REQUIRED_KEY_MISSING: zookeeper.connect is not set; add zookeeper.connect=localhost:2181',
  ]);
});

test.each([
  [
    'listeners=PLAINTEXT://0.0.0.0:9092',
    /advertised.listeners is not set and the listener PLAINTEXT is bound to 0.0.0.0/,
  ],
  ['listeners=INTERNAL://:9092', /names no protocol; add INTERNAL:PLAINTEXT/],
  ['listeners=PLAINTEXT://a:9092,SSL://a:9092', /binds port 9092 for PLAINTEXT and for SSL/],
  ['listeners=PLAINTEXT://a:9092,PLAINTEXT://a:9093', /two listeners called PLAINTEXT/],
  ['listeners=a:9092', /which is no listener; write NAME:\/\/host:port/],
  ['listeners=PLAINTEXT://a:70000', /has the port 70000/],
  [
    'listeners=PLAINTEXT://:9092\nadvertised.listeners=PLAINTEXT://0.0.0.0:9092',
    /tells clients to connect to 0.0.0.0/,
  ],
  [
    'listeners=PLAINTEXT://:9092\nadvertised.listeners=PLAINTEXT://a:9092,SSL://a:9093',
    /names SSL, but listeners binds only PLAINTEXT/,
  ],
  [
    'inter.broker.listener.name=INTERNAL',
    /is INTERNAL, which advertised.listeners doesn't have; write one of PLAINTEXT/,
  ],
  ['inter.broker.listener.name=PLAINTEXT\nsecurity.inter.broker.protocol=PLAINTEXT', /are both set/],
  ['listener.security.protocol.map=INTERNAL', /has the entry 'INTERNAL'; write NAME:PROTOCOL/],
  ['broker.id=1001', /broker.id must lie between -1/],
  [
    'log.message.format.version=2.3\ninter.broker.protocol.version=2.2',
    /can't be newer than inter.broker.protocol.version \(2.2-IV1\)/,
  ],
])('%j is refused with the cure', (text, message) => {
  const { config, problems } = resolve(minimal + text);
  expect(config).toBeNull();
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toMatch(message);
});

test('properties may be continued, escaped and commented as Java reads them', () => {
  const properties = parseProperties('# note\n! too\na = 1\\\n   2\nb:x\\u0041\\ty\n\nc d e\n d\\ e=f\n');
  expect([...properties.values()]).toEqual([
    { key: 'a', value: '12', line: 3 },
    { key: 'b', value: 'xA\ty', line: 5 },
    { key: 'c', value: 'd e', line: 7 },
    { key: 'd e', value: 'f', line: 8 },
  ]);
});

test("a topic without overrides goes by the broker's values, and the defaults are those of 2.3.0", () => {
  expect(topicLogConfig(new Map(), new Settings(new Map()))).toEqual(defaultLogConfig);
  const broker = new Settings(
    new Map([
      ['log.retention.hours', '1'],
      ['log.retention.minutes', '2'],
      ['message.max.bytes', '7'],
    ]),
  );
  expect(topicLogConfig(new Map([['max.message.bytes', '9']]), broker)).toMatchObject({
    retentionMs: 120_000,
    maxMessageBytes: 9,
  });
});

test('a described key names every place that sets it, the one that counts first', () => {
  const broker = new Settings(new Map([['log.retention.hours', '1']]), new Map([['log.retention.ms', '5']]));
  const entry = topicEntries(new Map([['retention.ms', '3']]), broker).find((e) => e.name === 'retention.ms');
  expect(entry).toMatchObject({ value: '3', source: 1, isDefault: false });
  expect(entry?.synonyms.map((s) => `${s.source} ${s.name} ${s.text}`)).toEqual([
    '1 retention.ms 3',
    '2 log.retention.ms 5',
    '4 log.retention.hours 1',
    '5 log.retention.hours 168',
  ]);
});

test('a synonym in another unit counts, but is named only behind the key itself, as 2.3.0 does', () => {
  const broker = new Settings(new Map([['log.retention.hours', '1']]));
  const entry = topicEntries(new Map(), broker).find((e) => e.name === 'retention.ms');
  expect(entry).toMatchObject({ value: '3600000', synonyms: [] });
  const hours = brokerEntries(broker).find((e) => e.name === 'log.retention.hours');
  expect(hours).toMatchObject({ value: '1', isReadOnly: false });
});

test('secrets are never shown', () => {
  const entry = brokerEntries(new Settings(new Map([['ssl.key.password', 'secret']]))).find(
    (e) => e.name === 'ssl.key.password',
  );
  expect(JSON.stringify(entry)).not.toContain('"secret"');
  expect(entry?.isSensitive).toBe(true);
});
