import { api } from '../api.ts';
import { bytes, int16, int64, nullable, string } from '../schema.ts';

/**
 * SaslAuthenticate (36): the tokens of a SASL handshake (KIP-152).
 *
 * - v1: response: sessionLifetimeMs; how long the session lasts (KIP-368).
 * - v2: flexible.
 */
export const saslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: {
    authBytes: bytes(),
  },
  response: {
    errorCode: int16(),
    errorMessage: nullable(string()),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ since: 1, ignorable: true }),
  },
});
