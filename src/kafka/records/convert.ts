import type { Codecs, Digests } from '../../runtime/runtime.ts';
import {
  baseOffset,
  compression,
  exactMaxTimestamp,
  forEachBatch,
  hasLogAppendTime,
  isControl,
  magic,
} from './batch.ts';
import { buildBatch } from './build-batch.ts';
import { readRecords } from './read-records.ts';
import { RecordsError } from './records-error.ts';

/**
 * Batches in an older format, for clients that know no newer one (Fetch 0–1: magic 0, 2–3: magic 1). Control batches, headers and producer
 * fields get lost; records below `firstOffset` are left out where they aren't compressed; the codec stays. Batches that are old enough
 * stay as they are. Throws a RecordsError `unsupported` for zstd.
 */
export function downConvert(
  codecs: Codecs,
  digests: Digests,
  records: Buffer,
  toMagic: 0 | 1,
  firstOffset: number,
): Buffer {
  const out: Buffer[] = [];
  forEachBatch(records, 0, records.length, (at, size) => {
    if (magic(records, at) <= toMagic) {
      out.push(records.subarray(at, at + size));
      return;
    }
    if (isControl(records, at)) return;
    const codec = compression(records, at);
    if (codec === 'zstd') throw new RecordsError('unsupported', 'only format 2 has zstd');
    let inside = readRecords(codecs, records, at, size);
    if (codec === 'none') inside = inside.filter((record) => record.offset >= firstOffset);
    const appendTime =
      hasLogAppendTime(records, at) && toMagic > 0 ? exactMaxTimestamp(records, at) : undefined;
    const first = inside[0]?.offset ?? baseOffset(records, at);
    out.push(
      buildBatch(codecs, digests, inside, {
        magic: toMagic,
        compression: codec,
        baseOffset: first,
        ...(appendTime === undefined ? {} : { logAppendTimeMs: appendTime }),
      }),
    );
  });
  return out.length === 1 ? out[0]! : Buffer.concat(out);
}
