import { api } from '../api.ts';
import { bytes, int16, int32, int64 } from '../schema.ts';

/**
 * RenewDelegationToken (39): makes a delegation token last longer (KIP-48).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 */
export const renewDelegationToken = api({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [0, 2],
  flexible: 2,
  request: {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
  response: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
});
