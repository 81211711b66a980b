import { toSafe } from '../../../wire/int64.ts';
import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { RequestOf, ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { offsetCommit } from '../../protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../../protocol/messages/09-offset-fetch.ts';
import { offsetDelete } from '../../protocol/messages/47-offset-delete.ts';
import type { Group } from '../group/group.ts';
import type { CommitOffset, OffsetStore } from '../offset-store.ts';
import type { TopicIds } from '../../broker/topic-ids.ts';
import type { ZooKeeperOffsets } from '../zookeeper-offsets.ts';

export interface OffsetApisDeps {
  readonly offsets: OffsetStore;
  readonly topicIds: Pick<TopicIds, 'idOf' | 'nameOf'>;
  /** For version 0 of both, which Apache's brokers keep in ZooKeeper to this day. */
  readonly zooKeeperOffsets: ZooKeeperOffsets;
  readonly partitionExists: (topic: string, partition: number) => boolean;
}

type CommitTopics = RequestOf<typeof offsetCommit>['topics'];
type FetchTopics = readonly {
  readonly name: string;
  readonly topicId?: string;
  readonly partitionIndexes: readonly number[];
}[];
type FetchedTopics = NonNullable<ResponseDraft<typeof offsetFetch>['topics']>;
type FetchedPartition = FetchedTopics[number]['partitions'][number];

const GROUP_ERROR_SINCE = 2;
const SEVERAL_GROUPS_SINCE = 8; // KIP-709
const TOPIC_IDS_SINCE = 10; // KIP-848
const NO_OFFSET = -1;

/** OffsetCommit, OffsetFetch and OffsetDelete. */
export function offsetApis(deps: OffsetApisDeps): ServedApi[] {
  const { offsets, topicIds } = deps;
  return [
    serve(
      offsetCommit,
      async (request, { apiVersion }) => {
        const { groupId } = request;
        const usesIds = apiVersion >= TOPIC_IDS_SINCE;
        const topics = usesIds ? named(request.topics, topicIds) : request.topics;
        const flat = topics.flatMap(({ name, partitions }) => partitions.map((p) => commitOffset(name, p)));
        if (apiVersion === 0) return committed(topics, await commitToZooKeeper(deps, groupId, flat));
        const retention = toSafe(request.retentionTimeMs, 'retentionTimeMs');
        const codes = await offsets.commit(groupId, {
          memberId: request.memberId,
          instanceId: request.groupInstanceId,
          generation: request.generationIdOrMemberEpoch,
          offsets: flat.map((offset) => ({ ...offset, retentionMs: retention === -1 ? null : retention })),
        });
        return committed(
          topics,
          usesIds
            ? codes.map((code, i) => (flat[i]!.topic === '' ? ErrorCode.UNKNOWN_TOPIC_ID : code))
            : codes,
        );
      },
      {
        errorResponse: ({ topics }, code) =>
          committed(
            topics,
            topics.flatMap(({ partitions }) => partitions.map(() => code)),
          ),
      },
    ),
    serve(
      offsetFetch,
      async (request, { apiVersion }) => {
        const { groupId, topics, groups } = request;
        if (apiVersion === 0) return { topics: await fetchFromZooKeeper(deps, groupId, topics ?? []) };
        if (apiVersion >= SEVERAL_GROUPS_SINCE)
          return {
            groups: groups.map((wanted) => {
              const usesIds = apiVersion >= TOPIC_IDS_SINCE;
              const asked =
                usesIds && wanted.topics !== null ? named(wanted.topics, topicIds) : wanted.topics;
              const found = fetchOffsets(offsets, wanted.groupId, asked);
              const ok = typeof found !== 'number';
              return {
                groupId: wanted.groupId,
                topics: ok ? (usesIds ? withIds(found, topicIds) : found) : [],
                errorCode: ok ? ErrorCode.NONE : found,
              };
            }),
          };
        const found = fetchOffsets(offsets, groupId, topics);
        return typeof found === 'number' ? fetchRefused(topics, found, apiVersion) : { topics: found };
      },
      {
        errorResponse: ({ topics, groups }, code, _, version) =>
          version >= SEVERAL_GROUPS_SINCE
            ? { groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode: code })) }
            : fetchRefused(topics, code, version),
      },
    ),
    serve(
      offsetDelete,
      ({ groupId, topics }) => {
        const keys = topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
        );
        const deleted = offsets.delete(groupId, keys);
        if (typeof deleted === 'number') return { errorCode: deleted, throttleTimeMs: 0, topics: [] };
        return { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics: withCodes(topics, deleted) };
      },
      { errorResponse: (_, errorCode) => ({ errorCode, throttleTimeMs: 0, topics: [] }) },
    ),
  ];
}

