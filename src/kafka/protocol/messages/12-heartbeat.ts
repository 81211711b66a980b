import { api } from '../api.ts';
import { int16, int32, nullable, string } from '../schema.ts';

/**
 * Heartbeat (12): a member of a group says that it is alive, and hears whether a rebalance has begun.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: groupInstanceId; static members (KIP-345).
 * - v4: flexible.
 */
export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: nullable(string({ since: 3, default: null })),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
  },
});
