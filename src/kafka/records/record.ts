import type { Int64 } from '../../wire/int64.ts';

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** One record as it was read. Key, value and header values are views of the batch (or of what it was decompressed to). */
export interface LogRecord {
  /** A number unless it is beyond 2^53. */
  readonly offset: Int64;
  /** ms since 1970; -1: none. */
  readonly timestamp: Int64;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export const NO_HEADERS: readonly RecordHeader[] = [];