function commitOffset(topic: string, partition: CommitTopics[number]['partitions'][number]): CommitOffset {
  const timestamp = toSafe(partition.commitTimestamp, 'commitTimestamp');
  return {
    topic,
    partition: partition.partitionIndex,
    offset: toSafe(partition.committedOffset, 'committedOffset'),
    leaderEpoch: partition.committedLeaderEpoch,
    metadata: partition.committedMetadata ?? '',
    commitTimestampMs: timestamp === -1 ? null : timestamp,
    retentionMs: null,
  };
}

/** Topics that a request names by their ids. One that nobody knows has no name. */
function named<T extends { readonly name: string; readonly topicId: string }>(
  topics: readonly T[],
  topicIds: OffsetApisDeps['topicIds'],
): T[] {
  return topics.map((topic) => ({ ...topic, name: topicIds.nameOf(topic.topicId) ?? '' }));
}

function withIds(topics: FetchedTopics, topicIds: OffsetApisDeps['topicIds']): FetchedTopics {
  return topics.map((topic) => {
    if (topic.name !== '') return { ...topic, topicId: topicIds.idOf(topic.name ?? '') };
    return {
      ...topic,
      partitions: topic.partitions.map((p) => unfetched(p.partitionIndex, ErrorCode.UNKNOWN_TOPIC_ID)),
    };
  });
}

function committed(topics: CommitTopics, codes: readonly number[]): ResponseDraft<typeof offsetCommit> {
  return { topics: withCodes(topics, codes) };
}

/** `codes`: one for each partition, in the order of the request. */
function withCodes(
  topics: readonly {
    readonly name: string;
    readonly topicId?: string;
    readonly partitions: readonly { readonly partitionIndex: number }[];
  }[],
  codes: readonly number[],
): { name: string; topicId?: string; partitions: { partitionIndex: number; errorCode: number }[] }[] {
  let next = 0;
  return topics.map(({ name, topicId, partitions }) => ({
    name,
    ...(topicId === undefined ? {} : { topicId }),
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: codes[next++]! })),
  }));
}

/** `topics` null: all that there are. All offsets are stable (KIP-447), since none come from transactions. */
function fetchOffsets(
  offsets: OffsetStore,
  groupId: string,
  topics: FetchTopics | null,
): FetchedTopics | number {
  const group = offsets.groupToRead(groupId);
  if (typeof group === 'number') return group;
  const wanted = topics ?? (group === null ? [] : everything(group));
  return wanted.map(({ name, topicId, partitionIndexes }) => ({
    name,
    ...(topicId === undefined ? {} : { topicId }),
    partitions: partitionIndexes.map((partition) => fetched(group, name, partition)),
  }));
}

function everything(group: Group): FetchTopics {
  return [...group.offsets.topics()].map(([name, partitions]) => ({
    name,
    partitionIndexes: [...partitions.keys()],
  }));
}

function fetched(group: Group | null, topic: string, partitionIndex: number): FetchedPartition {
  const found = group?.offsets.get(topic, partitionIndex);
  if (found === undefined) return unfetched(partitionIndex, ErrorCode.NONE);
  return {
    partitionIndex,
    committedOffset: found.offset,
    committedLeaderEpoch: found.leaderEpoch,
    metadata: found.metadata,
    errorCode: ErrorCode.NONE,
  };
}

function unfetched(partitionIndex: number, errorCode: number): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: NO_OFFSET,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode,
  };
}

function fetchRefused(
  topics: FetchTopics | null,
  code: number,
  version: number,
): ResponseDraft<typeof offsetFetch> {
  if (version >= GROUP_ERROR_SINCE) return { topics: [], errorCode: code };
  return {
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => unfetched(partition, code)),
    })),
  };
}

function commitToZooKeeper(
  { zooKeeperOffsets, partitionExists }: OffsetApisDeps,
  groupId: string,
  offsets: readonly CommitOffset[],
): Promise<number[]> {
  return Promise.all(
    offsets.map(async ({ topic, partition, offset }) => {
      if (!partitionExists(topic, partition)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      await zooKeeperOffsets.write(groupId, topic, partition, offset);
      return ErrorCode.NONE;
    }),
  );
}

function fetchFromZooKeeper(
  { zooKeeperOffsets, partitionExists }: OffsetApisDeps,
  groupId: string,
  topics: FetchTopics,
): Promise<FetchedTopics> {
  return Promise.all(
    topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(
        partitionIndexes.map(async (partition) => {
          const offset = partitionExists(name, partition)
            ? await zooKeeperOffsets.read(groupId, name, partition)
            : null;
          if (offset === null) return unfetched(partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
          return { ...unfetched(partition, ErrorCode.NONE), committedOffset: offset };
        }),
      ),
    })),
  );
}
