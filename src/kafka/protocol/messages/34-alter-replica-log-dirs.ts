import { api } from '../api.ts';
import { array, int16, int32, string, struct } from '../schema.ts';

/**
 * AlterReplicaLogDirs (34): moves replicas between the log directories of a broker (KIP-113).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 */
export const alterReplicaLogDirs = api({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [0, 2],
  flexible: 2,
  request: {
    dirs: array(
      struct({
        path: string(),
        topics: array(
          struct({
            name: string(),
            partitions: array(int32()),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
});
