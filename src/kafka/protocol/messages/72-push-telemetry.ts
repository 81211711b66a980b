import { api } from '../api.ts';
import { bool, bytes, int16, int32, int8, uuid } from '../schema.ts';

/**
 * PushTelemetry (72): clients' metrics (KIP-714).
 */
export const pushTelemetry = api({
  key: 72,
  name: 'PushTelemetry',
  versions: [0, 0],
  flexible: 0,
  request: {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
});
