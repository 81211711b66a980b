import { recordType } from './record-type.ts';
import { array, bytes, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/**
 * Records of `__consumer_offsets` that every broker since 0.9 knows: offsets, and groups of the classic protocol.
 * Which version is written follows the inter-broker protocol; all are read.
 */

/** An offset as 0.8 kept it. Never written any more. */
export const legacyOffsetCommit = recordType({
  type: 0,
  name: 'LegacyOffsetCommit',
  key: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
  value: {
    versions: [0, 0],
    fields: {
      offset: int64(),
      metadata: string(),
      commitTimestamp: int64(),
    },
  },
});

/** How far a group has read a partition. v1: an explicit time of expiry; v2: none; v3: leader epoch (KIP-320); v4: flexible. */
export const offsetCommit = recordType({
  type: 1,
  name: 'OffsetCommit',
  key: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
  value: {
    versions: [0, 4],
    flexible: 4,
    fields: {
      offset: int64(),
      leaderEpoch: int32({ since: 3, default: -1, ignorable: true }),
      metadata: string(),
      commitTimestamp: int64(),
      expireTimestamp: int64({ since: 1, until: 1, default: -1, ignorable: true }),
      topicId: uuid({ since: 4, tag: 0, ignorable: true }),
    },
  },
});

/** A group between rebalances. v1: rebalance timeout (KIP-62); v2: since when it is in this state (KIP-211); v3: static members (KIP-345); v4: flexible. */
export const groupMetadata = recordType({
  type: 2,
  name: 'GroupMetadata',
  key: {
    group: string(),
  },
  value: {
    versions: [0, 4],
    flexible: 4,
    fields: {
      protocolType: string(),
      generation: int32(),
      protocol: nullable(string()),
      leader: nullable(string()),
      currentStateTimestamp: int64({ since: 2, default: -1, ignorable: true }),
      members: array(
        struct({
          memberId: string(),
          groupInstanceId: nullable(string({ since: 3, default: null, ignorable: true })),
          clientId: string(),
          clientHost: string(),
          rebalanceTimeout: int32({ since: 1, default: -1, ignorable: true }),
          sessionTimeout: int32(),
          subscription: bytes(),
          assignment: bytes(),
        }),
      ),
    },
  },
});
