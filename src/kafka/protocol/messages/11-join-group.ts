import { api } from '../api.ts';
import { array, bool, bytes, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * JoinGroup (11): a consumer asks to be in a group. The answer comes when all members have asked, and the leader
 * gets the list of them.
 *
 * - v1: rebalanceTimeoutMs; how long a rebalance may take (KIP-62).
 * - v2: response: throttleTimeMs.
 * - v3: throttled answers are sent before the wait (KIP-219).
 * - v4: a new member is told its id first and joins again (KIP-394).
 * - v5: groupInstanceId; response: groupInstanceId; static members (KIP-345).
 * - v6: flexible.
 * - v7: response: protocolType, protocolName may be null; the kind of protocol comes back (KIP-559).
 * - v8: reason; why it joins (KIP-800).
 * - v9: response: skipAssignment; the leader may be told to keep the assignment (KIP-814).
 */
export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexible: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: nullable(string({ since: 5, default: null })),
    protocolType: string(),
    protocols: array(
      struct({
        name: string(),
        metadata: bytes(),
      }),
    ),
    reason: nullable(string({ since: 8, default: null, ignorable: true })),
  },
  response: {
    throttleTimeMs: int32({ since: 2, ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: nullable(string({ since: 7, default: null, ignorable: true })),
    protocolName: nullable(string(), { since: 7 }),
    leader: string(),
    skipAssignment: bool({ since: 9 }),
    memberId: string(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: nullable(string({ since: 5, default: null, ignorable: true })),
        metadata: bytes(),
      }),
    ),
  },
});
