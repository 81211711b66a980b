import { api } from '../api.ts';
import { array, bool, float64, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * DescribeClientQuotas (48): client quotas that fit a filter (KIP-546).
 *
 * - v1: flexible.
 */
export const describeClientQuotas = api({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    components: array(
      struct({
        entityType: string(),
        matchType: int8(),
        match: nullable(string()),
      }),
    ),
    strict: bool(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
    entries: nullable(
      array(
        struct({
          entity: array(
            struct({
              entityType: string(),
              entityName: nullable(string()),
            }),
          ),
          values: array(
            struct({
              key: string(),
              value: float64(),
            }),
          ),
        }),
      ),
    ),
  },
});
