import { Message } from '../message.ts';
import { array, bytes, int32, nullable, string, struct } from '../schema.ts';

/**
 * What classic consumers tell each other through JoinGroup and SyncGroup: bytes to the broker, apart from the topics
 * that it must know to expire offsets. An int16 version stands before each.
 */

/** What a member wants. v1: what it owns (KIP-429); v2: since which generation (KIP-792); v3: rack (KIP-881). */
export const consumerSubscription = new Message('ConsumerProtocolSubscription', {
  versions: [0, 3],
  fields: {
    topics: array(string()),
    userData: nullable(bytes({ default: null })),
    ownedPartitions: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
      { since: 1, ignorable: true },
    ),
    generationId: int32({ since: 2, default: -1, ignorable: true }),
    rackId: nullable(string({ since: 3, default: null, ignorable: true })),
  },
});

/** What a member gets. */
export const consumerAssignment = new Message('ConsumerProtocolAssignment', {
  versions: [0, 3],
  fields: {
    assignedPartitions: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
    ),
    userData: nullable(bytes({ default: null })),
  },
});
