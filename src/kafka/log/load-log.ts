/**
 * Opens the files of a log as they were left. After a clean shutdown they are taken at their word; else everything from the recovery point
 * on is read again: what isn't whole is cut off, indexes and producers' state are built anew.
 */
import type { Runtime } from '../../runtime/runtime.ts';
import {
  baseOffset,
  crcValid,
  lastOffset,
  magic,
  partitionLeaderEpoch,
  producerId,
} from '../records/batch.ts';
import { readMarker } from '../records/control-record.ts';
import { RecordsError } from '../records/records-error.ts';
import type { BatchScan } from './segment/batch-scan.ts';
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  INDEX_SUFFIX,
  LOG_SUFFIX,
  offsetFileName,
  offsetOfFileName,
  SWAP_SUFFIX,
  TIME_INDEX_SUFFIX,
  TXN_INDEX_SUFFIX,
} from './folder/file-names.ts';
import type { LeaderEpochCache } from './leader-epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import { newSegment } from './segment/new-segment.ts';
import { ProducerState } from './producers/producer-state.ts';
import { SegmentList } from './segment/segment-list.ts';
import { LogSegment } from './segment/segment.ts';
import { ProducerSnapshots } from './producers/snapshots.ts';

export interface LoadedLog {
  readonly segments: SegmentList;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  readonly logEndOffset: number;
  /** Bytes that recovery cut off. */
  readonly truncatedBytes: number;
}

export interface LoadOptions {
  readonly clean: boolean;
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
}

export function loadLog(
  runtime: Runtime,
  folder: string,
  config: LogConfig,
  epochs: LeaderEpochCache,
  options: LoadOptions,
): LoadedLog {
  finishSwaps(runtime, folder);
  const names = runtime.files.list(folder);
  const snapshots = new ProducerSnapshots(runtime, folder, names, options.clean);
  const producers = new ProducerState();
  const segments = new SegmentList();
  const unindexed = new Set<LogSegment>();
  for (const name of names) {
    const base = offsetOfFileName(name, LOG_SUFFIX);
    if (base === null) {
      removeOrphan(runtime, folder, name, names);
      continue;
    }
    const hadIndex = names.includes(offsetFileName(base, INDEX_SUFFIX));
    const segment = new LogSegment(runtime, folder, base);
    segments.add(segment);
    if (!hadIndex || !segment.offsetIndex.isSane(Math.max(segment.sizeBytes, 1))) unindexed.add(segment);
  }
  if (segments.all.length === 0) segments.add(newSegment(runtime, folder, options.logStartOffset, config));
  if (names.length === 0) {
    producers.mapEndOffset = options.logStartOffset;
    return { segments, producers, snapshots, logEndOffset: options.logStartOffset, truncatedBytes: 0 };
  }
  const loader = new Loader(runtime, folder, config, epochs, segments, producers, snapshots);
  const logEndOffset = options.clean
    ? loader.loadClean(unindexed)
    : loader.recover(options.recoveryPoint, unindexed);
  if (logEndOffset < options.logStartOffset) {
    runtime.log.warn('A log ends before the start that its checkpoint names; it begins anew there', {
      folder,
      logEndOffset,
      logStartOffset: options.logStartOffset,
    });
    for (const segment of segments.all) {
      segment.removeFiles();
      segments.remove(segment);
    }
    segments.add(newSegment(runtime, folder, options.logStartOffset, config));
    snapshots.removeAbove(-1);
    producers.clear();
    producers.mapEndOffset = options.logStartOffset;
    epochs.clear();
    return {
      segments,
      producers,
      snapshots,
      logEndOffset: options.logStartOffset,
      truncatedBytes: loader.truncatedBytes,
    };
  }
  return { segments, producers, snapshots, logEndOffset, truncatedBytes: loader.truncatedBytes };
}

