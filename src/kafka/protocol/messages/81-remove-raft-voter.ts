import { api } from '../api.ts';
import { int16, int32, nullable, string, uuid } from '../schema.ts';

/**
 * RemoveRaftVoter (81): removes a voter from the KRaft quorum (KIP-853).
 */
export const removeRaftVoter = api({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: [0, 0],
  flexible: 0,
  request: {
    clusterId: nullable(string()),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
  },
});
