import type { ServedApi } from '../broker/served-api.ts';
import type { TopicIds } from '../broker/topic-ids.ts';
import { adminApis } from './apis/admin-apis.ts';
import { findCoordinatorApi, type FindCoordinatorDeps } from './apis/find-coordinator-api.ts';
import { membershipApis } from './apis/membership-apis.ts';
import { offsetApis } from './apis/offset-apis.ts';
import type { GroupCoordinator } from './group-coordinator.ts';
import type { ZooKeeperOffsets } from './zookeeper-offsets.ts';

export interface GroupApisDeps {
  readonly coordinator: GroupCoordinator;
  readonly metadata: FindCoordinatorDeps['metadata'];
  readonly createOffsetsTopic: () => void;
  readonly zooKeeperOffsets: ZooKeeperOffsets;
  readonly topicIds: Pick<TopicIds, 'idOf' | 'nameOf'>;
}

/** Everything about groups that clients and administrators may ask a broker. */
export function groupApis(deps: GroupApisDeps): ServedApi[] {
  const { coordinator, metadata, createOffsetsTopic, zooKeeperOffsets, topicIds } = deps;
  return [
    findCoordinatorApi({
      partitionOf: (groupId) => coordinator.partitions.partitionOf(groupId),
      metadata,
      createOffsetsTopic,
    }),
    ...membershipApis(coordinator),
    ...offsetApis({
      offsets: coordinator.offsets,
      zooKeeperOffsets,
      topicIds,
      partitionExists: (topic, partition) => metadata.partition(topic, partition) !== undefined,
    }),
    ...adminApis(coordinator),
  ];
}
