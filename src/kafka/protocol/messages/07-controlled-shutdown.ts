import { api } from '../api.ts';
import { array, int16, int32, int64, string, struct } from '../schema.ts';

/**
 * ControlledShutdown (7): a broker that wants to stop asks the controller to move its leaderships away.
 *
 * - v0: the request header has no client id.
 * - v1: the same layout.
 * - v2: brokerEpoch; broker epochs (KIP-380).
 * - v3: flexible.
 */
export const controlledShutdown = api({
  key: 7,
  name: 'ControlledShutdown',
  versions: [0, 3],
  flexible: 3,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ since: 2, default: -1, ignorable: true }),
  },
  response: {
    errorCode: int16(),
    remainingPartitions: array(
      struct({
        topicName: string(),
        partitionIndex: int32(),
      }),
    ),
  },
});
