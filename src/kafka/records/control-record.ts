import type { Codecs, Digests } from '../../runtime/runtime.ts';
import { isControl } from './batch.ts';
import { buildBatch } from './build-batch.ts';
import { readRecords } from './read-records.ts';

/** The marker that ends a transaction in a log. */
export interface ControlRecord {
  readonly type: 'abort' | 'commit';
  readonly coordinatorEpoch: number;
}

/** The marker in the batch at `at`; null: it is no control batch, or one of another kind. Throws a RecordsError. */
export function readMarker(codecs: Codecs, b: Buffer, at: number, size: number): ControlRecord | null {
  if (!isControl(b, at)) return null;
  const record = readRecords(codecs, b, at, size)[0];
  if (record === undefined || record.key === null || record.value === null) return null;
  if (record.key.length < 4 || record.value.length < 6) return null;
  const type = record.key.readInt16BE(2);
  if (type !== 0 && type !== 1) return null;
  return { type: type === 0 ? 'abort' : 'commit', coordinatorEpoch: record.value.readInt32BE(2) };
}

/** A control batch with one marker, as a transaction coordinator has it written. */
export function buildMarkerBatch(
  codecs: Codecs,
  digests: Digests,
  marker: ControlRecord,
  options: { producerId: number; producerEpoch: number; timestampMs: number },
): Buffer {
  const key = Buffer.from([0, 0, 0, marker.type === 'abort' ? 0 : 1]);
  const value = Buffer.alloc(6);
  value.writeInt32BE(marker.coordinatorEpoch, 2);
  return buildBatch(codecs, digests, [{ key, value, timestamp: options.timestampMs }], {
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    transactional: true,
    control: true,
  });
}
