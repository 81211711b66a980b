import { expect, test } from 'vitest';
import type { Replaying } from '../../../storage/recovery.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { firstZxid } from '../../../tree/transactions/zxid.ts';
import { LogDiff } from './log-diff.ts';

const zxid = (epoch: number, counter: number): number => firstZxid(epoch) + counter;

const transaction = (value: number): Transaction => ({
  header: { sessionId: 1n, cxid: 1, zxid: value, timeMs: 0, type: -1 },
  record: { kind: 'error', error: -101 },
});

/** What a log with these transactions gives; one slice each. `snapshots`: where trees were written down. */
function behind(after: number, log: readonly number[], snapshots: number[] = [], upTo?: number): number[] {
  const storage = {
    snapshotZxids: () => snapshots,
    *logSlices(_after: number, each: Replaying) {
      for (const value of log) {
        each(transaction(value), null);
        yield;
      }
    },
  };
  return [...new LogDiff(storage, after, false).slices(upTo)].flat().map((proposal) => proposal.zxid);
}

const log = [zxid(1, 1), zxid(1, 2), zxid(1, 3), zxid(2, 1), zxid(2, 2)];

test('the log gives what comes behind a transaction that it has, up to where it is wanted', () => {
  expect(behind(zxid(1, 2), log)).toEqual([zxid(1, 3), zxid(2, 1), zxid(2, 2)]);
  expect(behind(zxid(1, 2), log, [], zxid(2, 1))).toEqual([zxid(1, 3), zxid(2, 1)]);
});

test('what the log tells of digests is told on', () => {
  const digest = { version: 2, digest: -5n };
  const storage = {
    snapshotZxids: () => [],
    *logSlices(_after: number, each: Replaying) {
      for (const value of log) {
        each(transaction(value), value === zxid(1, 3) ? digest : null);
        yield;
      }
    },
  };
  const sent = [...new LogDiff(storage, zxid(1, 2), false).slices()].flat();
  expect(sent.map((proposal) => proposal.digest)).toEqual([digest, null, null]);
});

test('the mere beginning of an epoch need not be in the log, if something before it is', () => {
  expect(behind(zxid(2, 0), log)).toEqual([zxid(2, 1), zxid(2, 2)]);
  expect(() => behind(zxid(2, 0), log.slice(3))).toThrow("doesn't follow");
});

test('nothing is given behind a transaction that the log does not have, nor over a hole, nor to where it does not reach', () => {
  expect(() => behind(zxid(1, 2), log.slice(2))).toThrow("doesn't follow");
  expect(() => behind(zxid(1, 2), [zxid(1, 2), zxid(1, 4)])).toThrow("doesn't follow");
  expect(() => behind(zxid(1, 9), log)).toThrow("doesn't follow");
  expect(() => behind(zxid(1, 2), log, [], zxid(2, 9))).toThrow('end with');
});

test('a tree that came from a leader once is a hole in the log (ZOOKEEPER-2099)', () => {
  expect(() => behind(zxid(1, 2), log, [zxid(1, 8)])).toThrow("doesn't follow");
  expect(behind(zxid(1, 2), log, [zxid(1, 3), zxid(2, 0), zxid(2, 1)])).toHaveLength(3);
});
