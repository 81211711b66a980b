import { Message } from '../message.ts';
import { array, bool, bytes, int32, int64, int8, nullable, string, struct, uuid } from '../schema.ts';

/**
 * Records of `__remote_log_metadata`: which segments are in remote storage (KIP-405). Two unsigned varints stand
 * before each: type, version.
 */

/** A segment that is being copied. */
export const remoteLogSegmentMetadata = new Message('RemoteLogSegmentMetadataRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array(
      struct({
        leaderEpoch: int32(),
        offset: int64(),
      }),
    ),
    segmentSizeInBytes: int32(),
    customMetadata: nullable(bytes({ default: null })),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0 }),
  },
});

/** What became of it. */
export const remoteLogSegmentMetadataUpdate = new Message('RemoteLogSegmentMetadataUpdateRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: nullable(bytes({ default: null })),
    remoteLogSegmentState: int8(),
  },
});

/** A partition that is being deleted. */
export const remotePartitionDeleteMetadata = new Message('RemotePartitionDeleteMetadataRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    topicIdPartition: struct({
      name: string(),
      id: uuid(),
      partition: int32(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
});

/** A segment, in a snapshot of the metadata. */
export const remoteLogSegmentMetadataSnapshot = new Message('RemoteLogSegmentMetadataSnapshotRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array(
      struct({
        leaderEpoch: int32(),
        offset: int64(),
      }),
    ),
    segmentSizeInBytes: int32(),
    customMetadata: nullable(bytes({ default: null })),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0 }),
  },
});
