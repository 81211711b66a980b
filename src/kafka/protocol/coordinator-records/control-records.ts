import { Message } from '../message.ts';
import { array, int16, int32, int64, string, struct, uint16, uuid } from '../schema.ts';

/**
 * Values of control records, which stand in the log among the data. The key is int16 version, int16 type.
 */

/** Types 0 (abort) and 1 (commit). An int16 version stands before it. */
export const endTransactionMarker = new Message('EndTxnMarker', {
  versions: [0, 0],
  fields: {
    coordinatorEpoch: int32(),
  },
});

/** Type 2: a new leader of the KRaft quorum. */
export const leaderChange = new Message('LeaderChangeMessage', {
  versions: [0, 1],
  flexible: 0,
  fields: {
    version: int16(),
    leaderId: int32(),
    voters: array(
      struct({
        voterId: int32(),
        voterDirectoryId: uuid({ since: 1 }),
      }),
    ),
    grantingVoters: array(
      struct({
        voterId: int32(),
        voterDirectoryId: uuid({ since: 1 }),
      }),
    ),
  },
});

/** Type 3. */
export const snapshotHeader = new Message('SnapshotHeaderRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
});

/** Type 4. */
export const snapshotFooter = new Message('SnapshotFooterRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
  },
});

/** Type 5. */
export const kraftVersion = new Message('KRaftVersionRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    kRaftVersion: int16(),
  },
});

/** Type 6. */
export const kraftVoters = new Message('VotersRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    voters: array(
      struct({
        voterId: int32(),
        voterDirectoryId: uuid(),
        endpoints: array(
          struct({
            name: string(),
            host: string(),
            port: uint16(),
          }),
        ),
        kRaftVersionFeature: struct({
          minSupportedVersion: int16(),
          maxSupportedVersion: int16(),
        }),
      }),
    ),
  },
});
