/** The configuration of one broker: typed, checked as a whole, with a sentence for everything that is wrong. */
import type { ConfigResult, Problem } from '../../../wire/problem.ts';
import type { Property } from '../../../wire/properties.ts';
import { brokerKeys } from './broker-keys.ts';
import { ConfigError, compareKafkaVersions, fullKafkaVersion, parseConfigValue } from './config-key.ts';
import { resolveListeners, type Listener } from './listeners.ts';
import { Settings } from './settings.ts';

/** Names follow Apache's keys: `num.partitions` is `numPartitions`. Times are ms, sizes bytes. */
export interface BrokerConfig {
  /** −1: ask ZooKeeper for one. */
  readonly brokerId: number;
  readonly brokerIdGenerationEnable: boolean;
  readonly reservedBrokerMaxId: number;
  readonly brokerRack: string | null;
  readonly zookeeperConnect: {
    readonly servers: readonly { host: string; port: number }[];
    readonly chroot: string;
  };
  readonly zookeeperSessionTimeoutMs: number;
  readonly zookeeperConnectionTimeoutMs: number;
  readonly zookeeperMaxInFlightRequests: number;
  readonly listeners: readonly Listener[];
  readonly advertisedListeners: readonly Listener[];
  readonly interBrokerListenerName: string;
  /** Full name, such as `2.3-IV1`. */
  readonly interBrokerProtocolVersion: string;
  readonly logDirs: readonly string[];
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly autoCreateTopicsEnable: boolean;
  readonly deleteTopicEnable: boolean;
  readonly autoLeaderRebalanceEnable: boolean;
  readonly leaderImbalanceCheckIntervalSeconds: number;
  readonly leaderImbalancePerBrokerPercentage: number;
  readonly controlledShutdownEnable: boolean;
  readonly controlledShutdownMaxRetries: number;
  readonly controlledShutdownRetryBackoffMs: number;
  readonly controllerSocketTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly socketRequestMaxBytes: number;
  readonly connectionsMaxIdleMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  /** By address or name. */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
  readonly queuedMaxRequests: number;
  readonly numReplicaFetchers: number;
  readonly replicaLagTimeMaxMs: number;
  readonly replicaFetchMaxBytes: number;
  readonly replicaFetchResponseMaxBytes: number;
  readonly replicaFetchMinBytes: number;
  readonly replicaFetchWaitMaxMs: number;
  readonly replicaFetchBackoffMs: number;
  readonly replicaSocketTimeoutMs: number;
  readonly replicaHighWatermarkCheckpointIntervalMs: number;
  readonly maxIncrementalFetchSessionCacheSlots: number;
  readonly logFlushOffsetCheckpointIntervalMs: number;
  readonly logFlushStartOffsetCheckpointIntervalMs: number;
  readonly logFlushSchedulerIntervalMs: number;
  readonly logRetentionCheckIntervalMs: number;
  readonly logCleanerEnable: boolean;
  readonly logCleanerBackoffMs: number;
  readonly logCleanerDedupeBufferSize: number;
  readonly logCleanerIoBufferSize: number;
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMaxSize: number;
  readonly offsetMetadataMaxBytes: number;
  readonly offsetsTopicNumPartitions: number;
  readonly offsetsTopicReplicationFactor: number;
  readonly offsetsTopicSegmentBytes: number;
  readonly offsetsTopicCompressionCodec: number;
  readonly offsetsRetentionMinutes: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly offsetsCommitTimeoutMs: number;
  readonly offsetsCommitRequiredAcks: number;
  readonly transactionalIdExpirationMs: number;
  /** Where each value came from; also the way to keys that nothing above names. */
  readonly settings: Settings;
}

