import { api } from '../api.ts';
import { int16, int32, nullable, string } from '../schema.ts';

/**
 * UnregisterBroker (64): forgets a broker that is gone for good (KIP-500).
 */
export const unregisterBroker = api({
  key: 64,
  name: 'UnregisterBroker',
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
  },
});
