import { api } from '../api.ts';
import { array, bytes, int16, int32, int64, nullable, string, struct } from '../schema.ts';

/**
 * DescribeDelegationToken (41): delegation tokens of owners (KIP-48).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 * - v3: response: tokenRequesterPrincipalType and tokenRequesterPrincipalName; who asked for them (KIP-373).
 */
export const describeDelegationToken = api({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [0, 3],
  flexible: 2,
  request: {
    owners: nullable(
      array(
        struct({
          principalType: string(),
          principalName: string(),
        }),
      ),
    ),
  },
  response: {
    errorCode: int16(),
    tokens: array(
      struct({
        principalType: string(),
        principalName: string(),
        tokenRequesterPrincipalType: string({ since: 3 }),
        tokenRequesterPrincipalName: string({ since: 3 }),
        issueTimestamp: int64(),
        expiryTimestamp: int64(),
        maxTimestamp: int64(),
        tokenId: string(),
        hmac: bytes(),
        renewers: array(
          struct({
            principalType: string(),
            principalName: string(),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32(),
  },
});
