import type { TopicPartition } from '../log-types.ts';

export const LOG_SUFFIX = '.log';
export const INDEX_SUFFIX = '.index';
export const TIME_INDEX_SUFFIX = '.timeindex';
export const TXN_INDEX_SUFFIX = '.txnindex';
export const SNAPSHOT_SUFFIX = '.snapshot';
/** Waits for its removal. */
export const DELETED_SUFFIX = '.deleted';
/** Being written by the cleaner. */
export const CLEANED_SUFFIX = '.cleaned';
/** Complete; about to replace what it was made from. */
export const SWAP_SUFFIX = '.swap';
const DELETE_FOLDER_SUFFIX = '-delete';
const FUTURE_FOLDER_SUFFIX = '-future';

export const LEADER_EPOCH_FILE = 'leader-epoch-checkpoint';
export const CLEAN_SHUTDOWN_FILE = '.kafka_cleanshutdown';
export const LOCK_FILE = '.lock';
export const META_PROPERTIES_FILE = 'meta.properties';
export const RECOVERY_POINT_FILE = 'recovery-point-offset-checkpoint';
export const HIGH_WATERMARK_FILE = 'replication-offset-checkpoint';
export const LOG_START_FILE = 'log-start-offset-checkpoint';
export const CLEANER_OFFSET_FILE = 'cleaner-offset-checkpoint';

const LONGEST_NAME = 255;

/** `00000000000000000071.log` */
export function offsetFileName(offset: number, suffix: string): string {
  return String(offset).padStart(20, '0') + suffix;
}

/** The offset in a name such as `00000000000000000071.log`; null when there is none. */
export function offsetOfFileName(name: string, suffix: string): number | null {
  if (!name.endsWith(suffix)) return null;
  const digits = name.slice(0, name.length - suffix.length);
  if (!/^\d{20}$/.test(digits)) return null;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? offset : null;
}

export function logFolderName(topicPartition: TopicPartition): string {
  return `${topicPartition.topic}-${topicPartition.partition}`;
}

/** What a folder in a log directory is: the log of a partition, one that waits for its deletion, or nothing of ours. */
export type LogFolder =
  | { kind: 'log'; topicPartition: TopicPartition }
  | { kind: 'deleted' }
  | { kind: 'future' }
  | { kind: 'other' };

export function classifyLogFolder(name: string): LogFolder {
  if (/\.[0-9a-f]{32}-delete$/.test(name)) return { kind: 'deleted' };
  if (name.endsWith(FUTURE_FOLDER_SUFFIX) && /\.[0-9a-f]{32}-future$/.test(name)) return { kind: 'future' };
  const dash = name.lastIndexOf('-');
  const partition = name.slice(dash + 1);
  if (dash <= 0 || !/^\d{1,9}$/.test(partition)) return { kind: 'other' };
  return { kind: 'log', topicPartition: { topic: name.slice(0, dash), partition: Number(partition) } };
}

/** `<topic>-<partition>.<32 hex>-delete`, with the topic cut where the name would be too long for a file system. */
export function deletedFolderName(topicPartition: TopicPartition, randomBytes: Buffer): string {
  const tail = `-${topicPartition.partition}.${randomBytes.toString('hex')}${DELETE_FOLDER_SUFFIX}`;
  return topicPartition.topic.slice(0, LONGEST_NAME - tail.length) + tail;
}
