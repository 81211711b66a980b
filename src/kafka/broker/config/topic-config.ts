/** A topic's own configuration: checked when it is set, and joined with the broker's into what its logs go by. */
import type { LogConfig } from '../../log/log-config.ts';
import { ConfigError, compareKafkaVersions, fullKafkaVersion, parseConfigValue } from './config-key.ts';
import { topicText, topicValue, type Settings, type Texts } from './settings.ts';
import { topicKeys } from './topic-keys.ts';

/** Throws ConfigError for the first key that doesn't exist or whose value isn't allowed. */
export function checkTopicConfig(overrides: Texts): void {
  for (const [name, text] of overrides) {
    const key = topicKeys[name];
    if (key === undefined)
      throw new ConfigError(
        name,
        `${name} is no configuration key of a topic; the keys are ${Object.keys(topicKeys).join(', ')}`,
      );
    parseConfigValue(name, key, text);
  }
}

/** What the logs of a topic go by. Throws ConfigError when an override isn't right. */
export function topicLogConfig(overrides: Texts, broker: Settings): LogConfig {
  const value = (name: string) => topicValue(name, overrides, broker);
  const number = (name: string) => Number(value(name));
  const flag = (name: string) => value(name) === true;
  const format = fullKafkaVersion(topicText('message.format.version', overrides, broker) ?? '')!;
  return {
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentJitterMs: number('segment.jitter.ms'),
    indexIntervalBytes: number('index.interval.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    maxMessageBytes: number('max.message.bytes'),
    cleanupPolicy: value('cleanup.policy') as LogConfig['cleanupPolicy'],
    compressionType: value('compression.type') as LogConfig['compressionType'],
    messageTimestampType: value('message.timestamp.type') as LogConfig['messageTimestampType'],
    messageTimestampDifferenceMaxMs: number('message.timestamp.difference.max.ms'),
    minInsyncReplicas: number('min.insync.replicas'),
    uncleanLeaderElectionEnable: flag('unclean.leader.election.enable'),
    messageFormatVersion: format,
    messageMagic:
      compareKafkaVersions(format, '0.10.0-IV0') < 0
        ? 0
        : compareKafkaVersions(format, '0.11.0-IV0') < 0
          ? 1
          : 2,
    messageDownconversionEnable: flag('message.downconversion.enable'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    preallocate: flag('preallocate'),
  };
}
