import { api } from '../api.ts';
import { bytes, int16, int32, int64 } from '../schema.ts';

/**
 * ExpireDelegationToken (40): ends a delegation token, or sets when it ends (KIP-48).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 */
export const expireDelegationToken = api({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [0, 2],
  flexible: 2,
  request: {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
  response: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
});
