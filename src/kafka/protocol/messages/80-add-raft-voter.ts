import { api } from '../api.ts';
import { array, bool, int16, int32, nullable, string, struct, uint16, uuid } from '../schema.ts';

/**
 * AddRaftVoter (80): adds a voter to the KRaft quorum (KIP-853).
 *
 * - v1: ackWhenCommitted; whether to wait until it is committed.
 */
export const addRaftVoter = api({
  key: 80,
  name: 'AddRaftVoter',
  versions: [0, 1],
  flexible: 0,
  request: {
    clusterId: nullable(string()),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
      }),
    ),
    ackWhenCommitted: bool({ since: 1, default: true }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
  },
});
