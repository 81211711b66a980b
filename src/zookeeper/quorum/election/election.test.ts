import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { Election, type ElectionOutput, type PeerState } from './election.ts';

/**
 * Runs what stands left of each arrow and prints what came out to its right. A vote is `leader/zxid/epoch`; `#` stands before the round.
 * What goes to several servers alike is one entry.
 */
function play(election: Election, script: string): string {
  return script
    .split('\n')
    .map((line) => {
      const match = /^(\s*)(\d+) (.*?)\s*->/.exec(line);
      if (match === null) return line;
      const [, indent, at, said] = match;
      const out: ElectionOutput[] = [];
      step(election, Number(at), said!.split(' '), out);
      return `${indent}${at} ${said} -> ${print(out)}`.trimEnd();
    })
    .join('\n');
}

function step(election: Election, now: number, words: string[], out: ElectionOutput[]): void {
  const [kind] = words;
  if (kind === 'look') {
    const [, zxid, epoch] = words;
    election.step({ kind: 'look', now, zxid: Number(zxid), epoch: Number(epoch) }, out);
  } else if (kind === 'timer') election.step({ kind: 'timer', now }, out);
  else if (kind === 'left') election.step({ kind: 'left', now }, out);
  else if (kind === 'established') election.step({ kind: 'established', now, epoch: Number(words[1]) }, out);
  else {
    const [from, state, vote, round] = words;
    const [leader, zxid, epoch] = vote!.split('/').map(Number);
    election.step(
      {
        kind: 'notification',
        now,
        from: Number(from),
        state: state as PeerState,
        vote: { leader: leader!, zxid: zxid!, epoch: epoch! },
        round: Number(round!.slice(1)),
      },
      out,
    );
  }
}

function print(out: ElectionOutput[]): string {
  const told = new Map<string, number[]>();
  for (const output of out) {
    const text =
      output.kind === 'decide'
        ? `decide ${output.vote.leader}`
        : `${output.notification.state} ${output.notification.vote.leader}/${output.notification.vote.zxid}/${output.notification.vote.epoch} #${output.notification.round}`;
    told.set(text, [...(told.get(text) ?? []), ...(output.kind === 'send' ? [output.to] : [])]);
  }
  return [...told].map(([text, to]) => (to.length > 0 ? `tell ${to.join('+')} ${text}` : text)).join(', ');
}

