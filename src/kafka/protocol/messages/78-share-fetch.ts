import { api } from '../api.ts';
import {
  array,
  bool,
  int16,
  int32,
  int64,
  int8,
  nullable,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts';

/**
 * ShareFetch (78): a member of a share group acquires records (KIP-932).
 *
 * - v0: unstable, of 3.9 only.
 * - v1: maxRecords and batchSize, no more partitionMaxBytes; response: acquisitionLockTimeoutMs.
 * - v2: shareAcquireMode and isRenewAck; how records are acquired (KIP-1206); renewed acquisition (KIP-1222).
 */
export const shareFetch = api({
  key: 78,
  name: 'ShareFetch',
  versions: [0, 2],
  stable: [1, 2],
  flexible: 0,
  request: {
    groupId: nullable(string({ default: null })),
    memberId: nullable(string()),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fff_ffff }),
    maxRecords: int32({ since: 1 }),
    batchSize: int32({ since: 1 }),
    shareAcquireMode: int8({ since: 2, ignorable: true }),
    isRenewAck: bool({ since: 2 }),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            partitionMaxBytes: int32({ until: 0 }),
            acknowledgementBatches: array(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                acknowledgeTypes: array(int8()),
              }),
            ),
          }),
        ),
      }),
    ),
    forgottenTopicsData: array(
      struct({
        topicId: uuid(),
        partitions: array(int32()),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string({ default: null })),
    acquisitionLockTimeoutMs: int32({ since: 1 }),
    responses: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: nullable(string({ default: null })),
            acknowledgeErrorCode: int16(),
            acknowledgeErrorMessage: nullable(string({ default: null })),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }),
            records: nullable(records(), { until: 0 }),
            acquiredRecords: array(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                deliveryCount: int16(),
              }),
            ),
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
    ),
  },
});
