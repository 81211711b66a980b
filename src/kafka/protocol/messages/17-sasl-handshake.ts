import { api } from '../api.ts';
import { array, int16, string } from '../schema.ts';

/**
 * SaslHandshake (17): which SASL mechanism will follow.
 *
 * - v0: tokens follow bare, in frames of their own.
 * - v1: tokens follow in SaslAuthenticate (KIP-152).
 */
export const saslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: int16(),
    mechanisms: array(string()),
  },
});