/** Finishes or undoes what the cleaner was at when the broker stopped. */
function finishSwaps(runtime: Runtime, folder: string): void {
  const { files } = runtime;
  const names = files.list(folder);
  const remove = (name: string): void => files.remove(`${folder}/${name}`);
  for (const name of names) if (name.endsWith(DELETED_SUFFIX) || name.endsWith(CLEANED_SUFFIX)) remove(name);
  for (const name of names) {
    const base = offsetOfFileName(name, LOG_SUFFIX + SWAP_SUFFIX);
    if (base === null) continue;
    const swap = new LogSegment(runtime, folder, base, SWAP_SUFFIX);
    swap.resetIndexes();
    const end = Math.max(swap.readNextOffset(), base + 1);
    swap.release();
    for (const other of names) {
      const otherBase = offsetOfFileName(other, LOG_SUFFIX);
      if (otherBase === null || otherBase < base || otherBase >= end) continue;
      for (const kind of [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX])
        remove(offsetFileName(otherBase, kind));
      if (otherBase !== base || names.includes(offsetFileName(base, TXN_INDEX_SUFFIX + SWAP_SUFFIX)))
        remove(offsetFileName(otherBase, TXN_INDEX_SUFFIX));
    }
    for (const kind of [LOG_SUFFIX, TXN_INDEX_SUFFIX]) {
      const from = `${folder}/${offsetFileName(base, kind)}${SWAP_SUFFIX}`;
      if (files.exists(from)) files.rename(from, `${folder}/${offsetFileName(base, kind)}`);
    }
  }
  // The other indexes are cheap to build again; loading does it for a segment without them.
  for (const name of files.list(folder)) if (name.endsWith(SWAP_SUFFIX)) remove(name);
}

function removeOrphan(runtime: Runtime, folder: string, name: string, names: readonly string[]): void {
  for (const kind of [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX]) {
    const base = offsetOfFileName(name, kind);
    if (base !== null && !names.includes(offsetFileName(base, LOG_SUFFIX)))
      runtime.files.remove(`${folder}/${name}`);
  }
}

class Loader {
  truncatedBytes = 0;
  private readonly runtime: Runtime;
  private readonly folder: string;
  private readonly config: LogConfig;
  private readonly epochs: LeaderEpochCache;
  private readonly segments: SegmentList;
  private readonly producers: ProducerState;
  private readonly snapshots: ProducerSnapshots;

  constructor(
    runtime: Runtime,
    folder: string,
    config: LogConfig,
    epochs: LeaderEpochCache,
    segments: SegmentList,
    producers: ProducerState,
    snapshots: ProducerSnapshots,
  ) {
    this.runtime = runtime;
    this.folder = folder;
    this.config = config;
    this.epochs = epochs;
    this.segments = segments;
    this.producers = producers;
    this.snapshots = snapshots;
  }

  loadClean(unindexed: ReadonlySet<LogSegment>): number {
    for (const segment of unindexed) this.rebuildIndexes(segment);
    const active = this.segments.active;
    const end = active.readNextOffset();
    loadProducers(this.runtime, this.segments, this.producers, this.snapshots, end, true);
    return end;
  }

  recover(recoveryPoint: number, unindexed: ReadonlySet<LogSegment>): number {
    const all = [...this.segments.all];
    const from = Math.max(this.segments.floorIndex(recoveryPoint), 0);
    for (const segment of all.slice(0, from)) if (unindexed.has(segment)) this.rebuildIndexes(segment);
    const first = all[from]!;
    this.snapshots.removeAbove(Math.max(recoveryPoint, first.baseOffset));
    loadProducers(this.runtime, this.segments, this.producers, this.snapshots, first.baseOffset, false);
    let end = first.baseOffset;
    for (let i = from; i < all.length; i++) {
      const segment = all[i]!;
      const expected = Math.max(end, segment.baseOffset);
      const { validBytes, nextOffset } = this.recoverSegment(segment, expected);
      end = Math.max(nextOffset, segment.baseOffset);
      this.producers.mapEndOffset = end;
      if (validBytes < segment.sizeBytes || this.lacksRecordsBefore(all[i + 1], end)) {
        this.cut(segment, validBytes, all.slice(i + 1));
        break;
      }
      if (i + 1 < all.length) this.snapshots.take(this.producers);
    }
    this.snapshots.take(this.producers);
    return end;
  }

  /**
   * A segment may have reached the disk in part, the next one as a whole. Only compaction makes gaps that are right, so elsewhere the log ends
   * at a gap (Apache's brokers don't look).
   */
  private lacksRecordsBefore(next: LogSegment | undefined, end: number): boolean {
    return next !== undefined && next.baseOffset > end && !this.config.cleanupPolicy.includes('compact');
  }

