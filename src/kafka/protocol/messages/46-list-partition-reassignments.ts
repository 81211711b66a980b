import { api } from '../api.ts';
import { array, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * ListPartitionReassignments (46): the moves that are under way (KIP-455).
 */
export const listPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexible: 0,
  request: {
    timeoutMs: int32({ default: 60_000 }),
    topics: nullable(
      array(
        struct({
          name: string(),
          partitionIndexes: array(int32()),
        }),
        { default: null },
      ),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicas: array(int32()),
            addingReplicas: array(int32()),
            removingReplicas: array(int32()),
          }),
        ),
      }),
    ),
  },
});
