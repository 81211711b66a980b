import { api } from '../api.ts';
import { array, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * DeleteAcls (31): removes the ACLs that fit filters (KIP-140).
 *
 * - v1: patternTypeFilter; response: patternType; prefixed patterns (KIP-290).
 * - v2: flexible.
 * - v3: the same layout.
 */
export const deleteAcls = api({
  key: 31,
  name: 'DeleteAcls',
  versions: [0, 3],
  flexible: 2,
  request: {
    filters: array(
      struct({
        resourceTypeFilter: int8(),
        resourceNameFilter: nullable(string()),
        patternTypeFilter: int8({ since: 1, default: 3 }),
        principalFilter: nullable(string()),
        hostFilter: nullable(string()),
        operation: int8(),
        permissionType: int8(),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    filterResults: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string()),
        matchingAcls: array(
          struct({
            errorCode: int16(),
            errorMessage: nullable(string()),
            resourceType: int8(),
            resourceName: string(),
            patternType: int8({ since: 1, default: 3 }),
            principal: string(),
            host: string(),
            operation: int8(),
            permissionType: int8(),
          }),
        ),
      }),
    ),
  },
});
