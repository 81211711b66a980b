import type { Codecs } from '../../../runtime/runtime.ts';
import { baseOffset, forEachBatch, magic, partitionLeaderEpoch, producerId } from '../../records/batch.ts';
import { readMarker } from '../../records/control-record.ts';
import type { LeaderEpochCache } from '../leader-epoch-cache.ts';
import type { ProducerState } from '../producers/producer-state.ts';
import type { LogSegment } from '../segment/segment.ts';

/** What a log knows of its batches beside where they stand. */
export interface LogKnowledge {
  readonly codecs: Codecs;
  readonly epochs: LeaderEpochCache;
  readonly producers: ProducerState;
}

/** Learns epochs, producers and aborted transactions from batches that were just written to `segment`. */
export function takeInBatches(
  { codecs, epochs, producers }: LogKnowledge,
  records: Buffer,
  segment: LogSegment,
  hasProducer: boolean,
): void {
  forEachBatch(records, 0, records.length, (at, size) => {
    const epoch = partitionLeaderEpoch(records, at);
    if (magic(records, at) < 2) epochs.clear();
    else if (epoch >= 0 && epoch !== epochs.latestEpoch) epochs.assign(epoch, baseOffset(records, at));
    if (!hasProducer || producerId(records, at) < 0) return;
    const marker = readMarker(codecs, records, at, size);
    const completed = producers.update(records, at, marker);
    if (completed?.aborted === true) segment.txnIndex.append(completed);
  });
}
