import { api } from '../api.ts';
import { array, bool, int16, int32, int64, nullable, string, struct, uint16, uuid } from '../schema.ts';

/**
 * BrokerRegistration (62): a broker registers with the KRaft controller (KIP-631).
 *
 * - v1: isMigratingZkBroker; a ZooKeeper broker in migration (KIP-866).
 * - v2: logDirs; log directories (KIP-858).
 * - v3: previousBrokerEpoch; the epoch before, after a clean shutdown (KIP-966).
 * - v4: features may begin at version 0 (KIP-1022).
 */
export const brokerRegistration = api({
  key: 62,
  name: 'BrokerRegistration',
  versions: [0, 4],
  flexible: 0,
  request: {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
    listeners: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
    ),
    features: array(
      struct({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    ),
    rack: nullable(string()),
    isMigratingZkBroker: bool({ since: 1 }),
    logDirs: array(uuid(), { since: 2, ignorable: true }),
    previousBrokerEpoch: int64({ since: 3, default: -1, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
});
