import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { quorumTraces, type QuorumTrace } from '../../../../test/zookeeper/quorum-traces.ts';
import { electionsOf, type RecordedElection } from '../../../../test/zookeeper/recorded-elections.ts';
import { Election, type Electorate, type ElectionOutput, type Notification } from './election.ts';
import type { Vote } from './vote.ts';

// What a server of Apache's heard while it looked for a leader is told to one of ours, which must find the same one.

/** Long after everything that it heard. */
const PATIENCE_MS = 1000;

function electorateOf({ name, servers }: QuorumTrace): Electorate {
  const ids = (role: string): number[] => servers.filter((one) => one.role === role).map(({ id }) => id);
  const hierarchy = { groups: new Map([[1, [1, 2, 3]]]), weights: new Map([[3, 0]]) };
  return ensembleOf(ids('participant'), ids('observer'), 0, name.includes('weights') ? hierarchy : null);
}

/** A server that has been through this many rounds, and follows or leads what the last one brought. */
function experienced(electorate: Electorate, { self, own, before }: RecordedElection): Election {
  const election = new Election(self, electorate);
  for (let round = 1; round < own.round; round++) election.step({ kind: 'look', now: 0, ...own.vote }, []);
  if (before !== null) election.step({ kind: 'appointed', now: 0, ...own.vote, leader: before }, []);
  return election;
}

function decisionOf(electorate: Electorate, recorded: RecordedElection) {
  const election = experienced(electorate, recorded);
  const { atMs, own, heard, said } = recorded;
  const out: ElectionOutput[] = [];
  const decided = (): Vote | undefined => out.find((one) => one.kind === 'decide')?.vote;
  const wait = (untilMs: number): void => {
    while (decided() === undefined && election.wakeAt <= untilMs)
      election.step({ kind: 'timer', now: election.wakeAt }, out);
  };
  const look = { atMs, run: () => election.step({ kind: 'look', now: atMs, ...own.vote }, out) };
  const notifications = heard.map((one) => ({
    atMs: one.atMs,
    run: () => election.step({ kind: 'notification', now: one.atMs, ...one }, out),
  }));
  const endMs = Math.max(atMs, ...heard.map((one) => one.atMs)) + PATIENCE_MS;
  for (const event of [look, ...notifications].sort((a, b) => a.atMs - b.atMs)) {
    wait(event.atMs);
    if (decided() !== undefined) break;
    event.run();
  }
  wait(endMs);
  const leader = decided()?.leader ?? null;
  return { leader, said: said === null || leader === null ? null : inPlace(election, said, endMs) };
}

/** What it says of its leader to who is looking. */
function inPlace(election: Election, { vote }: Notification, now: number): Notification | null {
  const out: ElectionOutput[] = [];
  election.step({ kind: 'established', now, epoch: vote.epoch }, out);
  election.step({ kind: 'notification', now, from: 99, state: 'looking', vote, round: 0 }, out);
  const [told] = out.filter((one) => one.kind === 'send').filter(({ to }) => to === 99);
  return told?.notification ?? null;
}

const elections = quorumTraces()
  // Its voters change.
  .filter(({ name }) => name !== '39-reconfig')
  .flatMap((trace) =>
    trace.servers
      .flatMap(({ id }) => electionsOf(trace, id))
      .map((recorded) => ({
        name: `${trace.name}, server ${recorded.self} at ${Math.round(recorded.atMs)} ms`,
        electorate: electorateOf(trace),
        recorded,
      })),
  );

/**
 * Its leader resigned and went on to say that it leads, which drew both followers back to it; what is recorded is whom they found then.
 * Given the same words ours follows it, too, but its own leaders don't say them.
 */
const drawnBack = /^39-rollover, server [12] at 16/;

test.each(elections.filter(({ name }) => !drawnBack.test(name)))(
  'what Apache’s server heard makes ours find the same leader: $name',
  ({ electorate, recorded }) => {
    const { leader, said } = recorded;
    const expected = said === null ? null : { state: said.state, vote: said.vote, round: said.round };
    expect(decisionOf(electorate, recorded)).toEqual({ leader, said: expected });
  },
);
