import { api } from '../api.ts';
import { array, int16, int32, string, struct } from '../schema.ts';

/**
 * DeleteGroups (42): deletes groups that have no members (KIP-229).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 */
export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: {
    groupsNames: array(string()),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        groupId: string(),
        errorCode: int16(),
      }),
    ),
  },
});
