import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * AlterConfigs (33): replaces all configuration of resources (KIP-133). IncrementalAlterConfigs is the better one.
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 */
export const alterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexible: 2,
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            value: nullable(string()),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    responses: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string()),
        resourceType: int8(),
        resourceName: string(),
      }),
    ),
  },
});
