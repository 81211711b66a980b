import { expect, test } from 'vitest';
import { FetchSessionCache } from './fetch-session.ts';
import type { FetchContext, FetchPartition, FetchSession, FetchSessionRequest } from './fetch-session.ts';

function cache(slots = 2): FetchSessionCache {
  let next = 0;
  return new FetchSessionCache({ slots, evictionMs: 120_000, random: () => next++ });
}

function want(partition: number, fetchOffset = 0): FetchPartition {
  return {
    topic: 'orders',
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    partition,
    fetchOffset,
    maxBytes: 1000,
    logStartOffset: -1,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    sentHighWatermark: -1,
    sentLogStartOffset: -1,
  };
}

function ask(
  sessionId: number,
  sessionEpoch: number,
  partitions: FetchPartition[],
  more: Partial<FetchSessionRequest> = {},
): FetchSessionRequest {
  return {
    sessionId,
    sessionEpoch,
    partitions,
    forgotten: [],
    fromFollower: false,
    usesTopicIds: false,
    ...more,
  };
}

function sessionOf(context: FetchContext): FetchSession {
  if (context.kind === 'error' || context.session === null) throw new Error(`no session: ${context.kind}`);
  return context.session;
}

test('a session remembers partitions, takes changes and forgets what it is told to', () => {
  const sessions = cache();
  const { id } = sessionOf(sessions.begin(ask(0, 0, [want(0), want(1)]), 0));
  const second = sessionOf(sessions.begin(ask(id, 1, [want(1, 7), want(2)]), 1));
  expect([...second.partitions()].map((p) => [p.partition, p.fetchOffset])).toEqual([
    [0, 0],
    [1, 7],
    [2, 0],
  ]);
  const forgotten = [{ topic: 'orders', topicId: '', partition: 0 }];
  const third = sessionOf(sessions.begin(ask(id, 2, [], { forgotten }), 2));
  expect([...third.partitions()].map((p) => p.partition)).toEqual([1, 2]);
});

test('partitions that got data go to the end', () => {
  const session = sessionOf(cache().begin(ask(0, 0, [want(0), want(1), want(2)]), 0));
  const [first] = session.partitions();
  if (first !== undefined) session.served(first);
  expect([...session.partitions()].map((p) => p.partition)).toEqual([1, 2, 0]);
});

test('an unknown id, a wrong epoch and a change to topic ids are refused', () => {
  const sessions = cache();
  const { id } = sessionOf(sessions.begin(ask(0, 0, [want(0)]), 0));
  expect(sessions.begin(ask(id + 1, 1, []), 0)).toEqual({ kind: 'error', code: 'notFound' });
  expect(sessions.begin(ask(id, 2, []), 0)).toEqual({ kind: 'error', code: 'invalidEpoch' });
  expect(sessions.begin(ask(id, 1, [], { usesTopicIds: true }), 0)).toEqual({
    kind: 'error',
    code: 'topicIdError',
  });
});

test('epoch −1 closes a session, and so does an empty list', () => {
  const sessions = cache();
  const first = sessionOf(sessions.begin(ask(0, 0, [want(0)]), 0));
  expect(sessions.begin(ask(first.id, -1, [want(0)]), 0)).toMatchObject({ kind: 'full', session: null });
  expect(sessions.size).toBe(0);
  const second = sessionOf(sessions.begin(ask(0, 0, [want(0)]), 0));
  const forgotten = [{ topic: 'orders', topicId: '', partition: 0 }];
  expect(sessions.begin(ask(second.id, 1, [], { forgotten }), 0)).toEqual({
    kind: 'full',
    session: null,
    partitions: [],
  });
  expect(sessions.size).toBe(0);
});

test('a full cache makes no session, unless one is stale or a follower needs its place', () => {
  const sessions = cache(1);
  const consumer = sessionOf(sessions.begin(ask(0, 0, [want(0)]), 0));
  expect(sessions.begin(ask(0, 0, [want(0), want(1)]), 1)).toMatchObject({ kind: 'full', session: null });
  const follower = sessionOf(sessions.begin(ask(0, 0, [want(0)], { fromFollower: true }), 2));
  expect(sessions.begin(ask(consumer.id, 1, []), 3)).toMatchObject({ kind: 'error', code: 'notFound' });
  expect(sessions.begin(ask(0, 0, [want(0), want(1)]), 4)).toMatchObject({ session: null });
  const late = sessionOf(sessions.begin(ask(0, 0, [want(0)]), 200_000));
  expect(late.id).not.toBe(follower.id);
});

test('no slots, no sessions', () => {
  expect(cache(0).begin(ask(0, 0, [want(0)]), 0)).toMatchObject({ kind: 'full', session: null });
});
