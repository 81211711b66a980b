import { expect, test } from 'vitest';
import {
  established,
  followerOf,
  historyOf,
  info,
  int,
  leaderOf,
  packet,
  proposal,
  proposes,
  zxid,
} from '../../../../test/zookeeper/scripted-zab.ts';
import { History } from './history.ts';
import { PacketType } from './packets/packets.ts';

// A tick is 100 ms, initLimit 10 of them, syncLimit 5.

/** A leader that serves, its follower that answers each PING, and another server, connection 30, that is being sent the tree. */
function withOneSyncing() {
  const { leader } = established(new History(zxid(1, 5)), zxid(1, 5));
  const hear = (now: number, learner: number, type: number, of: number, data: Buffer | null = null) =>
    leader.tell({ kind: 'packet', now, learner, packet: packet(type, of, data) });
  const tick = (now: number): string[] => {
    hear(now, 20, PacketType.PING, 0);
    return leader.tell({ kind: 'tick', now }).filter((line) => !line.includes('PING'));
  };
  leader.tell({ kind: 'connected', now: 0, learner: 30 });
  hear(0, 30, PacketType.FOLLOWERINFO, zxid(1, 0), info(3));
  expect(hear(0, 30, PacketType.ACKEPOCH, 0, int(1))).toEqual(['30: snapshot', '30: NEWLEADER 2.0']);
  return { leader, hear, tick };
}

test('a leader that nobody comes to gives up after initLimit', () => {
  const { tell } = leaderOf(historyOf());
  tell({ kind: 'start', now: 0 });
  expect(tell({ kind: 'tick', now: 1000 })).toEqual([]);
  expect(tell({ kind: 'tick', now: 1001 })).toEqual([
    'resign (a quorum did not come to agree on an epoch within initLimit)',
  ]);
});

test('each step on the way to a quorum has initLimit for itself: to come, to agree, to synchronize', () => {
  const { tell } = leaderOf(historyOf());
  const hear = (now: number, type: number, data: Buffer | null) =>
    tell({ kind: 'packet', now, learner: 20, packet: packet(type, zxid(1, 0), data) });
  tell({ kind: 'start', now: 0 });
  tell({ kind: 'connected', now: 900, learner: 20 });
  hear(900, PacketType.FOLLOWERINFO, info(2));
  tell({ kind: 'saved', now: 900, file: 'acceptedEpoch' });
  expect(tell({ kind: 'tick', now: 1900 })).toEqual([]);
  hear(1900, PacketType.ACKEPOCH, int(1));
  tell({ kind: 'saved', now: 1900, file: 'currentEpoch' });
  expect(tell({ kind: 'tick', now: 2900 })).toEqual([]);
  expect(tell({ kind: 'tick', now: 2901 })).toEqual([
    'resign (a quorum did not synchronize within initLimit)',
  ]);
});

test('a learner that does not take part within initLimit and syncLimit is cut off', () => {
  const { tick } = withOneSyncing();
  expect(tick(1500)).toEqual([]);
  expect(tick(1501)).toEqual(['drop (it did not synchronize within initLimit)']);
});

test('while the network takes the tree, a learner is waited for; its time to acknowledge begins with the end of it', () => {
  const { leader, hear, tick } = withOneSyncing();
  for (let now = 1000; now <= 20_000; now += 1000) {
    leader.tell({ kind: 'taken', now, learner: 30 });
    expect(tick(now)).toEqual([]);
  }
  expect(tick(21_500)).toEqual([]);
  expect(hear(21_500, 30, PacketType.ACK, zxid(2, 0))).toEqual(['30: UPTODATE -']);
  leader.tell({ kind: 'taken', now: 30_000, learner: 30 });
  expect(tick(30_000), 'who takes part must be heard of').toEqual([
    'drop (nothing was heard of it within syncLimit)',
  ]);
});

test('while the leader looks through its log files for what a learner lacks, that has nothing to answer', () => {
  const { leader, hear, tick } = withOneSyncing();
  leader.tell({ kind: 'connected', now: 0, learner: 31 });
  hear(0, 31, PacketType.FOLLOWERINFO, zxid(1, 0), info(3));
  expect(hear(0, 31, PacketType.ACKEPOCH, zxid(1, 2), int(1))).toEqual(['31: search behind 1.2']);
  expect(tick(20_000)).toEqual([]);
  leader.tell({ kind: 'found', now: 20_000, learner: 31, isThere: true });
  expect(tick(21_500)).toEqual([]);
  expect(tick(21_501)).toEqual(['drop (it did not synchronize within initLimit)']);
});

test('a leader does not count on who is being brought up to date: without its followers it resigns', () => {
  const { leader } = withOneSyncing();
  expect(leader.tell({ kind: 'tick', now: 500 })).toEqual(['20: PING 1.5']);
  expect(leader.tell({ kind: 'tick', now: 501 })).toEqual([
    'drop (nothing was heard of it within syncLimit)',
    'resign (too few followers are left for a quorum)',
  ]);
  const closed = withOneSyncing();
  expect(closed.leader.tell({ kind: 'gone', now: 10, learner: 20 })).toEqual([
    'resign (too few followers are left for a quorum)',
  ]);
});

