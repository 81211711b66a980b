import { api } from '../api.ts';
import { array, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * FindCoordinator (10): which broker coordinates a group, a transaction or a share group.
 *
 * - v1: keyType; response: throttleTimeMs and errorMessage; transactions (KIP-98).
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: flexible.
 * - v4: coordinatorKeys, no more key; response: coordinators, no more errorCode, errorMessage, nodeId, host and
 *   port; several keys at once (KIP-699).
 * - v5: TRANSACTION_ABORTABLE may be answered (KIP-890).
 * - v6: share groups (KIP-932).
 */
export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexible: 3,
  request: {
    key: string({ until: 3 }),
    keyType: int8({ since: 1 }),
    coordinatorKeys: array(string(), { since: 4 }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    errorCode: int16({ until: 3 }),
    errorMessage: nullable(string({ since: 1, until: 3, ignorable: true })),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: array(
      struct({
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: nullable(string()),
      }),
      { since: 4 },
    ),
  },
});
