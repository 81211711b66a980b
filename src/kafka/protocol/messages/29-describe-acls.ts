import { api } from '../api.ts';
import { array, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * DescribeAcls (29): ACLs that fit a filter (KIP-140).
 *
 * - v1: patternTypeFilter; response: patternType; prefixed patterns (KIP-290).
 * - v2: flexible.
 * - v3: the user principal kind may be a group or token.
 */
export const describeAcls = api({
  key: 29,
  name: 'DescribeAcls',
  versions: [0, 3],
  flexible: 2,
  request: {
    resourceTypeFilter: int8(),
    resourceNameFilter: nullable(string()),
    patternTypeFilter: int8({ since: 1, default: 3 }),
    principalFilter: nullable(string()),
    hostFilter: nullable(string()),
    operation: int8(),
    permissionType: int8(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ since: 1, default: 3 }),
        acls: array(
          struct({
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
