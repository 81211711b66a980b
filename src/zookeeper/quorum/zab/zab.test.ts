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
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { LAST_EPOCH } from '../../tree/transactions/zxid.ts';
import { History } from './history.ts';
import { PacketType, type Packet } from './packets/packets.ts';

test('a leader saves the epoch, brings its follower up to date, serves when a quorum has all, and commits what a quorum has', () => {
  const { leader, hear, story } = established(historyOf(zxid(1, 1), zxid(1, 2)), zxid(1, 1));
  expect(story).toEqual([
    ['save acceptedEpoch 2'],
    ['20: LEADERINFO 2.0'],
    ['save currentEpoch 2'],
    ['20: DIFF 1.2', '20: PROPOSAL 1.2', '20: COMMIT 1.2', '20: NEWLEADER 2.0'],
    ['established 2', '20: UPTODATE -'],
  ]);
  const now = 1;
  expect(leader.tell({ kind: 'propose', now, proposal: proposal(zxid(2, 1)) })).toEqual(['20: PROPOSAL 2.1']);
  expect(leader.tell({ kind: 'synced', now, zxid: zxid(2, 1) })).toEqual([]);
  expect(hear(20, packet(PacketType.ACK, zxid(2, 1)))).toEqual(['20: COMMIT 2.1', 'commit 2.1']);
});

test('an ACK counts only once the own disk, too, has the proposal, and never one for what was not proposed', () => {
  const { leader, hear } = established(historyOf(), 0);
  leader.tell({ kind: 'propose', now: 1, proposal: proposal(zxid(2, 1)) });
  expect(hear(20, packet(PacketType.ACK, zxid(2, 1)))).toEqual([]);
  expect(leader.tell({ kind: 'synced', now: 2, zxid: zxid(2, 1) })).toEqual(['20: COMMIT 2.1', 'commit 2.1']);
  expect(hear(20, packet(PacketType.ACK, zxid(2, 9)))[0]).toMatch(/^drop \(it acknowledged what was never/);
});

test('a sync is confirmed before later commits are sent, though one ACK is for all', () => {
  const { leader, hear } = established(historyOf(), 0);
  const now = 1;
  leader.tell({ kind: 'propose', now, proposal: proposal(zxid(2, 1)) });
  expect(leader.tell({ kind: 'sync', now })).toEqual(['20: PING 2.1']);
  leader.tell({ kind: 'propose', now, proposal: proposal(zxid(2, 2)) });
  leader.tell({ kind: 'propose', now, proposal: proposal(zxid(2, 3)) });
  leader.tell({ kind: 'synced', now, zxid: zxid(2, 3) });
  expect(hear(20, packet(PacketType.ACK, zxid(2, 3)))).toEqual([
    '20: COMMIT 2.1',
    'commit 2.1 at once',
    'confirmed',
    '20: COMMIT 2.2',
    '20: COMMIT 2.3',
    'commit 2.3',
  ]);
});

test("the epoch of any member that comes in time raises the next one, so that an observer that is ahead is taken in; a stranger's doesn't", () => {
  const leader = leaderOf(historyOf(), { ensemble: ensembleOf([1, 2, 3], [4]) });
  const comes = (learner: number, type: number, sid: number, accepted: number): string[] => {
    leader.tell({ kind: 'connected', now: 0, learner });
    return leader.tell({
      kind: 'packet',
      now: 0,
      learner,
      packet: packet(type, zxid(accepted, 0), info(sid)),
    });
  };
  leader.tell({ kind: 'start', now: 0 });
  expect(comes(20, PacketType.OBSERVERINFO, 77, 2 ** 20)).toEqual([]);
  expect(comes(30, PacketType.FOLLOWERINFO, 78, 2 ** 20)).toEqual([]);
  expect(comes(40, PacketType.OBSERVERINFO, 4, 6)).toEqual([]);
  expect(comes(50, PacketType.FOLLOWERINFO, 2, 1)).toEqual(['save acceptedEpoch 7']);
});

test('a leader whose servers have agreed to the last epoch that there can be says so instead of leading another', () => {
  const { tell } = leaderOf(historyOf(), { acceptedEpoch: LAST_EPOCH });
  tell({ kind: 'start', now: 0 });
  tell({ kind: 'connected', now: 0, learner: 20 });
  const introduction = packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(2));
  expect(tell({ kind: 'packet', now: 0, learner: 20, packet: introduction })).toEqual([
    'resign (one of its servers has agreed to epoch 2097151, the last that there can be)',
  ]);
});

