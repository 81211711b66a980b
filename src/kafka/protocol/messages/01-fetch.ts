import { api } from '../api.ts';
import { array, int16, int32, int64, int8, nullable, records, string, struct, uuid } from '../schema.ts';

/**
 * Fetch (1): consumers and followers read record batches; the answer may wait until there is enough.
 *
 * - v1: response: throttleTimeMs.
 * - v2: message format 1 (KIP-32).
 * - v3: maxBytes; a limit for the whole answer (KIP-74).
 * - v4: isolationLevel; response: lastStableOffset and abortedTransactions; message format 2 and isolation levels
 *   (KIP-98).
 * - v5: logStartOffset; response: logStartOffset; log start offset (KIP-107).
 * - v6: KAFKA_STORAGE_ERROR may be answered (KIP-112).
 * - v7: sessionId, sessionEpoch and forgottenTopicsData; response: errorCode and sessionId; incremental fetch
 *   sessions (KIP-227).
 * - v8: throttled answers are sent before the wait (KIP-219).
 * - v9: currentLeaderEpoch; fencing by leader epoch (KIP-320).
 * - v10: zstd (KIP-110).
 * - v11: rackId; response: preferredReadReplica; reading from the closest replica (KIP-392).
 * - v12: clusterId and lastFetchedEpoch; response: divergingEpoch, currentLeader and snapshotId; flexible;
 *   truncation by epoch without another request (KIP-595).
 * - v13: topicId, no more topic; response: topicId, no more topic; topic ids (KIP-516).
 * - v14: OFFSET_MOVED_TO_TIERED_STORAGE may be answered (KIP-405).
 * - v15: replicaState, no more replicaId; the epoch of a replica (KIP-903).
 * - v16: response: nodeEndpoints; the new leader comes with the error (KIP-951).
 * - v17: replicaDirectoryId; directory ids (KIP-853).
 * - v18: highWatermark; a follower tells its high watermark (KIP-1166).
 */
export const fetch = api({
  key: 1,
  name: 'Fetch',
  versions: [0, 18],
  flexible: 12,
  request: {
    clusterId: nullable(string({ since: 12, tag: 0, default: null, ignorable: true })),
    replicaId: int32({ until: 14, default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ default: -1 }),
        replicaEpoch: int64({ default: -1 }),
      },
      { since: 15, tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ since: 3, default: 0x7fff_ffff, ignorable: true }),
    isolationLevel: int8({ since: 4, ignorable: true }),
    sessionId: int32({ since: 7, ignorable: true }),
    sessionEpoch: int32({ since: 7, default: -1, ignorable: true }),
    topics: array(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ since: 9, default: -1, ignorable: true }),
            fetchOffset: int64(),
            lastFetchedEpoch: int32({ since: 12, default: -1 }),
            logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
            partitionMaxBytes: int32(),
            replicaDirectoryId: uuid({ since: 17, tag: 0, ignorable: true }),
            highWatermark: int64({ since: 18, tag: 1, default: 9223372036854775807n, ignorable: true }),
          }),
        ),
      }),
    ),
    forgottenTopicsData: array(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(int32()),
      }),
      { since: 7 },
    ),
    rackId: string({ since: 11, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16({ since: 7, ignorable: true }),
    sessionId: int32({ since: 7 }),
    responses: array(
      struct({
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            highWatermark: int64(),
            lastStableOffset: int64({ since: 4, default: -1, ignorable: true }),
            logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
            divergingEpoch: struct(
              {
                epoch: int32({ default: -1 }),
                endOffset: int64({ default: -1 }),
              },
              { since: 12, tag: 0 },
            ),
            currentLeader: struct(
              {
                leaderId: int32({ default: -1 }),
                leaderEpoch: int32({ default: -1 }),
              },
              { since: 12, tag: 1 },
            ),
            snapshotId: struct(
              {
                endOffset: int64({ default: -1 }),
                epoch: int32({ default: -1 }),
              },
              { since: 12, tag: 2 },
            ),
            abortedTransactions: nullable(
              array(
                struct({
                  producerId: int64(),
                  firstOffset: int64(),
                }),
                { since: 4, ignorable: true },
              ),
            ),
            preferredReadReplica: int32({ since: 11, default: -1 }),
            records: nullable(records()),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullable(string({ default: null })),
      }),
      { since: 16, tag: 0 },
    ),
  },
});
