import { api } from '../api.ts';
import { array, bytes, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * SyncGroup (14): the leader of a group hands in the assignments, and each member gets its own.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: groupInstanceId; static members (KIP-345).
 * - v4: flexible.
 * - v5: protocolType and protocolName; response: protocolType and protocolName; the kind of protocol and its name
 *   (KIP-559).
 */
export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: nullable(string({ since: 3, default: null })),
    protocolType: nullable(string({ since: 5, default: null, ignorable: true })),
    protocolName: nullable(string({ since: 5, default: null, ignorable: true })),
    assignments: array(
      struct({
        memberId: string(),
        assignment: bytes(),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    protocolType: nullable(string({ since: 5, default: null, ignorable: true })),
    protocolName: nullable(string({ since: 5, default: null, ignorable: true })),
    assignment: bytes(),
  },
});