test.each([-2, LAST_EPOCH + 1])('who says that it took part in epoch %i is no learner', (epoch) => {
  const { tell } = leaderOf(historyOf());
  const hear = (p: Packet): string[] => tell({ kind: 'packet', now: 0, learner: 20, packet: p });
  tell({ kind: 'start', now: 0 });
  tell({ kind: 'connected', now: 0, learner: 20 });
  hear(packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(2)));
  tell({ kind: 'saved', now: 0, file: 'acceptedEpoch' });
  expect(hear(packet(PacketType.ACKEPOCH, 0, int(epoch)))).toEqual([
    `drop (it says that it took part in epoch ${epoch}, to which no ensemble gets)`,
  ]);
});

test('a leader makes way for a later epoch when a voter comes that has agreed to one; an observer has to wait for it', () => {
  const { leader } = established(historyOf(), 0);
  const comes = (learner: number, type: number, sid: number): string[] => {
    leader.tell({ kind: 'connected', now: 1, learner });
    return leader.tell({ kind: 'packet', now: 1, learner, packet: packet(type, zxid(3, 0), info(sid)) });
  };
  expect(comes(40, PacketType.OBSERVERINFO, 4)).toEqual(['40: LEADERINFO 2.0']);
  expect(comes(30, PacketType.FOLLOWERINFO, 3)).toEqual([
    'resign (server 3 has agreed to epoch 3 already, and can follow in a later one only)',
  ]);
});

test('a sync is confirmed only by a quorum that follows since it was asked, and when all before it is committed', () => {
  const { leader, hear } = established(historyOf(), 0);
  const pong = packet(PacketType.PING, zxid(2, 0));
  leader.tell({ kind: 'tick', now: 100 });
  expect(leader.tell({ kind: 'sync', now: 120 })).toEqual(['20: PING 0.0']);
  expect(hear(20, pong), 'of the tick, sent before').toEqual([]);
  expect(hear(20, pong)).toEqual(['confirmed']);
  leader.tell({ kind: 'propose', now: 130, proposal: proposal(zxid(2, 1)) });
  leader.tell({ kind: 'sync', now: 130 });
  expect(hear(20, pong), 'what was proposed before is not committed').toEqual([]);
  leader.tell({ kind: 'synced', now: 140, zxid: zxid(2, 1) });
  expect(hear(20, packet(PacketType.ACK, zxid(2, 1)))).toEqual(['20: COMMIT 2.1', 'commit 2.1', 'confirmed']);
});

test('a sync whose witnesses went away is confirmed by those that came back', () => {
  const { leader, hear } = established(historyOf(), 0);
  const join = (learner: number, sid: number): void => {
    leader.tell({ kind: 'connected', now: 1, learner });
    hear(learner, packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(sid)));
    hear(learner, packet(PacketType.ACKEPOCH, 0, int(1)));
    hear(learner, packet(PacketType.ACK, zxid(2, 0)));
  };
  leader.tell({ kind: 'sync', now: 2 });
  join(30, 3);
  expect(leader.tell({ kind: 'gone', now: 3, learner: 20 })).toEqual([]);
  expect(leader.tell({ kind: 'tick', now: 50 })).toEqual(['30: PING 0.0']);
  expect(hear(30, packet(PacketType.PING, zxid(2, 0)))).toEqual(['confirmed']);
});

test('what a learner has too much is taken back; what cannot be told by the history comes as a snapshot', () => {
  const sync = (history: History, from: number): string[] => established(history, from).story[3]!.slice(0, 1);
  expect(sync(historyOf(zxid(1, 1), zxid(1, 2)), zxid(1, 1))).toEqual(['20: DIFF 1.2']);
  const { leader, hear } = established(historyOf(zxid(1, 1)), zxid(1, 1));
  const join = (learner: number, sid: number, from: number): string[] => {
    leader.tell({ kind: 'connected', now: 1, learner });
    hear(learner, packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(sid)));
    return hear(learner, packet(PacketType.ACKEPOCH, from, int(1)));
  };
  expect(join(30, 3, zxid(1, 7))).toEqual(['30: TRUNC 1.1', '30: NEWLEADER 2.0']);
  const young = new History(zxid(1, 5));
  const other = established(young, zxid(1, 5));
  other.leader.tell({ kind: 'connected', now: 1, learner: 31 });
  other.hear(31, packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(3)));
  expect(other.hear(31, packet(PacketType.ACKEPOCH, zxid(1, 2), int(1)))).toEqual(['31: search behind 1.2']);
  expect(other.leader.tell({ kind: 'found', now: 1, learner: 31, isThere: false })).toEqual([
    '31: snapshot',
    '31: NEWLEADER 2.0',
  ]);
});

