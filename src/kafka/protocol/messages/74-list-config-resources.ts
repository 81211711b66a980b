import { api } from '../api.ts';
import { array, int16, int32, int8, string, struct } from '../schema.ts';

/**
 * ListConfigResources (74): the names of resources that have configurations; in v0 client metrics resources only
 * (KIP-1000).
 *
 * - v1: resourceTypes; response: resourceType; all kinds (KIP-1142).
 */
export const listConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexible: 0,
  request: {
    resourceTypes: array(int8(), { since: 1 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: array(
      struct({
        resourceName: string(),
        resourceType: int8({ since: 1, default: 16, ignorable: true }),
      }),
    ),
  },
});
