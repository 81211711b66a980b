/** Where a cluster's state lies in ZooKeeper, below the chroot. Spelled as by Apache Kafka of every version with ZooKeeper. */
export const paths = {
  consumers: '/consumers',
  clusterId: '/cluster/id',
  brokerIds: '/brokers/ids',
  brokerSequence: '/brokers/seqid',
  topics: '/brokers/topics',
  configs: '/config',
  configChanges: '/config/changes',
  deleteTopics: '/admin/delete_topics',
  reassignPartitions: '/admin/reassign_partitions',
  preferredElection: '/admin/preferred_replica_election',
  controller: '/controller',
  controllerEpoch: '/controller_epoch',
  isrChanges: '/isr_change_notification',
  logDirEvents: '/log_dir_event_notification',
  producerIdBlock: '/latest_producer_id_block',
  acls: '/kafka-acl',
  prefixedAcls: '/kafka-acl-extended/prefixed',
  aclChanges: '/kafka-acl-changes',
  extendedAclChanges: '/kafka-acl-extended-changes',
  tokens: '/delegation_token/tokens',
  tokenChanges: '/delegation_token/token_changes',

  broker: (id: number): string => `/brokers/ids/${id}`,
  topic: (topic: string): string => `/brokers/topics/${topic}`,
  partitions: (topic: string): string => `/brokers/topics/${topic}/partitions`,
  partition: (topic: string, partition: number): string => `/brokers/topics/${topic}/partitions/${partition}`,
  partitionState: (topic: string, partition: number): string =>
    `/brokers/topics/${topic}/partitions/${partition}/state`,
  deleteTopic: (topic: string): string => `/admin/delete_topics/${topic}`,
  /** `entity` as in change notifications: `topics/orders`, `brokers/1`, `users/bob%40x/clients/<default>`. */
  config: (entity: string): string => `/config/${entity}`,
} as const;

/** Made by every broker at its start, with their parents, when they are missing. */
export const persistentPaths: readonly string[] = [
  paths.consumers,
  paths.brokerIds,
  paths.topics,
  paths.configChanges,
  paths.deleteTopics,
  paths.brokerSequence,
  paths.isrChanges,
  paths.producerIdBlock,
  paths.logDirEvents,
  '/config/topics',
  '/config/clients',
  '/config/users',
  '/config/brokers',
];

/** Below these only their creator may read when znodes are protected (`zookeeper.set.acl`). */
const sensitivePaths = ['/config/users', '/config/brokers', '/delegation_token/tokens'];

export function isSensitive(path: string): boolean {
  return sensitivePaths.some((prefix) => path.startsWith(prefix));
}

/** User names and client ids in a path, so that any text fits: percent-encoded; the default entity stays `<default>`. */
export function sanitizeEntity(name: string): string {
  if (name === '<default>') return name;
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function desanitizeEntity(name: string): string {
  return name === '<default>' ? name : decodeURIComponent(name);
}
