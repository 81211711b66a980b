import { api } from '../api.ts';
import { array, bool, int16, int32, int64, uuid } from '../schema.ts';

/**
 * BrokerHeartbeat (63): a broker tells the KRaft controller that it is alive, and hears whether it is fenced
 * (KIP-631).
 *
 * - v1: offlineLogDirs; log directories that failed (KIP-858).
 */
export const brokerHeartbeat = api({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: [0, 1],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    currentMetadataOffset: int64(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: array(uuid(), { since: 1, tag: 0 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    isCaughtUp: bool({ default: false }),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
});
