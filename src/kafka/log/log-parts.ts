import type { Runtime } from '../../runtime/runtime.ts';
import { SpareBuffers } from '../../wire/spare-buffers.ts';
import { ActiveSegment } from './segment/active-segment.ts';
import { EpochFile } from './epoch-file.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import { loadLog } from './load-log.ts';
import type { LogConfig } from './log-config.ts';
import { LogFlush } from './log-flush.ts';
import { LogOffsets } from './log-offsets.ts';
import { LogTail, TailBudget } from './read/log-tail.ts';
import type { PartitionLogOptions } from './partition-log-options.ts';
import type { ProducerState } from './producers/producer-state.ts';
import { RemovedFiles } from './segment/removed-files.ts';
import type { SegmentList } from './segment/segment-list.ts';
import { SegmentReader } from './read/segment-reader.ts';
import type { ProducerSnapshots } from './producers/snapshots.ts';
import { StorageGuard } from './storage-guard.ts';

/** What an open log consists of: shared by the classes that append to it, read it and cut it, and by nobody else. */
export interface LogParts {
  readonly runtime: Runtime;
  readonly folder: string;
  readonly options: PartitionLogOptions;
  config: LogConfig;
  readonly offsets: LogOffsets;
  readonly segments: SegmentList;
  readonly active: ActiveSegment;
  readonly reader: SegmentReader;
  readonly tail: LogTail;
  readonly epochs: LeaderEpochCache;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  readonly disk: LogFlush;
  readonly removed: RemovedFiles;
  readonly guard: StorageGuard;
}

/** Cheapest bound that never matters: one log's own memory for recent appends where no shared budget is given. */
const OWN_TAIL_BYTES = 4 * 1024 * 1024;

/** Opens what is in `folder`, which is made when it isn't there, and recovers it where it wasn't closed cleanly. */
export function openLogParts(
  runtime: Runtime,
  folder: string,
  config: LogConfig,
  options: PartitionLogOptions,
): LogParts {
  const isNewFolder = !runtime.files.exists(folder);
  runtime.files.makeFolder(folder);
  const epochFile = new EpochFile(runtime.files, folder, config.messageMagic === 2);
  const { epochs } = epochFile;
  const { segments, producers, snapshots, logEndOffset } = loadLog(runtime, folder, config, epochs, options);
  const guard = new StorageGuard(folder, (error) => options.onStorageFailure(error));
  const offsets = new LogOffsets(Math.max(options.logStartOffset, segments.first.baseOffset), logEndOffset);
  epochs.truncateFromEnd(offsets.end);
  epochs.truncateFromStart(offsets.start);
  if (config.messageMagic < 2) epochs.clear();
  const disk = new LogFlush(
    runtime,
    {
      folder,
      isNewFolder,
      segments,
      snapshots,
      epochFile,
      logEndOffset: () => offsets.end,
      fail: (error) => guard.failed(error),
    },
    Math.min(options.clean ? offsets.end : options.recoveryPoint, offsets.end),
  );
  const active = new ActiveSegment(
    runtime,
    {
      folder,
      segments,
      producers,
      snapshots,
      logEndOffset: () => offsets.end,
      onRolled: () => disk.flushInBackground(),
    },
    config,
  );
  for (const segment of segments.all) segment.release();
  return {
    runtime,
    folder,
    options,
    config,
    offsets,
    segments,
    active,
    reader: new SegmentReader(segments, options.readBuffers ?? new SpareBuffers(0)),
    tail: new LogTail(options.tailBudget ?? new TailBudget(OWN_TAIL_BYTES)),
    epochs,
    producers,
    snapshots,
    disk,
    removed: new RemovedFiles(runtime, (error) => void guard.failed(error)),
    guard,
  };
}
