import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * LeaveGroup (13): members leave a group.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: members, no more memberId; response: members; several members at once (KIP-345).
 * - v4: flexible.
 * - v5: reason; why they leave (KIP-800).
 */
export const leaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    memberId: string({ until: 2 }),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: nullable(string({ default: null })),
        reason: nullable(string({ since: 5, default: null, ignorable: true })),
      }),
      { since: 3 },
    ),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: nullable(string()),
        errorCode: int16(),
      }),
      { since: 3 },
    ),
  },
});
