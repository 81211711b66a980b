import { api } from '../api.ts';
import { array, bool, int16, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ShareAcknowledge (79): a member of a share group acknowledges records (KIP-932).
 *
 * - v0: unstable, of 3.9 only.
 * - v1: the same layout.
 * - v2: isRenewAck; response: acquisitionLockTimeoutMs; renewed acquisition (KIP-1222).
 */
export const shareAcknowledge = api({
  key: 79,
  name: 'ShareAcknowledge',
  versions: [0, 2],
  stable: [1, 2],
  flexible: 0,
  request: {
    groupId: nullable(string({ default: null })),
    memberId: nullable(string()),
    shareSessionEpoch: int32(),
    isRenewAck: bool({ since: 2 }),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
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
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string({ default: null })),
    acquisitionLockTimeoutMs: int32({ since: 2, ignorable: true }),
    responses: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: nullable(string({ default: null })),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }),
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
