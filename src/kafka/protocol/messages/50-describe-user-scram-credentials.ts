import { api } from '../api.ts';
import { array, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * DescribeUserScramCredentials (50): which users have SCRAM credentials, with how many iterations (KIP-554).
 */
export const describeUserScramCredentials = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    users: nullable(
      array(
        struct({
          name: string(),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
    results: array(
      struct({
        user: string(),
        errorCode: int16(),
        errorMessage: nullable(string()),
        credentialInfos: array(
          struct({
            mechanism: int8(),
            iterations: int32(),
          }),
        ),
      }),
    ),
  },
});