  /** Reads all batches, takes the good ones into indexes, epochs and producers. */
  private recoverSegment(
    segment: LogSegment,
    expectedOffset: number,
  ): { validBytes: number; nextOffset: number } {
    segment.markUnsynced(); // a killed process may have left it in the page cache only
    segment.resetIndexes();
    const scan = segment.scan(0, 'whole');
    let next = expectedOffset;
    try {
      while (scan.next()) {
        this.checkBatch(scan, segment, next);
        segment.indexBatch(scan, this.config.indexIntervalBytes);
        this.takeIn(scan, segment);
        next = lastOffset(scan.buffer, scan.at) + 1;
      }
    } catch (error) {
      if (!(error instanceof RecordsError)) throw error;
      this.runtime.log.warn('A damaged batch ends a log', {
        path: segment.logPath,
        position: scan.position,
        problem: error.message,
      });
    }
    segment.becomeInactive();
    return { validBytes: scan.position, nextOffset: next };
  }

  private checkBatch(scan: BatchScan, segment: LogSegment, next: number): void {
    const { buffer, at, size } = scan;
    if (!crcValid(this.runtime.digests, buffer, at, size))
      throw new RecordsError('corrupt', 'the checksum is wrong');
    const last = lastOffset(buffer, at);
    if (baseOffset(buffer, at) < next || last < baseOffset(buffer, at) || !segment.canHold(last))
      throw new RecordsError('corrupt', `offset ${baseOffset(buffer, at)} comes after ${next - 1}`);
  }

  private takeIn(scan: BatchScan, segment: LogSegment): void {
    const { buffer, at, size } = scan;
    const epoch = partitionLeaderEpoch(buffer, at);
    if (epoch >= 0 && epoch > this.epochs.latestEpoch) this.epochs.assign(epoch, baseOffset(buffer, at));
    if (magic(buffer, at) < 2 || producerId(buffer, at) < 0) return;
    const marker = readMarker(this.runtime.codecs, buffer, at, size);
    const completed = this.producers.update(buffer, at, marker);
    if (completed?.aborted === true) segment.txnIndex.append(completed);
  }

  private cut(segment: LogSegment, validBytes: number, later: readonly LogSegment[]): void {
    this.truncatedBytes += segment.sizeBytes - validBytes;
    segment.cutFile(validBytes);
    for (const other of later) {
      this.truncatedBytes += other.sizeBytes;
      this.segments.remove(other);
      other.removeFiles();
    }
    this.runtime.log.warn('The end of a log was not whole and is cut off', {
      folder: this.folder,
      bytes: this.truncatedBytes,
    });
  }

  private rebuildIndexes(segment: LogSegment): void {
    segment.resetIndexes();
    const producers = new ProducerState();
    loadProducers(this.runtime, this.segments, producers, this.snapshots, segment.baseOffset, false);
    const scan = segment.scan(0, 'whole');
    while (scan.next()) {
      segment.indexBatch(scan, this.config.indexIntervalBytes);
      const { buffer, at, size } = scan;
      if (producerId(buffer, at) < 0) continue;
      const marker = readMarker(this.runtime.codecs, buffer, at, size);
      const completed = producers.update(buffer, at, marker);
      if (completed?.aborted === true) segment.txnIndex.append(completed);
    }
    segment.becomeInactive();
  }
}

/**
 * Brings the producers' state to `offset`: the newest snapshot at or below it, then what the log has after that. A log that was
 * closed cleanly, but has no snapshot, is of a time before them: nothing is known then.
 */
export function loadProducers(
  runtime: Runtime,
  segments: SegmentList,
  producers: ProducerState,
  snapshots: ProducerSnapshots,
  offset: number,
  clean: boolean,
): void {
  const hadSnapshots = !snapshots.isEmpty;
  snapshots.loadInto(producers, offset);
  const from = Math.max(producers.mapEndOffset, segments.first.baseOffset);
  if (from < offset && (hadSnapshots || !clean)) {
    for (let i = Math.max(segments.floorIndex(from), 0); i < segments.all.length; i++) {
      const segment = segments.all[i]!;
      if (segment.baseOffset >= offset) break;
      replay(runtime, segment, producers, from, offset);
    }
  }
  producers.mapEndOffset = offset;
}

function replay(
  runtime: Runtime,
  segment: LogSegment,
  producers: ProducerState,
  from: number,
  to: number,
): void {
  const start = segment.positionOf(Math.max(from, segment.baseOffset));
  if (start < 0) return;
  const scan = segment.scan(start, 'whole');
  while (scan.next()) {
    const { buffer, at, size } = scan;
    if (baseOffset(buffer, at) >= to) return;
    if (producerId(buffer, at) < 0) continue;
    const marker = readMarker(runtime.codecs, buffer, at, size);
    producers.update(buffer, at, marker);
  }
}
