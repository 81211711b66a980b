import { api } from '../api.ts';
import { array, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * CreateAcls (30): adds ACLs (KIP-140).
 *
 * - v1: resourcePatternType; prefixed patterns (KIP-290).
 * - v2: flexible.
 * - v3: the same layout.
 */
export const createAcls = api({
  key: 30,
  name: 'CreateAcls',
  versions: [0, 3],
  flexible: 2,
  request: {
    creations: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        resourcePatternType: int8({ since: 1, default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string()),
      }),
    ),
  },
});
