import { api } from '../api.ts';
import { int16, int32, int64 } from '../schema.ts';

/**
 * AllocateProducerIds (67): a broker takes a block of producer ids from the controller (KIP-730).
 */
export const allocateProducerIds = api({
  key: 67,
  name: 'AllocateProducerIds',
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
});
