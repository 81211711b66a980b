import { api } from '../api.ts';
import { array, bool, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * CreatePartitions (37): adds partitions to topics (KIP-195).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 * - v3: THROTTLING_QUOTA_EXCEEDED may be answered (KIP-599).
 */
export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexible: 2,
  request: {
    topics: array(
      struct({
        name: string(),
        count: int32(),
        assignments: nullable(
          array(
            struct({
              brokerIds: array(int32()),
            }),
          ),
        ),
      }),
    ),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        name: string(),
        errorCode: int16(),
        errorMessage: nullable(string({ default: null })),
      }),
    ),
  },
});