test('the best vote wins, at once when all agree', () => {
  const script = `
    0 look 5 1 -> tell 2+3 looking 1/5/1 #1
    9 2 looking 2/5/1 #1 -> tell 2+3 looking 2/5/1 #1
    12 3 looking 3/4/1 #1 ->
    15 3 looking 2/5/1 #1 -> decide 2
    20 3 looking 2/5/1 #1 -> tell 3 following 2/5/1 #1`;
  expect(play(new Election(1, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('behind the last round comes the first again, and who is in the last one still is joined there', () => {
  const script = `
    0 look 5 1 -> tell 2+3 looking 1/5/1 #1
    9 2 looking 2/5/1 #9007199254740991 -> tell 2+3 looking 2/5/1 #9007199254740991
    12 3 looking 2/5/1 #9007199254740991 -> decide 2
    20 look 5 1 -> tell 2+3 looking 1/5/1 #1
    21 3 looking 3/5/1 #9007199254740991 -> tell 2+3 looking 3/5/1 #9007199254740991`;
  expect(play(new Election(1, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('a quorum alone waits 200 ms for better votes', () => {
  const script = `
    0 look 5 1 -> tell 1+3 looking 2/5/1 #1
    10 1 looking 2/5/1 #1 ->
    209 timer -> tell 1+3 looking 2/5/1 #1
    210 timer -> decide 2`;
  expect(play(new Election(2, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('a later epoch beats a longer log, and that a larger number', () => {
  const script = `
    0 look 9 1 -> tell 1+2+4+5 looking 3/9/1 #1
    1 5 looking 5/8/1 #1 ->
    2 4 looking 4/9/1 #1 -> tell 1+2+4+5 looking 4/9/1 #1
    3 1 looking 1/2/2 #1 -> tell 1+2+4+5 looking 1/2/2 #1`;
  expect(play(new Election(3, ensembleOf([1, 2, 3, 4, 5])), script)).toBe(script);
});

test('a later round is taken up, even while a decision waits; an earlier one is told of ours', () => {
  const script = `
    0 look 5 1 -> tell 1+3 looking 2/5/1 #1
    10 1 looking 2/5/1 #1 ->
    20 3 looking 3/4/1 #2 -> tell 1+3 looking 2/5/1 #2
    30 1 looking 2/5/1 #1 -> tell 1 looking 2/5/1 #2
    210 timer -> tell 1+3 looking 2/5/1 #2
    220 3 looking 2/5/1 #2 ->
    221 1 looking 2/5/1 #2 -> decide 2`;
  expect(play(new Election(2, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('who is late follows the leader that a quorum follows, once it says itself that it leads', () => {
  const script = `
    0 look 3 1 -> tell 1+2 looking 3/3/1 #1
    5 1 following 2/9/4 #7 ->
    6 2 leading 2/9/4 #7 -> decide 2`;
  expect(play(new Election(3, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('those that still follow the dead leader do not bring it back', () => {
  const script = `
    0 look 3 1 -> tell 1+3 looking 2/3/1 #1
    1 1 following 3/2/1 #1 ->
    9 1 looking 1/3/1 #1 ->
    10 1 looking 2/3/1 #1 ->
    210 timer -> decide 2`;
  expect(play(new Election(2, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('who notices late that the leader is gone has not missed what the others chose meanwhile', () => {
  const script = `
    0 look 3 1 -> tell 2+3 looking 1/3/1 #1
    1 3 looking 3/3/1 #1 -> tell 2+3 looking 3/3/1 #1
    2 2 looking 3/3/1 #1 -> decide 3
    50 2 looking 2/3/1 #2 -> tell 2 following 3/3/1 #1
    51 look 3 1 -> tell 2+3 looking 1/3/1 #2, tell 2+3 looking 2/3/1 #2
    251 timer -> decide 2`;
  expect(play(new Election(1, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('an observer learns who leads when somebody does, and votes for nobody', () => {
  const voter = new Election(1, ensembleOf([1, 2, 3]));
  const script = `
    0 look 3 1 -> tell 2+3 looking 1/3/1 #1
    1 4 looking 4/99/9 #8 ->
    2 2 looking 2/3/1 #1 -> tell 2+3 looking 2/3/1 #1
    3 3 looking 2/3/1 #1 -> decide 2
    4 established 2 -> tell 4 following 2/3/2 #1
    5 4 looking 4/99/9 #8 -> tell 4 following 2/3/2 #1`;
  expect(play(voter, script)).toBe(script);
});

test('who leads no more says so to nobody while it settles its log, and forgets none of those that asked', () => {
  const script = `
    0 look 5 1 -> tell 1+3 looking 2/5/1 #1
    1 1 looking 2/5/1 #1 ->
    2 3 looking 2/5/1 #1 -> decide 2
    3 established 2 ->
    4 3 looking 3/5/2 #2 -> tell 3 leading 2/5/2 #1
    5 left ->
    6 3 looking 3/5/2 #2 ->
    7 1 looking 3/5/2 #2 ->
    8 9 looking 9/9/9 #1 ->
    9 look 5 2 -> tell 1+3 looking 2/5/2 #2, tell 1+3 looking 3/5/2 #2, decide 3`;
  expect(play(new Election(2, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('a server of weight 0 neither leads nor counts, though its number is the largest', () => {
  const hierarchy = { groups: new Map([[1, [1, 2, 3]]]), weights: new Map([[3, 0]]) };
  const electorate = ensembleOf([1, 2, 3], [], 0, hierarchy);
  const script = `
    0 look 3 1 -> tell 2+3 looking 1/3/1 #1
    1 3 looking 3/9/1 #1 ->
    201 timer -> tell 2+3 looking 1/3/1 #1
    202 2 looking 2/3/1 #1 -> tell 2+3 looking 2/3/1 #1
    402 timer -> decide 2`;
  expect(play(new Election(1, electorate), script)).toBe(script);
  const light = `
    0 look 9 1 -> tell 1+2 looking 3/9/1 #1
    1 2 looking 2/3/1 #1 -> tell 1+2 looking 2/3/1 #1
    2 1 looking 2/3/1 #1 -> decide 2`;
  expect(play(new Election(3, electorate), light)).toBe(light);
});

test('groups decide: a majority of servers that is none of the groups does not', () => {
  const hierarchy = {
    groups: new Map([
      [1, [1, 2, 3]],
      [2, [4, 5]],
      [3, [6]],
    ]),
    weights: new Map<number, number>(),
  };
  const script = `
    0 look 3 1 -> tell 1+2+3+4+5 looking 6/3/1 #1
    1 1 looking 6/3/1 #1 ->
    2 4 looking 6/3/1 #1 ->
    3 2 looking 6/3/1 #1 ->
    203 timer -> decide 6`;
  expect(play(new Election(6, ensembleOf([1, 2, 3, 4, 5, 6], [], 0, hierarchy)), script)).toBe(script);
});

test('followers that wait for this server already count for it', () => {
  const script = `
    0 look 3 1 -> tell 1+2 looking 3/3/1 #1
    5 1 following 3/3/1 #1 ->
    6 2 following 3/3/1 #1 -> decide 3`;
  expect(play(new Election(3, ensembleOf([1, 2, 3])), script)).toBe(script);
});

test('a server that was elected is known to look for a leader again by its later round, not by what it said before', () => {
  const election = new Election(1, ensembleOf([1, 2, 3]));
  play(
    election,
    `
    0 look 5 1 ->
    9 2 looking 2/5/1 #1 ->
    15 3 looking 2/5/1 #1 ->
    20 2 looking 2/5/1 #1 ->`,
  );
  expect(election.looksAgain(2)).toBe(false);
  play(election, '30 2 looking 2/5/1 #2 ->');
  expect(election.looksAgain(2)).toBe(true);
  expect(election.looksAgain(3)).toBe(false);
  play(election, '40 2 leading 2/5/1 #2 ->');
  expect(election.looksAgain(2)).toBe(false);
});

test('of those who ask while nobody leads the last 256 are told, however many ask', () => {
  const election = new Election(1, ensembleOf([1, 2, 3]));
  const vote = { leader: 2, zxid: 5, epoch: 1 };
  election.step({ kind: 'look', now: 0, zxid: 5, epoch: 1 }, []);
  const hear = (from: number): void =>
    election.step({ kind: 'notification', now: 1, from, state: 'looking', vote, round: 1 }, []);
  hear(9);
  for (let stranger = 1000; stranger < 3000; stranger++) hear(stranger);
  hear(9);
  hear(2);
  hear(3);
  const out: ElectionOutput[] = [];
  election.step({ kind: 'established', now: 2, epoch: 2 }, out);
  const told = out.map((output) => (output.kind === 'send' ? output.to : -1));
  expect(told).toEqual([...Array.from({ length: 255 }, (_, i) => 2745 + i), 9]);
});

// Number 4 observes. Its own vote is for nobody.
const NONE = '-9223372036854776000/-9223372036854776000/-9223372036854776000';
const observer = (): Election => new Election(4, ensembleOf([1, 2, 3], [4]));

test('an observer asks all voters, and follows the leader that a quorum follows once that says so itself', () => {
  const script = `
    0 look 9 1 -> tell 1+2+3 looking ${NONE} #1
    5 1 following 2/9/4 #7 ->
    6 3 following 2/9/4 #7 ->
    7 2 leading 2/9/4 #7 -> decide 2
    8 1 looking 1/9/4 #8 -> tell 1 observing 2/9/4 #7`;
  expect(play(observer(), script)).toBe(script);
});

test('an observer takes no LOOKING vote for an answer, though a quorum votes for the dead leader in its round', () => {
  const script = `
    0 look 9 1 -> tell 1+2+3 looking ${NONE} #1
    1 1 looking 3/9/1 #1 ->
    2 2 looking 3/9/1 #1 ->
    3 3 looking 3/9/1 #1 ->
    200 timer -> tell 1+2+3 looking ${NONE} #1
    201 1 following 2/9/1 #2 ->
    202 2 leading 2/9/1 #2 -> decide 2`;
  expect(play(observer(), script)).toBe(script);
});

test('an observer answers no voter that looks, whatever its round, so that the two do not answer each other without end', () => {
  const script = `
    0 look 9 1 -> tell 1+2+3 looking ${NONE} #1
    1 1 following 2/9/1 #5 ->
    2 2 leading 2/9/1 #5 -> decide 2
    3 look 9 1 -> tell 1+2+3 looking ${NONE} #6
    4 1 looking 1/9/1 #1 ->
    5 2 looking 2/9/1 #9 ->
    6 1 looking 2/9/1 #9 ->`;
  expect(play(observer(), script)).toBe(script);
});

test('two observers and a voter that weighs nothing make no leader for an observer', () => {
  const hierarchy = { groups: new Map([[1, [1, 2, 3]]]), weights: new Map([[3, 0]]) };
  const script = `
    0 look 9 1 -> tell 1+2+3 looking ${NONE} #1
    1 5 observing 3/9/1 #1 ->
    2 1 following 3/9/1 #1 ->
    3 3 leading 3/9/1 #1 ->`;
  expect(play(new Election(4, ensembleOf([1, 2, 3], [4, 5], 0, hierarchy)), script)).toBe(script);
});

test('without news the pauses between notifications grow, up to the longest, and begin anew with each search', () => {
  const pauses = { firstRepeatMs: 50, longestRepeatMs: 150 };
  const script = `
    0 look 9 1 -> tell 2+3 looking 1/9/1 #1
    49 timer ->
    50 timer -> tell 2+3 looking 1/9/1 #1
    149 timer ->
    150 timer -> tell 2+3 looking 1/9/1 #1
    299 timer ->
    300 timer -> tell 2+3 looking 1/9/1 #1
    450 timer -> tell 2+3 looking 1/9/1 #1
    500 look 9 1 -> tell 2+3 looking 1/9/1 #2
    549 timer ->
    550 timer -> tell 2+3 looking 1/9/1 #2`;
  expect(play(new Election(1, ensembleOf([1, 2, 3]), pauses), script)).toBe(script);
});

test('a vote with zxid -1, or for a server that is no voter, counts for nothing', () => {
  const script = `
    0 look 9 1 -> tell 2+3 looking 1/9/1 #1
    1 2 looking 3/-1/9 #5 ->
    2 3 looking 4/10/9 #5 ->
    3 3 looking 3/9/1 #1 -> tell 2+3 looking 3/9/1 #1`;
  expect(play(new Election(1, ensembleOf([1, 2, 3], [4])), script)).toBe(script);
});
