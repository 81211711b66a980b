import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../../test/zookeeper/ensemble-of.ts';
import { leaderSettings } from '../../../../../test/zookeeper/scripted-zab.ts';
import { OpCode } from '../../../jute/op-code.ts';
import type { Ensemble } from '../../configuration/ensemble.ts';
import { firstZxid } from '../../../tree/transactions/zxid.ts';
import { History, proposalOf, type Proposal } from '../history.ts';
import type { LeaderInput, LeaderOutput } from './leader-io.ts';
import { Leader } from './leader.ts';
import { Writer } from '../../../../wire/writer.ts';
import { PacketType, packetName } from '../packets/packets.ts';

const writer = new Writer();
const at = (counter: number): number => firstZxid(1) + counter;
const header = (zxid: number, type: number) => ({ sessionId: 1n, cxid: 1, zxid, timeMs: 0, type });
const write = (zxid: number): Proposal =>
  proposalOf({ header: header(zxid, OpCode.error), record: { kind: 'error', error: -101 } }, writer);
const change = (zxid: number, next: Ensemble): Proposal =>
  proposalOf(
    {
      header: header(zxid, OpCode.reconfig),
      record: {
        kind: 'setData',
        path: '/zookeeper/config',
        data: Buffer.from(next.at(zxid).text),
        version: -1,
      },
    },
    writer,
  );

/** Server 1 leads epoch 1, with these behind it; each is its own connection. What it does to packets of its own making is told by name. */
function leading(ensemble: Ensemble, followers: readonly number[]) {
  const leader = new Leader(
    leaderSettings({ ensemble, reconfigEnabled: true, acceptedEpoch: 0, currentEpoch: 0 }),
    new History(0),
  );
  const tell = (input: LeaderInput): string[] => {
    const out: LeaderOutput[] = [];
    leader.step(input, out);
    leader.step({ kind: 'settle', now: input.now }, out);
    return out.flatMap((o) => {
      if (o.kind === 'send')
        return o.packet.type === PacketType.PROPOSAL ? [] : [`${o.learner}: ${packetName(o.packet.type)}`];
      if (o.kind === 'activate') return [`activate, led by ${o.leader}`];
      return o.kind === 'commit' ? [`commit ${o.zxid - firstZxid(1)}`] : [];
    });
  };
  const hear = (learner: number, type: number, zxid: number, data: Buffer | null = null): string[] =>
    tell({ kind: 'packet', now: 0, learner, packet: { type, zxid, data } });
  tell({ kind: 'start', now: 0 });
  for (const sid of followers) {
    tell({ kind: 'connected', now: 0, learner: sid });
    const info = Buffer.alloc(20);
    info.writeBigInt64BE(BigInt(sid));
    info.writeInt32BE(0x10000, 8);
    hear(sid, PacketType.FOLLOWERINFO, 0, info);
  }
  tell({ kind: 'saved', now: 0, file: 'acceptedEpoch' });
  for (const sid of followers) hear(sid, PacketType.ACKEPOCH, 0, Buffer.alloc(4));
  tell({ kind: 'saved', now: 0, file: 'currentEpoch' });
  const story = followers.flatMap((sid) => hear(sid, PacketType.ACK, firstZxid(1)));
  return {
    leader,
    story,
    ack: (sid: number, counter: number) => hear(sid, PacketType.ACK, at(counter)),
    gone: (sid: number) => tell({ kind: 'gone', now: 0, learner: sid }),
    propose(...proposals: Proposal[]) {
      for (const proposal of proposals) tell({ kind: 'propose', now: 0, proposal });
      return tell({ kind: 'synced', now: 0, zxid: proposals.at(-1)!.zxid });
    },
  };
}

test('a configuration that nobody agreed on yet gets the epoch as its version, by the quorum that begins it', () => {
  const { story } = leading(ensembleOf([1, 2, 3]), [2, 3]);
  expect(story).toEqual(['activate, led by 1', '2: UPTODATE', '3: UPTODATE']);
});

test('from a reconfiguration on both quorums are needed; what was proposed before needs the old one alone', () => {
  const { ack, propose, leader } = leading(ensembleOf([1, 2, 3], [], 1), [2, 3, 4, 5, 6]);
  expect(propose(write(at(1)), change(at(2), ensembleOf([1, 4, 5, 6])), write(at(3)))).toEqual([]);
  expect(leader.isReconfiguring).toBe(true);
  // The old voters have all of it; of the new ones only the leader does.
  expect(ack(2, 3).filter((what) => !what.includes('COMMIT'))).toEqual(['commit 1']);
  expect(ack(4, 3)).toEqual([]);
  const done = ack(5, 3);
  expect(done).toContain('5: COMMITANDACTIVATE');
  expect(done.filter((what) => !/^\d:/.test(what))).toEqual(['commit 2', 'activate, led by 1', 'commit 3']);
  expect(leader.isReconfiguring).toBe(false);
  // From now on the new voters decide alone.
  expect(propose(write(at(4)))).toEqual([]);
  expect(ack(2, 4)).toEqual([]);
  expect(ack(4, 4)).toEqual([]);
  expect(ack(6, 4)).toContain('commit 4');
});

test('what was proposed meanwhile needs the new quorum alone: who votes no more may leave without acknowledging it', () => {
  const { ack, propose, gone } = leading(ensembleOf([1, 2], [], 1), [2, 3, 4]);
  propose(change(at(1), ensembleOf([1, 3, 4], [2])), write(at(2)));
  ack(2, 1);
  expect(ack(3, 1)).toContain('commit 1');
  expect(gone(2)).toEqual([]);
  expect(ack(3, 2)).toContain('commit 2');
});

test('a leader that is not in the new configuration names whoever has most, and commits nothing more', () => {
  const { ack, propose, leader } = leading(ensembleOf([1, 2, 3], [], 1), [2, 3]);
  propose(change(at(1), ensembleOf([2, 3])), write(at(2)));
  expect(ack(2, 1)).toEqual([]);
  const done = ack(3, 2);
  expect(done).toContain('2: COMMITANDACTIVATE');
  expect(done.filter((what) => !/^\d:/.test(what))).toEqual(['commit 1', 'activate, led by 3']);
  expect(ack(2, 2)).toEqual([]);
  const out: LeaderOutput[] = [];
  for (const learner of [2, 3]) leader.step({ kind: 'gone', now: 0, learner }, out);
  expect(out).toEqual([
    { kind: 'resign', reason: 'the ensemble was reconfigured, and server 3 leads from now on' },
  ]);
});

test('who follows still, and was made an observer, is not counted on for the next configuration: it is about to come back as one', () => {
  const { leader } = leading(ensembleOf([1, 2], [3], 1), [2, 3]);
  expect(leader.couldLead(ensembleOf([1, 2]))).toBe(true);
  expect(leader.couldLead(ensembleOf([1, 3]))).toBe(false);
});

test('a leader steps down when it loses the quorum of either configuration', () => {
  const { propose, leader } = leading(ensembleOf([1, 2, 3], [], 1), [2, 4, 5]);
  propose(change(at(1), ensembleOf([1, 4, 5])));
  const out: LeaderOutput[] = [];
  leader.step({ kind: 'gone', now: 0, learner: 4 }, out);
  expect(out).toEqual([]);
  leader.step({ kind: 'gone', now: 0, learner: 5 }, out);
  expect(out.map(({ kind }) => kind)).toEqual(['resign']);
});