/** Checks a properties file from the first key to the last and says everything that is wrong with it, not only the first thing. */
export function resolveBrokerConfig(
  properties: ReadonlyMap<string, Property>,
  file: string,
): ConfigResult<BrokerConfig> {
  const problems: Problem[] = [];
  const report = (severity: Problem['severity'], key: string, code: string, message: string) =>
    problems.push({ severity, file, line: properties.get(key)?.line ?? 1, code, message });

  for (const { key, value } of properties.values()) {
    const known = brokerKeys[key];
    if (known === undefined || known.quota === true) {
      if (!hasOwnPrefix(key)) report('warning', key, 'UNKNOWN_KEY', unknownKey(key));
    } else {
      attempt(() => parseConfigValue(key, known, value));
    }
  }
  for (const [key, known] of Object.entries(brokerKeys))
    if (known.default === undefined && !properties.has(key))
      report('error', key, 'REQUIRED_KEY_MISSING', `${key} is not set; add ${example(key)}`);

  const settings = new Settings(new Map([...properties.values()].map((p) => [p.key, p.value])));
  const config = problems.some((p) => p.severity === 'error')
    ? null
    : (attempt(() => brokerConfig(settings)) ?? null);
  return { config: problems.some((p) => p.severity === 'error') ? null : config, problems };

  function attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      report('error', error.key, 'INVALID_VALUE', error.message);
      return undefined;
    }
  }
}

