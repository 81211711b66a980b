import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * CreateTopics (19): creates topics.
 *
 * - v1: validateOnly; response: errorMessage; validation without creation (KIP-4).
 * - v2: response: throttleTimeMs.
 * - v3: throttled answers are sent before the wait (KIP-219).
 * - v4: the broker's defaults for partitions and replicas (KIP-464).
 * - v5: response: topicConfigErrorCode, numPartitions, replicationFactor and configs; flexible; what was created
 *   (KIP-525).
 * - v6: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599).
 * - v7: response: topicId; topic ids (KIP-516).
 */
export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 7],
  flexible: 5,
  request: {
    topics: array(
      struct({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array(
          struct({
            partitionIndex: int32(),
            brokerIds: array(int32()),
          }),
        ),
        configs: array(
          struct({
            name: string(),
            value: nullable(string()),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ default: 60_000 }),
    validateOnly: bool({ since: 1 }),
  },
  response: {
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    topics: array(
      struct({
        name: string(),
        topicId: uuid({ since: 7, ignorable: true }),
        errorCode: int16(),
        errorMessage: nullable(string({ since: 1, ignorable: true })),
        topicConfigErrorCode: int16({ since: 5, tag: 0, ignorable: true }),
        numPartitions: int32({ since: 5, default: -1, ignorable: true }),
        replicationFactor: int16({ since: 5, default: -1, ignorable: true }),
        configs: nullable(
          array(
            struct({
              name: string(),
              value: nullable(string()),
              readOnly: bool(),
              configSource: int8({ default: -1 }),
              isSensitive: bool(),
            }),
            { since: 5, ignorable: true },
          ),
        ),
      }),
    ),
  },
});
