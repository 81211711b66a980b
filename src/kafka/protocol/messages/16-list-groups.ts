import { api } from '../api.ts';
import { array, int16, int32, string, struct } from '../schema.ts';

/**
 * ListGroups (16): the groups that a broker coordinates.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: flexible.
 * - v4: statesFilter; response: groupState; by state (KIP-518).
 * - v5: typesFilter; response: groupType; by type (KIP-848).
 */
export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexible: 3,
  request: {
    statesFilter: array(string(), { since: 4 }),
    typesFilter: array(string(), { since: 5 }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16(),
    groups: array(
      struct({
        groupId: string(),
        protocolType: string(),
        groupState: string({ since: 4, ignorable: true }),
        groupType: string({ since: 5, ignorable: true }),
      }),
    ),
  },
});
