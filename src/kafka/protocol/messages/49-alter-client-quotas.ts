import { api } from '../api.ts';
import { array, bool, float64, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * AlterClientQuotas (49): sets client quotas (KIP-546).
 *
 * - v1: flexible.
 */
export const alterClientQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    entries: array(
      struct({
        entity: array(
          struct({
            entityType: string(),
            entityName: nullable(string()),
          }),
        ),
        ops: array(
          struct({
            key: string(),
            value: float64(),
            remove: bool(),
          }),
        ),
      }),
    ),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    entries: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string()),
        entity: array(
          struct({
            entityType: string(),
            entityName: nullable(string()),
          }),
        ),
      }),
    ),
  },
});
