import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct } from '../schema.ts';

/**
 * ListTransactions (66): the transactions of a coordinator (KIP-664).
 *
 * - v1: durationFilter; by duration (KIP-994).
 * - v2: transactionalIdPattern; by pattern (KIP-1152).
 */
export const listTransactions = api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexible: 0,
  request: {
    stateFilters: array(string()),
    producerIdFilters: array(int64()),
    durationFilter: int64({ since: 1, default: -1 }),
    transactionalIdPattern: nullable(string({ since: 2, default: null })),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    unknownStateFilters: array(string()),
    transactionStates: array(
      struct({
        transactionalId: string(),
        producerId: int64(),
        transactionState: string(),
      }),
    ),
  },
});
