import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { untar } from './untar.ts';

export type FixtureBytes = string | null | { base64: string };

export interface LogdirRecord {
  o: number;
  t: number;
  k?: FixtureBytes;
  v: FixtureBytes;
  h?: [string, FixtureBytes][];
  le: number;
}

/** What test/fixtures/kafka-logdirs/<name>.json.gz says of the archive beside it: a log folder that a real broker left. */
export interface LogdirFixture {
  archive: string;
  brokerVersion: string;
  readUncommitted: Record<string, { logStartOffset: number; highWatermark: number; records: LogdirRecord[] }>;
  readCommitted?: Record<
    string,
    { logStartOffset: number; lastStableOffset: number; records: LogdirRecord[] }
  >;
  batchColumns?: string[];
  batches?: Record<string, (string | number | boolean | null)[][]>;
  files: Record<string, number>;
  textFiles: Record<string, string>;
  tornTailBytes?: Record<string, number>;
  tornFile?: string;
}

export const logdirNames = ['2.3.0', '3.9.1'].flatMap((version) =>
  ['clean', 'unclean', 'epochs', 'epochs-broker2'].map((what) => `${version}-${what}`),
);

const folder = new URL('../fixtures/kafka-logdirs/', import.meta.url);

export function logdirFixture(name: string): LogdirFixture {
  return JSON.parse(
    gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder))).toString('utf8'),
  ) as LogdirFixture;
}

/** Unpacks the archive. @returns the log folder. */
export function unpackLogdir(name: string, into: string): string {
  untar(new URL(`${name}.tar.gz`, folder), into);
  return `${into}/${name}`;
}

export function fixtureBytes(value: FixtureBytes | undefined): Buffer | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.base64, 'base64');
}
