import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct, uuid } from '../schema.ts';

/**
 * DeleteTopics (20): deletes topics.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: TOPIC_DELETION_DISABLED may be answered.
 * - v4: flexible.
 * - v5: response: errorMessage; what went wrong, in words (KIP-599).
 * - v6: topics, no more topicNames; response: topicId, name may be null; by topic id (KIP-516).
 */
export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 6],
  flexible: 4,
  request: {
    topics: array(
      struct({
        name: nullable(string({ default: null })),
        topicId: uuid(),
      }),
      { since: 6 },
    ),
    topicNames: array(string(), { until: 5, ignorable: true }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    responses: array(
      struct({
        name: nullable(string(), { since: 6 }),
        topicId: uuid({ since: 6, ignorable: true }),
        errorCode: int16(),
        errorMessage: nullable(string({ since: 5, default: null, ignorable: true })),
      }),
    ),
  },
});
