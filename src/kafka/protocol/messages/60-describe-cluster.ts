import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * DescribeCluster (60): brokers and controller of the cluster (KIP-700).
 *
 * - v1: endpointType; response: endpointType; controllers' end points (KIP-919).
 * - v2: includeFencedBrokers; response: isFenced; fenced brokers (KIP-1073).
 */
export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexible: 0,
  request: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string({ default: null })),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array(
      struct({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: nullable(string({ default: null })),
        isFenced: bool({ since: 2 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ default: -0x8000_0000 }),
  },
});
