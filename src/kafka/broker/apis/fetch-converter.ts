import type { FetchResult } from '../../replication/fetch-reader.ts';
import type { Partition } from '../../replication/partition.ts';

/** Makes of what was read what a client of this Fetch version can read: older message formats, or an error. */
export type FetchConverter = (
  result: FetchResult,
  apiVersion: number,
  partition: Partition | undefined,
) => FetchResult;