test('what memory has lost comes from the log files, and all that was proposed meanwhile comes behind it', () => {
  const { leader, hear } = established(new History(zxid(1, 5)), zxid(1, 5));
  leader.tell({ kind: 'connected', now: 1, learner: 31 });
  hear(31, packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(3)));
  hear(31, packet(PacketType.ACKEPOCH, zxid(1, 2), int(1)));
  leader.tell({ kind: 'propose', now: 1, proposal: proposal(zxid(2, 1)) });
  leader.tell({ kind: 'synced', now: 1, zxid: zxid(2, 1) });
  hear(20, packet(PacketType.ACK, zxid(2, 1)));
  leader.tell({ kind: 'propose', now: 1, proposal: proposal(zxid(2, 2)) });
  expect(leader.tell({ kind: 'found', now: 1, learner: 31, isThere: true })).toEqual([
    '31: DIFF 2.1',
    '31: logged behind 1.2 up to 1.5',
    '31: PROPOSAL 2.1',
    '31: COMMIT 2.1',
    '31: PROPOSAL 2.2',
    '31: NEWLEADER 2.0',
  ]);
});

test('an observer owes no ACK for what was proposed when it came', () => {
  const { leader, hear } = established(historyOf(zxid(1, 1)), zxid(1, 1));
  leader.tell({ kind: 'propose', now: 1, proposal: proposal(zxid(2, 1)) });
  leader.tell({ kind: 'connected', now: 1, learner: 40 });
  hear(40, packet(PacketType.OBSERVERINFO, zxid(1, 0), info(4)));
  hear(40, packet(PacketType.ACKEPOCH, zxid(1, 1), int(1)));
  expect(hear(40, packet(PacketType.ACK, zxid(2, 0)))).toEqual(['40: UPTODATE -']);
  leader.tell({ kind: 'synced', now: 2, zxid: zxid(2, 1) });
  hear(20, packet(PacketType.ACK, zxid(2, 1)));
  const ping = (learner: number, now: number) =>
    leader.tell({ kind: 'packet', now, learner, packet: packet(PacketType.PING, 0) });
  ping(20, 600);
  ping(40, 600);
  expect(leader.tell({ kind: 'tick', now: 900 })).toEqual(['20: PING 2.1', '40: PING 2.1']);
});