/** The typed view of settings whose single values are right. Throws ConfigError where they don't fit together. */
export function brokerConfig(settings: Settings): BrokerConfig {
  const s = settings;
  const listeners = resolveListeners({
    listeners: s.stringOrNull('listeners'),
    advertisedListeners: s.stringOrNull('advertised.listeners'),
    protocolMap: s.string('listener.security.protocol.map'),
    interBrokerListenerName: s.stringOrNull('inter.broker.listener.name'),
    interBrokerProtocol: s.isSet('security.inter.broker.protocol')
      ? s.string('security.inter.broker.protocol')
      : null,
    hostName: s.string('host.name'),
    port: s.number('port'),
    advertisedHostName: s.stringOrNull('advertised.host.name'),
    advertisedPort: s.numberOrNull('advertised.port'),
  });
  const sessionTimeoutMs = s.number('zookeeper.session.timeout.ms');
  const config: BrokerConfig = {
    brokerId: s.number('broker.id'),
    brokerIdGenerationEnable: s.flag('broker.id.generation.enable'),
    reservedBrokerMaxId: s.number('reserved.broker.max.id'),
    brokerRack: s.stringOrNull('broker.rack'),
    zookeeperConnect: zookeeperConnect(s.string('zookeeper.connect')),
    zookeeperSessionTimeoutMs: sessionTimeoutMs,
    zookeeperConnectionTimeoutMs: s.numberOrNull('zookeeper.connection.timeout.ms') ?? sessionTimeoutMs,
    zookeeperMaxInFlightRequests: s.number('zookeeper.max.in.flight.requests'),
    ...listeners,
    interBrokerProtocolVersion: fullKafkaVersion(s.string('inter.broker.protocol.version'))!,
    logDirs: logDirs(s),
    numPartitions: s.number('num.partitions'),
    defaultReplicationFactor: s.number('default.replication.factor'),
    autoCreateTopicsEnable: s.flag('auto.create.topics.enable'),
    deleteTopicEnable: s.flag('delete.topic.enable'),
    autoLeaderRebalanceEnable: s.flag('auto.leader.rebalance.enable'),
    leaderImbalanceCheckIntervalSeconds: s.number('leader.imbalance.check.interval.seconds'),
    leaderImbalancePerBrokerPercentage: s.number('leader.imbalance.per.broker.percentage'),
    controlledShutdownEnable: s.flag('controlled.shutdown.enable'),
    controlledShutdownMaxRetries: s.number('controlled.shutdown.max.retries'),
    controlledShutdownRetryBackoffMs: s.number('controlled.shutdown.retry.backoff.ms'),
    controllerSocketTimeoutMs: s.number('controller.socket.timeout.ms'),
    requestTimeoutMs: s.number('request.timeout.ms'),
    socketRequestMaxBytes: s.number('socket.request.max.bytes'),
    connectionsMaxIdleMs: s.number('connections.max.idle.ms'),
    maxConnections: s.number('max.connections'),
    maxConnectionsPerIp: s.number('max.connections.per.ip'),
    maxConnectionsPerIpOverrides: connectionOverrides(s.string('max.connections.per.ip.overrides')),
    queuedMaxRequests: s.number('queued.max.requests'),
    numReplicaFetchers: s.number('num.replica.fetchers'),
    replicaLagTimeMaxMs: s.number('replica.lag.time.max.ms'),
    replicaFetchMaxBytes: s.number('replica.fetch.max.bytes'),
    replicaFetchResponseMaxBytes: s.number('replica.fetch.response.max.bytes'),
    replicaFetchMinBytes: s.number('replica.fetch.min.bytes'),
    replicaFetchWaitMaxMs: s.number('replica.fetch.wait.max.ms'),
    replicaFetchBackoffMs: s.number('replica.fetch.backoff.ms'),
    replicaSocketTimeoutMs: s.number('replica.socket.timeout.ms'),
    replicaHighWatermarkCheckpointIntervalMs: s.number('replica.high.watermark.checkpoint.interval.ms'),
    maxIncrementalFetchSessionCacheSlots: s.number('max.incremental.fetch.session.cache.slots'),
    logFlushOffsetCheckpointIntervalMs: s.number('log.flush.offset.checkpoint.interval.ms'),
    logFlushStartOffsetCheckpointIntervalMs: s.number('log.flush.start.offset.checkpoint.interval.ms'),
    logFlushSchedulerIntervalMs: s.number('log.flush.scheduler.interval.ms'),
    logRetentionCheckIntervalMs: s.number('log.retention.check.interval.ms'),
    logCleanerEnable: s.flag('log.cleaner.enable'),
    logCleanerBackoffMs: s.number('log.cleaner.backoff.ms'),
    logCleanerDedupeBufferSize: s.number('log.cleaner.dedupe.buffer.size'),
    logCleanerIoBufferSize: s.number('log.cleaner.io.buffer.size'),
    groupMinSessionTimeoutMs: s.number('group.min.session.timeout.ms'),
    groupMaxSessionTimeoutMs: s.number('group.max.session.timeout.ms'),
    groupInitialRebalanceDelayMs: s.number('group.initial.rebalance.delay.ms'),
    groupMaxSize: s.number('group.max.size'),
    offsetMetadataMaxBytes: s.number('offset.metadata.max.bytes'),
    offsetsTopicNumPartitions: s.number('offsets.topic.num.partitions'),
    offsetsTopicReplicationFactor: s.number('offsets.topic.replication.factor'),
    offsetsTopicSegmentBytes: s.number('offsets.topic.segment.bytes'),
    offsetsTopicCompressionCodec: s.number('offsets.topic.compression.codec'),
    offsetsRetentionMinutes: s.number('offsets.retention.minutes'),
    offsetsRetentionCheckIntervalMs: s.number('offsets.retention.check.interval.ms'),
    offsetsCommitTimeoutMs: s.number('offsets.commit.timeout.ms'),
    offsetsCommitRequiredAcks: s.number('offsets.commit.required.acks'),
    transactionalIdExpirationMs: s.number('transactional.id.expiration.ms'),
    settings,
  };
  checkTogether(config);
  return config;
}

