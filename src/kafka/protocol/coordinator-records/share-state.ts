import { recordType } from './record-type.ts';
import { array, int16, int32, int64, int8, string, struct, uuid } from '../schema.ts';

/**
 * Records of `__share_group_state` (KIP-932).
 */

/** The whole state of a share partition. */
export const shareSnapshot = recordType({
  type: 0,
  name: 'ShareSnapshot',
  key: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      snapshotEpoch: int32(),
      stateEpoch: int32(),
      leaderEpoch: int32(),
      startOffset: int64(),
      deliveryCompleteCount: int32({ tag: 0, default: -1 }),
      createTimestamp: int64(),
      writeTimestamp: int64(),
      stateBatches: array(
        struct({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      ),
    },
  },
});

/** What changed since the last snapshot or update. */
export const shareUpdate = recordType({
  type: 1,
  name: 'ShareUpdate',
  key: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
  value: {
    versions: [0, 0],
    flexible: 0,
    fields: {
      snapshotEpoch: int32(),
      leaderEpoch: int32(),
      startOffset: int64(),
      deliveryCompleteCount: int32({ tag: 0, default: -1 }),
      stateBatches: array(
        struct({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      ),
    },
  },
});
