import { api } from '../api.ts';
import { bytes, int16, nullable } from '../schema.ts';

/**
 * Envelope (58): a broker passes a client's request on to the controller (KIP-590).
 */
export const envelope = api({
  key: 58,
  name: 'Envelope',
  versions: [0, 0],
  flexible: 0,
  request: {
    requestData: bytes(),
    requestPrincipal: nullable(bytes()),
    clientHostAddress: bytes(),
  },
  response: {
    responseData: nullable(bytes({ default: null })),
    errorCode: int16(),
  },
});
