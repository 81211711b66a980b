import { api } from '../api.ts';
import { array, int16, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * ReadShareGroupStateSummary (87): a group coordinator reads how far share partitions are (KIP-932).
 *
 * - v1: response: deliveryCompleteCount; how many deliveries are complete (KIP-1226).
 */
export const readShareGroupStateSummary = api({
  key: 87,
  name: 'ReadShareGroupStateSummary',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    results: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            errorCode: int16(),
            errorMessage: nullable(string({ default: null })),
            stateEpoch: int32(),
            leaderEpoch: int32(),
            startOffset: int64(),
            deliveryCompleteCount: int32({ since: 1, default: -1, ignorable: true }),
          }),
        ),
      }),
    ),
  },
});
