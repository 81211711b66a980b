import { expect, test } from 'vitest';
import { leaderSettings } from '../../../../../test/zookeeper/scripted-zab.ts';
import {
  TestClock,
  TestPeer,
  connectFrame,
  readReply,
  requestFrame,
  startTestServer,
} from '../../../../../test/zookeeper/test-server.ts';
import { Reader } from '../../../../wire/reader.ts';
import { Writer } from '../../../../wire/writer.ts';
import { ErrorCode } from '../../../jute/error-code.ts';
import * as messages from '../../../jute/messages.ts';
import { OpCode } from '../../../jute/op-code.ts';
import { openAcl } from '../../../tree/acl/acl.ts';
import { CONTAINER_OWNER } from '../../../tree/znodes/owner.ts';
import { decodeTransaction } from '../../../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { FollowerWrites } from '../follower/follower-writes.ts';
import { History, proposalOf } from '../history.ts';
import { PacketSender } from '../packets/packet-sender.ts';
import { LeaderWrites } from './leader-writes.ts';
import type { LeaderOutput } from './leader-io.ts';
import { Leader } from './leader.ts';
import { PacketStream, PacketType } from '../packets/packets.ts';

const create = (zxid: number, type: number, path = `/n${zxid}`): Transaction => ({
  header: { sessionId: 1n, cxid: 1, zxid, timeMs: 0, type },
  record: {
    kind: 'create',
    path,
    data: null,
    acl: openAcl,
    owner: type === OpCode.createContainer ? CONTAINER_OWNER : 0n,
    parentCversion: 1,
  },
});
const EPOCH = 2 ** 32;

/** What a leader of epoch 2 sends to a follower of 3.4 whose log ends with `from`. */
function sentTo34(history: History, from: number, members34 = new Set<number>()): LeaderOutput[] {
  const leader = new Leader(leaderSettings({ members34 }), history);
  const out: LeaderOutput[] = [];
  const info = Buffer.alloc(12);
  info.writeBigInt64BE(2n);
  info.writeInt32BE(0x10000, 8);
  const epoch = Buffer.alloc(4);
  epoch.writeInt32BE(1);
  const packet = (type: number, zxid: number, data: Buffer) =>
    leader.step({ kind: 'packet', now: 0, learner: 9, packet: { type, zxid, data } }, out);
  leader.step({ kind: 'start', now: 0 }, out);
  leader.step({ kind: 'connected', now: 0, learner: 9 }, out);
  packet(PacketType.FOLLOWERINFO, EPOCH, info);
  leader.step({ kind: 'saved', now: 0, file: 'acceptedEpoch' }, out);
  packet(PacketType.ACKEPOCH, from, epoch);
  out.length = 0;
  leader.step({ kind: 'saved', now: 0, file: 'currentEpoch' }, out);
  return out;
}

function historyOf(committed: number, ...transactions: Transaction[]): History {
  const history = new History(EPOCH);
  for (const each of transactions) history.add(proposalOf(each, new Writer()));
  history.commitTo(committed);
  return history;
}

test('a follower of 3.4 that was away gets a create2 as a create, and a tree instead of what it can not read', () => {
  const plain = sentTo34(historyOf(EPOCH + 1, create(EPOCH + 1, OpCode.create2)), EPOCH);
  const sent = plain.flatMap((o) => (o.kind === 'send' ? [o.packet] : []));
  expect(sent.map(({ type }) => type)).toEqual([
    PacketType.DIFF,
    PacketType.PROPOSAL,
    PacketType.COMMIT,
    PacketType.NEWLEADER,
  ]);
  expect(decodeTransaction(new Reader(sent[1]!.data!)).header.type).toBe(OpCode.create);
  expect(sent[3]!.data).toBe(null);

  const container = sentTo34(historyOf(EPOCH + 1, create(EPOCH + 1, OpCode.createContainer)), EPOCH);
  expect(container.map((o) => o.kind)).toEqual(['snapshot', 'send']);
});

test('a follower of 3.4 waits outside while something that it can not read is on its way, and is remembered', () => {
  const members34 = new Set<number>();
  const [first] = sentTo34(historyOf(EPOCH, create(EPOCH + 1, OpCode.createTTL)), EPOCH, members34);
  expect(first).toMatchObject({ kind: 'drop', reason: expect.stringMatching(/^it is of 3.4/) });
  expect([...members34]).toEqual([2]);
});

test('a stranger of 3.4 counts while it is connected, and no longer', () => {
  const leader = new Leader(leaderSettings(), historyOf(EPOCH));
  const info = Buffer.alloc(12);
  info.writeBigInt64BE(77n);
  info.writeInt32BE(0x10000, 8);
  const out: LeaderOutput[] = [];
  leader.step({ kind: 'start', now: 0 }, out);
  leader.step({ kind: 'connected', now: 0, learner: 9 }, out);
  const packet = { type: PacketType.OBSERVERINFO, zxid: 0, data: info };
  leader.step({ kind: 'packet', now: 0, learner: 9, packet }, out);
  expect(leader.has34).toBe(true);
  leader.step({ kind: 'gone', now: 0, learner: 9 }, out);
  expect(leader.has34).toBe(false);
});

