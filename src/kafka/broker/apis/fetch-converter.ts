import type { Runtime } from '../../../runtime/runtime.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { compression, forEachBatch, magic } from '../../records/batch.ts';
import { downConvert } from '../../records/convert.ts';
import type { FetchResult } from '../../replication/fetches/fetch-reader.ts';
import { failedFetch } from '../../replication/fetches/fetch-reader.ts';
import type { Partition } from '../../replication/partition.ts';

/** Makes of what was read what a client of this Fetch version can read: older message formats, or an error. */
export type FetchConverter = (
  result: FetchResult,
  apiVersion: number,
  partition: Partition | undefined,
) => FetchResult;

/** Before this version a client doesn't know zstd (KIP-110). */
const ZSTD_VERSION = 10;
/** The newest message format that a version of Fetch may carry. */
const magicOf = (apiVersion: number): 0 | 1 | 2 => (apiVersion >= 4 ? 2 : apiVersion >= 2 ? 1 : 0);

export function convertForClient(runtime: Runtime): FetchConverter {
  return (result, apiVersion, partition) => {
    if (result.sizeBytes === 0 || apiVersion >= ZSTD_VERSION) return result;
    const newest = magicOf(apiVersion);
    let needsConversion = false;
    let hasZstd = false;
    for (const part of result.records)
      forEachBatch(part, 0, part.length, (at) => {
        if (magic(part, at) > newest) needsConversion = true;
        if (magic(part, at) === 2 && compression(part, at) === 'zstd') hasZstd = true;
      });
    if (hasZstd) return failedFetch(result.request, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    if (!needsConversion || newest === 2) return result;
    if (partition?.log.config.messageDownconversionEnable === false)
      return failedFetch(result.request, ErrorCode.UNSUPPORTED_VERSION);
    const records = result.records.length === 1 ? result.records[0]! : Buffer.concat(result.records);
    const converted = downConvert(
      runtime.codecs,
      runtime.digests,
      records,
      newest,
      result.request.fetchOffset,
    );
    return { ...result, records: [converted], sizeBytes: converted.length };
  };
}
