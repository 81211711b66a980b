import type { Codecs } from '../../../runtime/runtime.ts';
import { forEachBatch, producerId } from '../../records/batch.ts';
import { readMarker } from '../../records/control-record.ts';
import type { AppendOrigin } from '../log-types.ts';
import type { ProducerBatch, ProducerState } from '../producers/producer-state.ts';

/**
 * Looks at all batches with a producer id before any is written. @returns the batch that was written before, if one was; null: they may be
 * written. Throws a KafkaError when they may not, and a RecordsError for a marker that can't be read.
 */
export function checkProducers(
  codecs: Codecs,
  producers: ProducerState,
  records: Buffer,
  origin: AppendOrigin,
): ProducerBatch | null {
  let duplicate: ProducerBatch | null = null;
  forEachBatch(records, 0, records.length, (at, size) => {
    if (producerId(records, at) < 0 || duplicate !== null) return;
    if (origin === 'client') duplicate = producers.findDuplicate(records, at);
    if (duplicate !== null) return;
    const marker = readMarker(codecs, records, at, size);
    producers.check(records, at, origin, marker);
  });
  return duplicate;
}
