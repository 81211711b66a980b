import { expect, test } from 'vitest';
import { LeaderState } from './leader-state.ts';

const LAG_MS = 10_000;

function leader(isr: number[] = [1, 2, 3], now = 1000): LeaderState {
  return new LeaderState(1, [1, 2, 3], isr, 10, now);
}

function fetched(
  state: LeaderState,
  replica: number,
  fetchOffset: number,
  leaderEndOffset: number,
  now: number,
): boolean {
  return state.fetched({ replica, fetchOffset, logStartOffset: 0, leaderEndOffset, now });
}

test('the high watermark is where all ISR members are', () => {
  const state = leader();
  expect(state.highWatermarkCandidate(20, 1000, LAG_MS)).toBe(-1);
  fetched(state, 2, 20, 20, 1001);
  expect(state.highWatermarkCandidate(20, 1001, LAG_MS)).toBe(-1);
  fetched(state, 3, 15, 20, 1002);
  expect(state.highWatermarkCandidate(20, 1002, LAG_MS)).toBe(15);
  fetched(state, 3, 20, 20, 1003);
  expect(state.highWatermarkCandidate(20, 1003, LAG_MS)).toBe(20);
});

test('a replica outside the ISR holds the high watermark back only while it is catching up', () => {
  const state = leader([1, 2]);
  fetched(state, 2, 20, 20, 1000);
  expect(state.highWatermarkCandidate(20, 1000, LAG_MS)).toBe(20);
  fetched(state, 3, 12, 12, 1001);
  expect(state.highWatermarkCandidate(20, 1001, LAG_MS)).toBe(12);
  expect(state.highWatermarkCandidate(20, 1001 + LAG_MS + 1, LAG_MS)).toBe(20);
});

test('a follower joins the ISR at the high watermark, and not below the start of the epoch', () => {
  const state = leader([1]);
  fetched(state, 2, 9, 20, 1000);
  expect(state.isrWith(2, 5)).toBeNull();
  fetched(state, 2, 15, 20, 1001);
  expect(state.isrWith(2, 16)).toBeNull();
  expect(state.isrWith(2, 15)).toEqual([1, 2]);
  expect(state.isrWith(4, 15)).toBeNull();
});

test('a follower that stays behind for too long leaves the ISR; a silent one that has everything stays', () => {
  const state = leader();
  fetched(state, 2, 20, 20, 2000);
  fetched(state, 3, 12, 20, 2000);
  expect(state.isrWithoutLaggards(20, 1000 + LAG_MS, LAG_MS)).toBeNull();
  expect(state.isrWithoutLaggards(20, 1001 + LAG_MS, LAG_MS)).toEqual([1, 2]);
  expect(state.isrWithoutLaggards(20, 1_000_000, LAG_MS)).toEqual([1, 2]);
});

test('a follower counts as caught up when it has what we had at its previous fetch', () => {
  const state = leader();
  fetched(state, 2, 10, 20, 5000);
  fetched(state, 2, 20, 30, 6000);
  expect(state.follower(2)?.lastCaughtUpMs).toBe(5000);
  fetched(state, 2, 30, 30, 7000);
  expect(state.follower(2)?.lastCaughtUpMs).toBe(7000);
});

test('while an ISR is being written the wider one counts, and no second change begins', () => {
  const state = leader([1]);
  fetched(state, 2, 20, 20, 1000);
  state.propose([1, 2]);
  expect(state.isrSize).toBe(1);
  expect(state.isrWith(2, 0)).toBeNull();
  fetched(state, 2, 20, 40, 1001);
  expect(state.highWatermarkCandidate(40, 1_000_000, LAG_MS)).toBe(20);
  state.settle(true);
  expect(state.isr).toEqual([1, 2]);
});

test('an ISR of which nobody knows whether it was written counts as far as it is wider', () => {
  const state = leader([1]);
  fetched(state, 2, 20, 20, 1000);
  state.propose([1, 2]);
  state.settleUnknown();
  expect(state.highWatermarkCandidate(40, 1_000_000, LAG_MS)).toBe(20);
  state.propose([1]);
  state.settleUnknown();
  expect(state.isr).toEqual([1, 2]);
});

test('a stranger is no follower', () => {
  expect(fetched(leader(), 9, 20, 20, 1000)).toBe(false);
});

test('a new decision of the controller ends the wait for a replica that it took out of the ISR', () => {
  const state = leader();
  fetched(state, 2, 20, 20, 1000);
  fetched(state, 3, 12, 12, 1000);
  expect(state.highWatermarkCandidate(20, 1001, LAG_MS)).toBe(12);
  state.reassign([1, 2, 3], [1, 2], 20, 1001);
  expect(state.highWatermarkCandidate(20, 1001, LAG_MS)).toBe(20);
});
