import type { Log } from '../../runtime/runtime.ts';
import type { MetadataWaits } from '../admin/metadata-waits.ts';
import type { KafkaZooKeeper } from '../controller/znodes/kafka-zookeeper.ts';
import type { MetadataCache } from './metadata-cache.ts';

const TIMEOUT_MS = 10_000;

export interface ClusterKnownDeps {
  readonly log: Log;
  readonly zk: Pick<KafkaZooKeeper, 'readTopics' | 'readTopicDeletions'>;
  readonly metadata: MetadataCache;
  readonly waits: MetadataWaits;
}

/**
 * Resolves when a broker tells clients of `brokers` brokers, of a controller and of all topics that are there: from then on a topic can be made
 * that lives on all of them, and none seems to be missing. A new controller tells of brokers first. Gives up, with a warning in the log,
 * after ten seconds each. Rejects with a ZooKeeperError.
 */
export async function clusterKnown(
  { log, zk, metadata, waits }: ClusterKnownDeps,
  brokers: number,
): Promise<void> {
  const hasBrokers = (): boolean => metadata.brokers.size >= brokers && metadata.controllerId >= 0;
  if (!(await waits.until(hasBrokers, TIMEOUT_MS)))
    log.warn(`only ${metadata.brokers.size} of ${brokers} brokers are known here so far`);
  const [topics, deletions] = await Promise.all([zk.readTopics(), zk.readTopicDeletions()]);
  const staying = topics.filter((topic) => !deletions.includes(topic));
  const isMissing = (topic: string): boolean => !metadata.hasTopic(topic);
  if (!(await waits.until(() => !staying.some(isMissing), TIMEOUT_MS)))
    log.warn(`the controller told nothing of ${staying.filter(isMissing).join(', ')} here so far`);
}