function checkTogether(config: BrokerConfig): void {
  const s = config.settings;
  const fail = (key: string, message: string): never => {
    throw new ConfigError(key, message);
  };
  if (config.brokerIdGenerationEnable) {
    if (config.brokerId < -1 || config.brokerId > config.reservedBrokerMaxId)
      fail(
        'broker.id',
        `broker.id must lie between -1 (ask ZooKeeper for one) and reserved.broker.max.id (${config.reservedBrokerMaxId}), not ${config.brokerId}`,
      );
  } else if (config.brokerId < 0) {
    fail(
      'broker.id',
      `broker.id must be at least 0 while broker.id.generation.enable is false, not ${config.brokerId}`,
    );
  }
  const format = fullKafkaVersion(s.string('log.message.format.version'))!;
  if (compareKafkaVersions(format, config.interBrokerProtocolVersion) > 0)
    fail(
      'log.message.format.version',
      `log.message.format.version (${format}) can't be newer than inter.broker.protocol.version (${config.interBrokerProtocolVersion})`,
    );
  const acks = config.offsetsCommitRequiredAcks;
  if (acks < -1 || acks > config.offsetsTopicReplicationFactor)
    fail(
      'offsets.commit.required.acks',
      `offsets.commit.required.acks must lie between -1 and offsets.topic.replication.factor (${config.offsetsTopicReplicationFactor}), not ${acks}`,
    );
  if (config.replicaFetchWaitMaxMs > config.replicaSocketTimeoutMs)
    fail(
      'replica.fetch.wait.max.ms',
      `replica.fetch.wait.max.ms (${config.replicaFetchWaitMaxMs}) can't be longer than replica.socket.timeout.ms (${config.replicaSocketTimeoutMs})`,
    );
  if (config.replicaFetchWaitMaxMs > config.replicaLagTimeMaxMs)
    fail(
      'replica.fetch.wait.max.ms',
      `replica.fetch.wait.max.ms (${config.replicaFetchWaitMaxMs}) can't be longer than replica.lag.time.max.ms (${config.replicaLagTimeMaxMs}): idle followers would fall out of the ISR`,
    );
}

/** `host:port,host:port/chroot`. */
function zookeeperConnect(text: string): BrokerConfig['zookeeperConnect'] {
  const key = 'zookeeper.connect';
  const slash = text.indexOf('/');
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 ? '' : text.slice(slash).replace(/\/+$/, '');
  if (chroot.includes(','))
    throw new ConfigError(
      key,
      `${key} has its chroot before the last server; write it once, after the last: h1:2181,h2:2181/chroot`,
    );
  const servers = hosts
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
    .map((server) => {
      const match = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d+))?$/.exec(server);
      const port = Number(match?.[3] ?? 2181);
      if (match === null || port < 1 || port > 65535)
        throw new ConfigError(
          key,
          `${key} has the entry '${server}'; write host:port, such as zookeeper-1:2181`,
        );
      return { host: match[1] ?? match[2]!, port };
    });
  if (servers.length === 0) throw new ConfigError(key, `${key} names no server; write ${example(key)}`);
  return { servers, chroot };
}

function logDirs(s: Settings): string[] {
  const dirs = (s.stringOrNull('log.dirs') ?? s.string('log.dir'))
    .split(',')
    .map((dir) => dir.trim())
    .filter((dir) => dir !== '');
  if (dirs.length === 0)
    throw new ConfigError(
      'log.dirs',
      'log.dirs is empty; write the folder for the data, such as /var/lib/kafka',
    );
  if (new Set(dirs).size < dirs.length)
    throw new ConfigError('log.dirs', 'log.dirs names a folder twice; each needs its own');
  return dirs;
}

function connectionOverrides(text: string): Map<string, number> {
  const key = 'max.connections.per.ip.overrides';
  const overrides = new Map<string, number>();
  for (const entry of text.split(',').filter((e) => e.trim() !== '')) {
    const at = entry.lastIndexOf(':');
    const count = Number(entry.slice(at + 1));
    if (at <= 0 || !Number.isInteger(count) || count < 0)
      throw new ConfigError(
        key,
        `${key} has the entry '${entry.trim()}'; write address:count, such as 10.0.0.7:200`,
      );
    overrides.set(entry.slice(0, at).trim(), count);
  }
  return overrides;
}

const examples: Record<string, string> = { 'zookeeper.connect': 'zookeeper.connect=localhost:2181' };
const example = (key: string) => examples[key] ?? `${key}=…`;

/** Keys that belong to plugins or to one listener: Apache hands them on unread. */
const hasOwnPrefix = (key: string) => key.startsWith('listener.name.') || key.startsWith('confluent.');

function unknownKey(key: string): string {
  const near = Object.keys(brokerKeys).find((known) => distance(key, known) <= 2);
  return near === undefined
    ? `${key} is no key of a 2.3 broker and has no effect`
    : `${key} is no key of a 2.3 broker and has no effect; did you mean ${near}?`;
}

/** How many letters must be added, dropped or changed to make `b` of `a`; anything above 2 counts as far. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