test('so many observers are brought up to date at a time, and followers never wait', () => {
  const history = new History(zxid(1, 5));
  const { leader, hear } = established(history, zxid(1, 5));
  const join = (learner: number, type: number): string[] => {
    leader.tell({ kind: 'connected', now: 1, learner });
    hear(learner, packet(type, zxid(1, 0), info(learner)));
    return hear(learner, packet(PacketType.ACKEPOCH, 0, int(1)));
  };
  for (let i = 0; i < 10; i++) expect(join(50 + i, PacketType.OBSERVERINFO)[0]).toBe(`${50 + i}: snapshot`);
  expect(join(60, PacketType.OBSERVERINFO)[0]).toMatch(/^drop \(10 others are being brought up to date/);
  expect(join(3, PacketType.FOLLOWERINFO)[0]).toBe('3: snapshot');
});

test('a follower that is ahead is sent away, and a leader without a quorum resigns at once', () => {
  const ahead = established(historyOf(zxid(1, 1)), zxid(1, 2));
  expect(ahead.story[2]![0]).toMatch(/^drop \(its history is longer/);
  const { leader } = established(historyOf(), 0);
  expect(leader.tell({ kind: 'gone', now: 5, learner: 20 })[0]).toMatch(/^resign \(too few followers/);
});

test('a follower that connects anew takes the place of its old connection, which counts no more', () => {
  const { leader, hear } = established(historyOf(), 0);
  const connect = (learner: number): string[] => {
    leader.tell({ kind: 'connected', now: 1, learner });
    return hear(learner, packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(3)));
  };
  connect(30);
  hear(30, packet(PacketType.ACKEPOCH, 0, int(1)));
  hear(30, packet(PacketType.ACK, zxid(2, 0)));
  expect(connect(31)).toEqual(['drop (it connected anew)', '31: LEADERINFO 2.0']);
  leader.tell({ kind: 'propose', now: 2, proposal: proposal(zxid(2, 1)) });
  leader.tell({ kind: 'synced', now: 2, zxid: zxid(2, 1) });
  expect(hear(30, packet(PacketType.ACK, zxid(2, 1)))).toEqual([]);
  expect(hear(20, packet(PacketType.ACK, zxid(2, 1)))).toEqual(['20: COMMIT 2.1', 'commit 2.1']);
});

test('a follower that says nothing for syncLimit is cut off, and so is the leadership', () => {
  const { leader } = established(historyOf(), 0);
  expect(leader.tell({ kind: 'tick', now: 500 })).toEqual(['20: PING 0.0']);
  const out = leader.tell({ kind: 'tick', now: 501 });
  expect(out[0]).toBe('drop (nothing was heard of it within syncLimit)');
  expect(out[1]).toMatch(/^resign/);
});

test('a follower acknowledges NEWLEADER when all that was synced is on its disk, then the epoch; and each proposal after its sync', () => {
  const { tell, hear } = followerOf(historyOf(zxid(1, 1)));
  expect(tell({ kind: 'start', now: 0 })).toEqual(['FOLLOWERINFO 1.0']);
  expect(hear(packet(PacketType.LEADERINFO, zxid(2, 0), int(0x10000)))).toEqual(['save acceptedEpoch 2']);
  expect(tell({ kind: 'saved', now: 0, file: 'acceptedEpoch' })).toEqual(['ACKEPOCH 1.1']);
  expect(hear(packet(PacketType.DIFF, zxid(1, 2)))).toEqual([]);
  expect(hear(proposes(zxid(1, 2)))).toEqual(['log 1.2']);
  expect(hear(packet(PacketType.COMMIT, zxid(1, 2)))).toEqual(['apply 1.2']);
  expect(hear(proposes(zxid(2, 1)))).toEqual(['log 2.1']);
  expect(hear(packet(PacketType.NEWLEADER, zxid(2, 0)))).toEqual(['sync']);
  expect(tell({ kind: 'synced', now: 0, zxid: zxid(1, 2) })).toEqual([]);
  expect(tell({ kind: 'synced', now: 0, zxid: zxid(2, 1) })).toEqual(['save currentEpoch 2']);
  expect(tell({ kind: 'saved', now: 0, file: 'currentEpoch' })).toEqual(['ACK 2.0']);
  expect(hear(packet(PacketType.UPTODATE, -1))).toEqual(['ACK 2.0', 'serve', 'ACK 2.1']);
  expect(hear(proposes(zxid(2, 2)))).toEqual(['log 2.2', 'sync']);
  expect(hear(packet(PacketType.COMMIT, zxid(2, 1)))).toEqual(['apply 2.1']);
  expect(tell({ kind: 'synced', now: 0, zxid: zxid(2, 2) })).toEqual(['ACK 2.2']);
});

test('a follower leaves a leader of an older epoch, one whose DIFF has a hole, and one that commits out of turn', () => {
  const old = followerOf(historyOf());
  old.tell({ kind: 'start', now: 0 });
  expect(old.hear(packet(PacketType.LEADERINFO, zxid(0, 0), int(0x10000)))[0]).toMatch(
    /^leave \(it leads epoch 0/,
  );

  const synced = (): ReturnType<typeof followerOf> => {
    const follower = followerOf(historyOf(zxid(1, 1)));
    follower.tell({ kind: 'start', now: 0 });
    follower.hear(packet(PacketType.LEADERINFO, zxid(2, 0), int(0x10000)));
    follower.tell({ kind: 'saved', now: 0, file: 'acceptedEpoch' });
    follower.hear(packet(PacketType.DIFF, zxid(1, 7)));
    return follower;
  };
  expect(synced().hear(proposes(zxid(1, 4)))[0]).toMatch(
    /^leave \(it sent transaction 0x100000004 behind 0x100000001/,
  );
  const turn = synced();
  turn.hear(proposes(zxid(1, 2)));
  turn.hear(proposes(zxid(1, 3)));
  expect(turn.hear(packet(PacketType.COMMIT, zxid(1, 3)))[0]).toMatch(/out of turn/);
});

test('an epoch that was agreed to before is agreed to again without counting twice', () => {
  const { tell, hear } = followerOf(historyOf());
  tell({ kind: 'start', now: 0 });
  expect(hear(packet(PacketType.LEADERINFO, zxid(1, 0), int(0x10000)))).toEqual(['ACKEPOCH 0.0']);
});

test('who can not cut its log to where a leader wanted it asks the next one for its tree, and takes nothing else', () => {
  const agreed = () => {
    const follower = followerOf(historyOf(zxid(1, 7)), { needsTree: true });
    follower.tell({ kind: 'start', now: 0 });
    follower.hear(packet(PacketType.LEADERINFO, zxid(2, 0), int(0x10000)));
    const said = follower.tell({ kind: 'saved', now: 0, file: 'acceptedEpoch' });
    return { ...follower, said };
  };
  expect(agreed().said).toEqual(['ACKEPOCH 0.4294967295']);
  expect(agreed().hear(packet(PacketType.SNAP, zxid(1, 3)))).toEqual(['load 1.3']);
  expect(agreed().hear(packet(PacketType.TRUNC, zxid(1, 3)))).toEqual([
    'leave (it sends TRUNC, where only its tree helps)',
  ]);
});
