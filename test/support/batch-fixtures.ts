import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Int64 } from '../../src/wire/int64.ts';

/** One line of test/fixtures/kafka-batches: batches that Apache's library wrote, and what it reads in them. */
export interface BatchFixture {
  name: string;
  hex: string;
  before?: string;
  batches: FixtureBatch[];
  operation?: { setLastOffset: number; setPartitionLeaderEpoch?: number; setLogAppendTime?: number };
  toMagic?: 0 | 1;
  firstOffset?: number;
  trailingBytes?: number;
}

export interface FixtureBatch {
  magic: number;
  length: number;
  baseOffset?: number | string;
  offset?: number | string;
  crc: number;
  attributes: number;
  compression: string;
  timestampType?: 'create' | 'append';
  timestamp?: number;
  baseTimestamp?: number;
  maxTimestamp?: number;
  partitionLeaderEpoch?: number;
  transactional?: boolean;
  control?: boolean;
  deleteHorizon?: boolean;
  lastOffsetDelta?: number;
  producerId?: number | string;
  producerEpoch?: number;
  baseSequence?: number;
  recordCount?: number;
  firstOffsetSeen: number | string;
  lastOffset: number | string;
  records?: FixtureRecord[];
  invalid?: string;
}

export interface FixtureRecord {
  offset: number | string;
  timestamp?: number | string;
  key: string | null;
  value: string | null;
  headers?: [string, string | null][];
  controlKey?: { version: number; type: number; name: string };
}

export function batchFixtures(name: string): BatchFixture[] {
  const path = new URL(`../fixtures/kafka-batches/${name}.ndjson.gz`, import.meta.url);
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BatchFixture);
}

/** Numbers stand as they are; what is beyond 2^53 as text. */
export function fixtureInt64(value: number | string): Int64 {
  return typeof value === 'number' ? value : BigInt(value);
}
