import { expect, test } from 'vitest';
import type { EpochEntry } from '../../log/log-types.ts';
import { truncationPoint } from './truncation.ts';
import type { OwnLog } from './truncation.ts';

/** A log of the epochs given, as [epoch, start offset], by the rules of the epoch cache. */
function log(entries: [number, number][], logEndOffset: number, highWatermark = 0): OwnLog {
  const epochEntries: EpochEntry[] = entries.map(([epoch, startOffset]) => ({ epoch, startOffset }));
  return {
    logEndOffset,
    highWatermark,
    epochEntries,
    endOffsetForEpoch(epoch) {
      const newest = epochEntries.at(-1);
      const oldest = epochEntries[0];
      if (newest === undefined || oldest === undefined || epoch > newest.epoch)
        return { epoch: -1, endOffset: -1 };
      if (epoch === newest.epoch) return { epoch, endOffset: logEndOffset };
      if (epoch < oldest.epoch) return { epoch, endOffset: oldest.startOffset };
      const next = epochEntries.findIndex((entry) => entry.epoch > epoch);
      return { epoch: epochEntries[next - 1]!.epoch, endOffset: epochEntries[next]!.startOffset };
    },
  };
}

test('a follower whose newest epoch the leader has keeps what both have of it', () => {
  const own = log(
    [
      [0, 0],
      [3, 10],
    ],
    20,
  );
  expect(truncationPoint(own, { epoch: 3, endOffset: 30 })).toEqual({ offset: 20, done: true });
  expect(truncationPoint(own, { epoch: 3, endOffset: 15 })).toEqual({ offset: 15, done: true });
});

test('a follower with an epoch that the leader never had cuts it off', () => {
  const own = log(
    [
      [0, 0],
      [2, 10],
    ],
    20,
  );
  expect(truncationPoint(own, { epoch: 0, endOffset: 12 })).toEqual({ offset: 10, done: true });
});

test('an epoch of the leader that the follower never had sends it back to the one before, to ask again', () => {
  const own = log(
    [
      [0, 0],
      [2, 10],
      [5, 15],
    ],
    20,
  );
  expect(truncationPoint(own, { epoch: 3, endOffset: 18 })).toEqual({ offset: 15, done: false });
  expect(truncationPoint(own, { epoch: 1, endOffset: 18 })).toEqual({ offset: 10, done: false });
});

test('without an answer about epochs the high watermark is the safe point', () => {
  expect(truncationPoint(log([[0, 0]], 20, 7), { epoch: -1, endOffset: -1 })).toEqual({
    offset: 7,
    done: true,
  });
});

test('an old leader that names no epoch is believed about the offset', () => {
  expect(truncationPoint(log([[0, 0]], 20), { epoch: -1, endOffset: 12 })).toEqual({
    offset: 12,
    done: true,
  });
});
