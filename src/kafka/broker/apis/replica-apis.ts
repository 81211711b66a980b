import { toSafe } from '../../../wire/int64.ts';
import type { Clock, Files, Timer } from '../../../runtime/runtime.ts';
import type { LogManager } from '../../log/log-manager.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { deleteRecords } from '../../protocol/messages/21-delete-records.ts';
import { offsetForLeaderEpoch } from '../../protocol/messages/23-offset-for-leader-epoch.ts';
import { describeLogDirs } from '../../protocol/messages/35-describe-log-dirs.ts';
import type { Partition } from '../../replication/partition.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import { isInternalTopic } from '../../protocol/internal-topics.ts';
import type { MetadataCache } from '../metadata-cache.ts';
import { nowOrLater } from '../later.ts';
import type { ServedApi } from '../served-api.ts';
import { serve } from '../served-api.ts';

const DEBUGGING_CONSUMER = -2;
/** DeleteRecords: up to the high watermark. */
const ALL_COMMITTED = -1;

/** OffsetForLeaderEpoch: where an epoch of ours ends, by which others find out where their log parts from ours. */
export function offsetForLeaderEpochApi(replicas: ReplicaManager): ServedApi {
  return serve(
    offsetForLeaderEpoch,
    (request) => ({
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
          try {
            const found =
              request.replicaId === DEBUGGING_CONSUMER
                ? replicas.table.require(topic, partition)
                : replicas.table.requireLeader(topic, partition);
            found.checkLeaderEpoch(currentLeaderEpoch);
            const end = found.log.endOffsetForEpoch(leaderEpoch);
            return { errorCode: ErrorCode.NONE, partition, leaderEpoch: end.epoch, endOffset: end.endOffset };
          } catch (error) {
            if (!(error instanceof KafkaError)) throw error;
            return { errorCode: error.code, partition };
          }
        }),
      })),
    }),
    {
      errorResponse: (request, errorCode) => ({
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({ errorCode, partition })),
        })),
      }),
    },
  );
}

interface DeleteResult {
  readonly partitionIndex: number;
  lowWatermark: number;
  errorCode: number;
}

/** DeleteRecords (KIP-107): moves the start of logs, and waits until all live replicas have followed. */
export function deleteRecordsApi(replicas: ReplicaManager, metadata: MetadataCache, clock: Clock): ServedApi {
  const lowWatermark = (partition: Partition): number =>
    partition.leading?.lowWatermark(partition.log.logStartOffset, (replica) => metadata.isAlive(replica)) ??
    -1;

  const start = (topic: string, index: number, offset: number): { partition: Partition; target: number } => {
    if (isInternalTopic(topic)) throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION);
    const partition = replicas.table.requireLeader(topic, index);
    const { log } = partition;
    if (!log.config.cleanupPolicy.includes('delete')) throw new KafkaError(ErrorCode.POLICY_VIOLATION);
    const target = offset === ALL_COMMITTED ? log.highWatermark : offset;
    if (target < 0 || target > log.highWatermark) throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE);
    if (target > log.logStartOffset) log.incrementLogStartOffset(target);
    return { partition, target };
  };

  return serve(
    deleteRecords,
    (request) => {
      const results = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }): DeleteResult => ({
          partitionIndex,
          lowWatermark: -1,
          errorCode: 0,
        })),
      }));
      const waits: StartWait[] = [];
      request.topics.forEach(({ name, partitions }, t) =>
        partitions.forEach(({ partitionIndex, offset }, p) => {
          const result = results[t]!.partitions[p]!;
          try {
            const { partition, target } = start(name, partitionIndex, toSafe(offset, 'offset'));
            waits.push({ partition, target, result });
          } catch (error) {
            if (!(error instanceof KafkaError)) throw error;
            result.errorCode = error.code;
          }
        }),
      );
      return nowOrLater<void, { throttleTimeMs: number; topics: typeof results }>(
        (done) => waitForStarts(waits, lowWatermark, clock, request.timeoutMs, done),
        () => ({ throttleTimeMs: 0, topics: results }),
      );
    },
    {
      errorResponse: (request, errorCode) => ({
        throttleTimeMs: 0,
        topics: request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            lowWatermark: -1,
            errorCode,
          })),
        })),
      }),
    },
  );
}

interface StartWait {
  readonly partition: Partition;
  readonly target: number;
  readonly result: DeleteResult;
}

function waitForStarts(
  waits: readonly StartWait[],
  lowWatermark: (partition: Partition) => number,
  clock: Clock,
  timeoutMs: number,
  done: () => void,
): void {
  const open = new Set(waits);
  const settle = ({ partition, target, result }: StartWait): boolean => {
    if (partition.leading === null) result.errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER;
    else {
      result.lowWatermark = lowWatermark(partition);
      if (result.lowWatermark < target) return false;
    }
    return true;
  };
  let timer: Timer | null = null;
  const finish = (): void => {
    timer?.cancel();
    for (const { partition } of waits) partition.startWaiters.delete(check);
    done();
  };
  const check = (): void => {
    for (const wait of open) if (settle(wait)) open.delete(wait);
    if (open.size === 0) finish();
  };
  for (const wait of open) if (settle(wait)) open.delete(wait);
  if (open.size === 0) {
    done();
    return;
  }
  for (const { partition } of open) partition.startWaiters.add(check);
  timer = clock.after(Math.max(0, timeoutMs), () => {
    for (const { result } of open) {
      result.errorCode = ErrorCode.REQUEST_TIMED_OUT;
      result.lowWatermark = -1;
    }
    finish();
  });
}

/** DescribeLogDirs (KIP-113): the log folders, how full they are, and what lies in them. */
export function describeLogDirsApi(logs: LogManager, files: Files): ServedApi {
  return serve(
    describeLogDirs,
    (request) => {
      const wanted =
        request.topics === null
          ? null
          : new Set(
              request.topics.flatMap(({ topic, partitions }) => partitions.map((each) => `${topic}:${each}`)),
            );
      const results = logs.liveFolders.map((folder) => {
        const topics = new Map<
          string,
          { partitionIndex: number; partitionSize: number; offsetLag: number; isFutureKey: boolean }[]
        >();
        for (const log of logs.logs()) {
          const { topic, partition } = log.topicPartition;
          if (!isIn(log.folder, folder) || (wanted !== null && !wanted.has(`${topic}:${partition}`)))
            continue;
          let partitions = topics.get(topic);
          if (partitions === undefined) topics.set(topic, (partitions = []));
          partitions.push({
            partitionIndex: partition,
            partitionSize: log.sizeBytes,
            offsetLag: Math.max(log.highWatermark - log.logEndOffset, 0),
            isFutureKey: false,
          });
        }
        const { freeBytes, totalBytes } = files.space(folder);
        return {
          errorCode: ErrorCode.NONE as number,
          logDir: folder,
          topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
          totalBytes,
          usableBytes: freeBytes,
        };
      });
      const failed = logs.offlineFolders.map((logDir) => ({
        errorCode: ErrorCode.KAFKA_STORAGE_ERROR as number,
        logDir,
        topics: [],
        totalBytes: -1,
        usableBytes: -1,
      }));
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, results: [...results, ...failed] };
    },
    { errorResponse: (_, errorCode) => ({ throttleTimeMs: 0, errorCode, results: [] }) },
  );
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