test('a follower that comes by another way is counted on until syncLimit after it was heard last, and then when it takes part', () => {
  const comesAnew = () => {
    const { leader, hear } = established(historyOf(zxid(1, 1)), zxid(1, 1));
    leader.tell({ kind: 'connected', now: 300, learner: 21 });
    hear(21, packet(PacketType.FOLLOWERINFO, zxid(2, 0), info(2)));
    expect(leader.tell({ kind: 'tick', now: 500 })).toEqual([]);
    return { leader, hear };
  };
  expect(comesAnew().leader.tell({ kind: 'tick', now: 501 })).toEqual([
    'resign (too few followers are left for a quorum)',
  ]);
  const { leader, hear } = comesAnew();
  hear(21, packet(PacketType.ACKEPOCH, zxid(1, 1), int(-1)));
  leader.tell({ kind: 'packet', now: 450, learner: 21, packet: packet(PacketType.ACK, zxid(2, 0)) });
  expect(leader.tell({ kind: 'tick', now: 501 })).toEqual(['21: PING 1.1']);
});

test('a follower that answers but leaves a proposal unacknowledged for syncLimit is cut off, though it acknowledges older ones', () => {
  const { leader, hear, tick } = withOneSyncing();
  hear(0, 30, PacketType.ACK, zxid(2, 0));
  const propose = (now: number, counter: number): void => {
    leader.tell({ kind: 'propose', now, proposal: proposal(zxid(2, counter)) });
    leader.tell({ kind: 'synced', now, zxid: zxid(2, counter) });
    hear(now, 20, PacketType.ACK, zxid(2, counter));
    hear(now, 30, PacketType.PING, 0);
  };
  for (let counter = 1; counter <= 9; counter++) propose(counter * 100, counter);
  // The first stands for itself, then the last that was proposed by then for all.
  hear(550, 30, PacketType.ACK, zxid(2, 1));
  hear(900, 30, PacketType.ACK, zxid(2, 8));
  hear(1300, 30, PacketType.PING, 0);
  expect(tick(1400)).toEqual([]);
  expect(tick(1401)).toEqual(['drop (it did not acknowledge a proposal within syncLimit)']);
});

test('a follower owes no ACK for what was proposed and committed while it was brought up to date', () => {
  const { leader, hear, tick } = withOneSyncing();
  leader.tell({ kind: 'propose', now: 100, proposal: proposal(zxid(2, 1)) });
  leader.tell({ kind: 'synced', now: 100, zxid: zxid(2, 1) });
  expect(hear(100, 20, PacketType.ACK, zxid(2, 1))).toContain('30: COMMIT 2.1');
  hear(200, 30, PacketType.ACK, zxid(2, 0));
  hear(700, 30, PacketType.PING, 0);
  expect(tick(700)).toEqual([]);
});

/** A follower that was told the leader's epoch, and then that. */
function followerTold(type: number, of: number): ReturnType<typeof followerOf> {
  const follower = followerOf(historyOf(zxid(1, 1)));
  follower.tell({ kind: 'start', now: 0 });
  follower.hear(packet(PacketType.LEADERINFO, zxid(2, 0), int(0x10000)));
  follower.tell({ kind: 'saved', now: 0, file: 'acceptedEpoch' });
  follower.hear(packet(type, of));
  return follower;
}

const NOT_IN_TIME = 'leave (it did not bring this server up to date within initLimit)';

test('a follower leaves a leader that does not bring it up to date within initLimit', () => {
  const silent = followerOf(historyOf());
  silent.tell({ kind: 'start', now: 100 });
  expect(silent.tell({ kind: 'tick', now: 1100 })).toEqual([]);
  expect(silent.tell({ kind: 'tick', now: 1101 })).toEqual([NOT_IN_TIME]);

  const { tell } = followerTold(PacketType.DIFF, zxid(1, 7));
  tell({ kind: 'packet', now: 900, packet: proposes(zxid(1, 2)) });
  expect(tell({ kind: 'tick', now: 1900 })).toEqual([]);
  expect(tell({ kind: 'tick', now: 1901 })).toEqual([NOT_IN_TIME]);
});

test('a follower leaves a leader that falls silent in the middle of its tree, and waits as long as bytes of it come', () => {
  const { tell } = followerTold(PacketType.SNAP, zxid(1, 7));
  for (let now = 1000; now <= 20_000; now += 1000) {
    tell({ kind: 'tree', now, isWhole: false });
    expect(tell({ kind: 'tick', now: now + 900 })).toEqual([]);
  }
  expect(tell({ kind: 'tick', now: 21_001 })).toEqual([
    'leave (nothing more of its tree came within initLimit)',
  ]);
});

test('the time that the own disk takes to replace log and tree is not held against the leader', () => {
  for (const type of [PacketType.SNAP, PacketType.TRUNC]) {
    const { tell } = followerTold(type, zxid(1, 0));
    if (type === PacketType.SNAP) tell({ kind: 'tree', now: 900, isWhole: true });
    expect(tell({ kind: 'tick', now: 60_000 })).toEqual([]);
    tell({ kind: 'replaced', now: 60_000, zxid: zxid(1, 0) });
    expect(tell({ kind: 'tick', now: 61_000 })).toEqual([]);
    expect(tell({ kind: 'tick', now: 61_001 })).toEqual([NOT_IN_TIME]);
  }
});

test('a follower that serves leaves a leader of which it hears nothing for syncLimit', () => {
  const { tell, hear } = followerTold(PacketType.DIFF, zxid(1, 1));
  hear(packet(PacketType.NEWLEADER, zxid(2, 0)));
  tell({ kind: 'saved', now: 0, file: 'currentEpoch' });
  hear(packet(PacketType.UPTODATE, -1));
  tell({ kind: 'packet', now: 300, packet: packet(PacketType.PING, zxid(2, 0)) });
  expect(tell({ kind: 'tick', now: 800 })).toEqual([]);
  expect(tell({ kind: 'tick', now: 801 })).toEqual(['leave (nothing was heard of it within syncLimit)']);
});
