import type { Runtime } from '../../runtime/runtime.ts';
import type { BrokerConfig } from '../broker/config/broker-config.ts';
import type { MetadataCache } from '../broker/metadata-cache.ts';
import type { TopicIds } from '../broker/topic-ids.ts';
import type { Controller } from '../controller/controller.ts';
import type { KafkaZooKeeper } from '../controller/znodes/kafka-zookeeper.ts';
import type { MetadataWaits } from './metadata-waits.ts';

/** What the admin APIs work with. */
export interface AdminDeps {
  readonly runtime: Pick<Runtime, 'random' | 'log'>;
  readonly brokerId: number;
  readonly zk: KafkaZooKeeper;
  readonly controller: Pick<Controller, 'isActive' | 'controlledShutdown' | 'electLeaders'>;
  readonly metadata: MetadataCache;
  readonly topicIds: Pick<TopicIds, 'idOf' | 'nameOf'>;
  readonly waits: MetadataWaits;
  /** As it is now: dynamic settings change it. */
  config(): BrokerConfig;
}
