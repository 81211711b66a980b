import { Message } from '../message.ts';
import { array, int32, int64, nullable, string, struct, uuid } from '../schema.ts';

/** The file `quorum-state` of a KRaft controller, which is JSON there, as a message. */
export const quorumState = new Message('QuorumStateData', {
  versions: [0, 1],
  flexible: 0,
  fields: {
    clusterId: string({ until: 0 }),
    leaderId: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    votedId: int32({ default: -1 }),
    votedDirectoryId: uuid({ since: 1 }),
    appliedOffset: int64({ until: 0 }),
    currentVoters: nullable(
      array(
        struct({
          voterId: int32(),
        }),
        { until: 0 },
      ),
    ),
  },
});
