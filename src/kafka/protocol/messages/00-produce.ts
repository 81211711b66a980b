import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, records, string, struct, uuid } from '../schema.ts';

/**
 * Produce (0): a producer sends record batches to the leaders of partitions. With acks 0 there is no answer.
 *
 * - v1: response: throttleTimeMs; throttling (KIP-13).
 * - v2: response: logAppendTimeMs; message format 1 (KIP-32).
 * - v3: transactionalId; message format 2 and transactions (KIP-98).
 * - v4: KAFKA_STORAGE_ERROR may be answered (KIP-112).
 * - v5: response: logStartOffset; log start offset (KIP-107).
 * - v6: the same layout.
 * - v7: zstd (KIP-110).
 * - v8: response: recordErrors and errorMessage; which records were at fault (KIP-467).
 * - v9: flexible.
 * - v10: response: currentLeader and nodeEndpoints; the new leader comes with the error (KIP-951).
 * - v11: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * - v12: the broker adds partitions to transactions by itself (KIP-890).
 * - v13: topicId, no more name; response: topicId, no more name; topic ids (KIP-516).
 */
export const produce = api({
  key: 0,
  name: 'Produce',
  versions: [0, 13],
  flexible: 9,
  request: {
    transactionalId: nullable(string({ since: 3, default: null })),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array(
      struct({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionData: array(
          struct({
            index: int32(),
            records: nullable(records()),
          }),
        ),
      }),
    ),
  },
  response: {
    responses: array(
      struct({
        name: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitionResponses: array(
          struct({
            index: int32(),
            errorCode: int16(),
            baseOffset: int64(),
            logAppendTimeMs: int64({ since: 2, default: -1, ignorable: true }),
            logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
            recordErrors: array(
              struct({
                batchIndex: int32(),
                batchIndexErrorMessage: nullable(string({ default: null })),
              }),
              { since: 8, ignorable: true },
            ),
            errorMessage: nullable(string({ since: 8, default: null, ignorable: true })),
            currentLeader: struct(
              {
                leaderId: int32({ default: -1 }),
                leaderEpoch: int32({ default: -1 }),
              },
              { since: 10, tag: 0 },
            ),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullable(string({ default: null })),
      }),
      { since: 10, tag: 0 },
    ),
  },
});
