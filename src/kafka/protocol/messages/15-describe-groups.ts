import { api } from '../api.ts';
import { array, bool, bytes, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * DescribeGroups (15): members and state of groups.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: includeAuthorizedOperations; response: authorizedOperations; which operations are allowed (KIP-430).
 * - v4: response: groupInstanceId; static members (KIP-345).
 * - v5: flexible.
 * - v6: response: errorMessage; GROUP_ID_NOT_FOUND may be answered, with a message (KIP-1043).
 */
export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexible: 5,
  request: {
    groups: array(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    groups: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string({ since: 6, default: null })),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array(
          struct({
            memberId: string(),
            groupInstanceId: nullable(string({ since: 4, default: null, ignorable: true })),
            clientId: string(),
            clientHost: string(),
            memberMetadata: bytes(),
            memberAssignment: bytes(),
          }),
        ),
        authorizedOperations: int32({ since: 3, default: -0x8000_0000 }),
      }),
    ),
  },
});
