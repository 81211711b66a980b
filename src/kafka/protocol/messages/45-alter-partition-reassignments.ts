import { api } from '../api.ts';
import { array, bool, int16, int32, nullable, string, struct } from '../schema.ts';

/**
 * AlterPartitionReassignments (45): moves partitions to other replicas, or stops moving them (KIP-455).
 *
 * - v1: allowReplicationFactorChange; response: allowReplicationFactorChange; the replication factor may be kept
 *   from changing (KIP-860).
 */
export const alterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexible: 0,
  request: {
    timeoutMs: int32({ default: 60_000 }),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicas: nullable(array(int32(), { default: null })),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool({ since: 1, default: true, ignorable: true }),
    errorCode: int16(),
    errorMessage: nullable(string()),
    responses: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: nullable(string()),
          }),
        ),
      }),
    ),
  },
});
