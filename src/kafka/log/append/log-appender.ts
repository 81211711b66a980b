import { splitForFollower } from './follower-append.ts';
import { prepareForLeader, type PreparedRecords } from './leader-append.ts';
import type { LogParts } from '../log-parts.ts';
import type { AppendInfo, LeaderAppendOptions } from '../log-types.ts';
import { checkProducers } from './producer-check.ts';
import type { ProducerBatch } from '../producers/producer-state.ts';
import { refuseBroken } from './refuse-broken.ts';
import type { SegmentAppend } from '../segment/segment.ts';
import { takeInBatches, type LogKnowledge } from './take-in.ts';

/** Writes to a log: checks, segment, memory for those who follow, and what the log learns of its batches. */
export class LogAppender {
  /** See `PartitionLog.keepTail`. */
  keepTail = true;
  private readonly parts: LogParts;
  private readonly knowledge: LogKnowledge;

  constructor(parts: LogParts) {
    this.parts = parts;
    this.knowledge = { codecs: parts.runtime.codecs, epochs: parts.epochs, producers: parts.producers };
  }

  appendAsLeader(records: Buffer, options: LeaderAppendOptions): AppendInfo {
    const { runtime, guard, config, offsets, producers } = this.parts;
    const { clock, codecs, digests } = runtime;
    guard.requireOpen();
    const nowMs = clock.wallMs();
    const context = { codecs, digests, config, nextOffset: offsets.end, nowMs };
    const prepared = refuseBroken(() => prepareForLeader(context, records, options));
    if (prepared.hasProducer) {
      const duplicate = refuseBroken(() =>
        checkProducers(codecs, producers, prepared.records, options.origin),
      );
      if (duplicate !== null) return this.duplicateInfo(duplicate);
    }
    if (prepared.records.length > 0) guard.run(() => this.write(prepared, offsets.end, nowMs));
    const isEmpty = prepared.lastOffset < prepared.firstOffset;
    return {
      firstOffset: isEmpty ? -1 : prepared.firstOffset,
      lastOffset: isEmpty ? -1 : prepared.lastOffset,
      logAppendTimeMs: prepared.logAppendTimeMs,
      logStartOffset: offsets.start,
      duplicate: false,
      sizeBytes: prepared.records.length,
    };
  }

  private duplicateInfo(before: ProducerBatch): AppendInfo {
    const { config, offsets } = this.parts;
    return {
      firstOffset: before.lastOffset - before.offsetDelta,
      lastOffset: before.lastOffset,
      logAppendTimeMs: config.messageTimestampType === 'LogAppendTime' ? before.timestampMs : -1,
      logStartOffset: offsets.start,
      duplicate: true,
      sizeBytes: 0,
    };
  }

  appendAsFollower(records: Buffer): AppendInfo {
    const { runtime, guard, config, offsets } = this.parts;
    guard.requireOpen();
    const firstEnd = offsets.end;
    let written = 0;
    const write = (chunk: PreparedRecords): void => {
      guard.run(() => this.write(chunk, chunk.firstOffset, -1));
      written += chunk.records.length;
    };
    refuseBroken(() => splitForFollower(runtime, records, firstEnd, config.segmentBytes, write));
    return {
      firstOffset: written === 0 ? -1 : firstEnd,
      lastOffset: written === 0 ? -1 : offsets.end - 1,
      logAppendTimeMs: -1,
      logStartOffset: offsets.start,
      duplicate: false,
      sizeBytes: written,
    };
  }

  /** `nowMs`: -1 for a follower. */
  private write(prepared: PreparedRecords, firstOffset: number, nowMs: number): void {
    const { active, config, disk, offsets, producers, tail } = this.parts;
    const { records, lastOffset: last } = prepared;
    const info: SegmentAppend = {
      sizeBytes: records.length,
      lastOffset: last,
      maxTimestamp: prepared.maxTimestamp,
      offsetOfMaxTimestamp: prepared.offsetOfMaxTimestamp,
    };
    const segment = active.for(info, firstOffset);
    segment.append(records, info, config.indexIntervalBytes);
    const end = last + 1;
    offsets.end = end;
    if (nowMs >= 0 && this.keepTail) tail.add(records, firstOffset, last);
    else tail.clear();
    takeInBatches(this.knowledge, records, segment, prepared.hasProducer);
    producers.mapEndOffset = end;
    if (end - disk.recoveryPoint >= config.flushMessages) disk.flushInBackground();
  }
}
