import { api } from '../api.ts';
import { array, bytes, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * AlterUserScramCredentials (51): sets and deletes SCRAM credentials (KIP-554).
 */
export const alterUserScramCredentials = api({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    deletions: array(
      struct({
        name: string(),
        mechanism: int8(),
      }),
    ),
    upsertions: array(
      struct({
        name: string(),
        mechanism: int8(),
        iterations: int32(),
        salt: bytes(),
        saltedPassword: bytes(),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        user: string(),
        errorCode: int16(),
        errorMessage: nullable(string()),
      }),
    ),
  },
});
