import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * IncrementalAlterConfigs (44): sets, deletes, appends to and subtracts from single configuration values (KIP-339).
 *
 * - v1: flexible.
 */
export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexible: 1,
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            configOperation: int8(),
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
