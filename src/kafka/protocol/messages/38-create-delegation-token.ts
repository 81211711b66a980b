import { api } from '../api.ts';
import { array, bytes, int16, int32, int64, nullable, string, struct } from '../schema.ts';

/**
 * CreateDelegationToken (38): makes a delegation token (KIP-48).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 * - v3: ownerPrincipalType and ownerPrincipalName; response: tokenRequesterPrincipalType and
 *   tokenRequesterPrincipalName; for somebody else (KIP-373).
 */
export const createDelegationToken = api({
  key: 38,
  name: 'CreateDelegationToken',
  versions: [0, 3],
  flexible: 2,
  request: {
    ownerPrincipalType: nullable(string({ since: 3 })),
    ownerPrincipalName: nullable(string({ since: 3 })),
    renewers: array(
      struct({
        principalType: string(),
        principalName: string(),
      }),
    ),
    maxLifetimeMs: int64(),
  },
  response: {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ since: 3 }),
    tokenRequesterPrincipalName: string({ since: 3 }),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  },
});