const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const record = (w: Writer, path: string): void =>
  messages.createRequest.encode(w, { path, data: Buffer.from('x'), acl, flags: 0 });
const multi = (xid: number, ...parts: [type: number, path: string][]): Buffer =>
  requestFrame(xid, OpCode.multi, (w) => {
    for (const [type, path] of parts) {
      w.int32(type);
      w.bool(false);
      w.int32(-1);
      record(w, path);
    }
    w.int32(-1);
    w.bool(true);
    w.int32(-1);
  });

/** A follower and its leader, on one clock; what they send each other is kept. */
async function followerOf34() {
  const clock = new TestClock();
  const forwarded: { op: number; types: number[] }[] = [];
  const answers: Transaction[] = [];
  const stream = new PacketStream(1024 * 1024);
  const lead = new LeaderWrites(
    1,
    1,
    ({ transaction }) => answers.push(transaction),
    () => {},
    () => false,
    () => {},
  );
  startTestServer({}, clock, lead.role);
  const follow = new FollowerWrites(
    { id: 2, addresses: [], role: 'participant', client: null },
    true,
    new PacketSender({ bufferedBytes: 0, write: (bytes) => (stream.push(bytes), true) }, clock),
  );
  const follower = startTestServer({}, clock, follow.role);
  const peer = new TestPeer(follower.server);
  /** Brings what was asked to the leader, and its decisions back. */
  const pass = async (): Promise<void> => {
    await clock.settle();
    for (let packet = stream.next(); packet !== null; packet = stream.next()) {
      const data = packet.data!;
      const op = data.readInt32BE(12);
      const types: number[] = [];
      lead.request(2, packet);
      for (const transaction of answers.splice(0)) {
        if (transaction.record.kind === 'multi') types.push(...transaction.record.parts.map((p) => p.type));
        follow.apply(transaction);
        lead.committed(transaction.header.zxid);
      }
      forwarded.push({ op, types });
    }
    follow.settled();
    await clock.settle();
  };
  peer.send(connectFrame());
  await pass();
  forwarded.length = 0;
  return { peer, pass, forwarded };
}

test('below a leader of 3.4 a create2 goes as a create, in a multi, too, and is answered as asked', async () => {
  const { peer, pass, forwarded } = await followerOf34();
  peer.send(requestFrame(1, OpCode.create2, (w) => record(w, '/a')));
  peer.send(multi(2, [OpCode.create, '/b'], [OpCode.create2, '/c']));
  await pass();
  expect(forwarded).toEqual([
    { op: OpCode.create, types: [] },
    { op: OpCode.multi, types: [OpCode.create, OpCode.create] },
  ]);
  const [, single, both] = peer.frames.map(readReply);
  expect(single!.error).toBe(0);
  expect(single!.body.remaining, 'path and Stat').toBe(4 + 2 + 68);
  const { body } = both!;
  const heads: number[] = [];
  for (;;) {
    const type = body.int32();
    const done = body.bool();
    body.int32();
    if (done) break;
    heads.push(type);
    body.skip(body.int32());
    if (type === OpCode.create2) body.skip(68);
  }
  expect(heads).toEqual([OpCode.create, OpCode.create2]);
  expect(body.remaining).toBe(0);
});

test('below a leader of 3.4 what that can not read is refused as unimplemented, in turn, and never sent', async () => {
  const { peer, pass, forwarded } = await followerOf34();
  peer.send(requestFrame(1, OpCode.create, (w) => record(w, '/a')));
  peer.send(requestFrame(2, OpCode.createContainer, (w) => record(w, '/c')));
  peer.send(multi(3, [OpCode.create, '/d'], [OpCode.createContainer, '/e']));
  peer.send(requestFrame(4, OpCode.create, (w) => record(w, '/f')));
  await pass();
  expect(forwarded.map(({ op }) => op)).toEqual(Array.from({ length: 4 }, () => OpCode.create));
  expect(peer.frames.slice(1).map((frame) => readReply(frame).error)).toEqual([
    0,
    ErrorCode.Unimplemented,
    ErrorCode.Unimplemented,
    0,
  ]);
});

test('a leader with followers of 3.4 proposes nothing that they can not read', async () => {
  const clock = new TestClock();
  const proposed: Transaction[] = [];
  let has34 = true;
  const lead = new LeaderWrites(
    1,
    1,
    ({ transaction }) => proposed.push(transaction),
    () => {},
    () => has34,
    () => {},
  );
  const { server } = startTestServer({}, clock, lead.role);
  const peer = new TestPeer(server);
  peer.send(connectFrame());
  await clock.settle();
  proposed.length = 0;
  peer.send(requestFrame(1, OpCode.createContainer, (w) => record(w, '/c')));
  peer.send(multi(2, [OpCode.create, '/d'], [OpCode.createContainer, '/e']));
  peer.send(multi(3, [OpCode.create, '/d'], [OpCode.create2, '/e']));
  has34 = false;
  peer.send(requestFrame(4, OpCode.createContainer, (w) => record(w, '/c')));
  await clock.settle();
  expect(proposed.map(({ header }) => header.type)).toEqual([
    OpCode.error,
    OpCode.error,
    OpCode.multi,
    OpCode.createContainer,
  ]);
});
