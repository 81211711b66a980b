/** Leader and follower of Zab as state machines: what they are told, and what they do then, as text. */
import { ensembleOf } from './ensemble-of.ts';
import { Writer } from '../../src/wire/writer.ts';
import {
  Follower,
  type FollowerInput,
  type FollowerOutput,
} from '../../src/zookeeper/quorum/zab/follower/follower.ts';
import { History, proposalOf } from '../../src/zookeeper/quorum/zab/history.ts';
import type {
  LeaderInput,
  LeaderOutput,
  LeaderSettings,
} from '../../src/zookeeper/quorum/zab/leader/leader-io.ts';
import { Leader } from '../../src/zookeeper/quorum/zab/leader/leader.ts';
import { PacketType, packetName, type Packet } from '../../src/zookeeper/quorum/zab/packets/packets.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';
import { firstZxid } from '../../src/zookeeper/tree/transactions/zxid.ts';

export const zxid = (epoch: number, counter: number): number => firstZxid(epoch) + counter;
const at = (value: number): string => (value < 0 ? '-' : `${Math.floor(value / 2 ** 32)}.${value % 2 ** 32}`);

const transaction = (value: number): Transaction => ({
  header: { sessionId: 1n, cxid: 1, zxid: value, timeMs: 0, type: -1 },
  record: { kind: 'error', error: -101 },
});
export const proposal = (value: number) => proposalOf(transaction(value), new Writer());

/** A history that begins empty and holds these. */
export function historyOf(...zxids: number[]): History {
  const history = new History(0);
  for (const each of zxids) history.add(proposal(each));
  if (zxids.length > 0) history.commitTo(zxids.at(-1)!);
  return history;
}

export const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
export const info = (sid: number): Buffer => {
  const bytes = Buffer.alloc(20);
  bytes.writeBigInt64BE(BigInt(sid));
  bytes.writeInt32BE(0x10000, 8);
  return bytes;
};
export const packet = (type: number, of: number, data: Buffer | null = null): Packet => ({
  type,
  zxid: of,
  data,
});
const told = (p: Packet): string => `${packetName(p.type)} ${at(p.zxid)}`;

/** Of server 1 of three, which was in epoch 1 last. */
export const leaderSettings = (different: Partial<LeaderSettings> = {}): LeaderSettings => ({
  self: 1,
  ensemble: ensembleOf([1, 2, 3]),
  proposed: null,
  reconfigEnabled: false,
  tickMs: 100,
  initLimit: 10,
  syncLimit: 5,
  snapshotSizeFactor: 0.33,
  forceSnapshotSync: false,
  maxConcurrentSnapSyncs: 10,
  maxConcurrentDiffSyncs: 100,
  tellsEnsemble: true,
  acceptedEpoch: 1,
  currentEpoch: 1,
  members34: new Set(),
  ...different,
});

export function leaderOf(
  history: History,
  different: Partial<LeaderSettings> = {},
): { leader: Leader; tell(input: LeaderInput): string[] } {
  const leader = new Leader(leaderSettings(different), history);
  return {
    leader,
    tell(input) {
      const out: LeaderOutput[] = [];
      leader.step(input, out);
      leader.step({ kind: 'settle', now: input.now }, out);
      return out.map((o) => {
        switch (o.kind) {
          case 'send':
            return `${o.learner}: ${told(o.packet)}`;
          case 'save':
            return `save ${o.file} ${o.epoch}`;
          case 'commit':
            return `commit ${at(o.zxid)}${o.atOnce ? ' at once' : ''}`;
          case 'seen':
            return `seen ${o.ensemble.version}`;
          case 'activate':
            return `activate ${o.ensemble.version} ${o.leader}`;
          case 'established':
            return `established ${o.epoch}`;
          case 'confirmed':
            return 'confirmed';
          case 'snapshot':
            return `${o.learner}: snapshot`;
          case 'search':
            return `${o.learner}: search behind ${at(o.after)}`;
          case 'logged':
            return `${o.learner}: logged behind ${at(o.after)} up to ${at(o.upTo)}`;
          default:
            return `${o.kind} (${o.reason})`;
        }
      });
    },
  };
}

/** A leader of epoch 2 with one follower, connection 20 of server 2, that takes part. */
export function established(history: History, learnersZxid: number) {
  const leader = leaderOf(history);
  const now = 0;
  const hear = (learner: number, p: Packet): string[] =>
    leader.tell({ kind: 'packet', now, learner, packet: p });
  leader.tell({ kind: 'start', now });
  leader.tell({ kind: 'connected', now, learner: 20 });
  const story = [
    hear(20, packet(PacketType.FOLLOWERINFO, zxid(1, 0), info(2))),
    leader.tell({ kind: 'saved', now, file: 'acceptedEpoch' }),
    hear(20, packet(PacketType.ACKEPOCH, learnersZxid, int(1))),
    leader.tell({ kind: 'saved', now, file: 'currentEpoch' }),
    hear(20, packet(PacketType.ACK, zxid(2, 0))),
  ];
  return { leader, hear, story };
}

export function followerOf(
  history: History,
  { needsTree = false } = {},
): {
  tell(input: FollowerInput): string[];
  hear(p: Packet): string[];
} {
  const follower = new Follower(
    {
      self: 2,
      isObserver: false,
      configVersion: 0,
      reconfigEnabled: false,
      tickMs: 100,
      initLimit: 10,
      syncLimit: 5,
      acceptedEpoch: 1,
      currentEpoch: 1,
      needsTree,
    },
    history,
  );
  const tell = (input: FollowerInput): string[] => {
    const out: FollowerOutput[] = [];
    follower.step(input, out);
    return out.map((o) => {
      switch (o.kind) {
        case 'send':
          return told(o.packet);
        case 'save':
          return `save ${o.file} ${o.epoch}`;
        case 'log':
          return `log ${at(o.proposal.zxid)}`;
        case 'apply':
          return `apply ${at(o.proposal.zxid)}`;
        case 'truncate':
        case 'load':
          return `${o.kind} ${at(o.zxid)}`;
        case 'leave':
          return `leave (${o.reason})`;
        default:
          return o.kind;
      }
    });
  };
  return { tell, hear: (p) => tell({ kind: 'packet', now: 0, packet: p }) };
}

export const proposes = (value: number): Packet =>
  packet(PacketType.PROPOSAL, value, proposal(value).payload);
