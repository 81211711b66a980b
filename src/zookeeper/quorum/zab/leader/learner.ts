import type { Proposal } from '../history.ts';
import { PROTOCOL_VERSION, PacketType, type Packet } from '../packets/packets.ts';

/** What a learner has done: told its epoch; was told the new one; agreed; is looked up in the log files; is being synchronized; has all that was; takes part. */
export type Stage = 'new' | 'introduced' | 'asked' | 'agreed' | 'searching' | 'syncing' | 'synced' | 'active';

/** One that is connected to this leader, as the leader sees it. */
export interface Learner {
  readonly id: number;
  sid: number;
  stage: Stage;
  isVoter: boolean;
  isObserver: boolean;
  /** LearnerInfo of 12 bytes: it doesn't know what came after 3.4. */
  is34: boolean;
  /** Its log ends here. */
  lastZxid: number;
  ackedZxid: number;
  /** When something came of it, or the network took some of the tree or the log that is sent to it. */
  heardAt: number;
  /** When its server was last heard over an earlier connection, by which it took part not long ago; null: there is none. */
  tookPartAt: number | null;
  pingsSent: number;
  pingsHeard: number;
  /** Since when `owedZxid`, or what was proposed next to it, waits for its ACK; null: nothing does. */
  owesAckSince: number | null;
  /** One proposal stands for those before it. Once it is acknowledged, the last one that was proposed by then takes its place. */
  owedZxid: number;
  /** How it is brought up to date. */
  catchUp: 'diff' | 'snapshot' | null;
}

export const newLearner = (id: number, now: number): Learner => ({
  id,
  sid: -1,
  stage: 'new',
  isVoter: false,
  isObserver: false,
  is34: false,
  lastZxid: 0,
  ackedZxid: -1,
  heardAt: now,
  tookPartAt: null,
  pingsSent: 0,
  pingsHeard: 0,
  owesAckSince: null,
  owedZxid: 0,
  catchUp: null,
});

/** From `since` on it owes the ACK of that proposal. */
export function owe(learner: Learner, zxid: number, since: number): void {
  learner.owedZxid = zxid;
  learner.owesAckSince = since;
}

/** Whether it gets what is proposed and committed. */
export function isListening({ stage }: Learner): boolean {
  return stage === 'syncing' || stage === 'synced' || stage === 'active';
}

/** How many are connected, and how many of each kind take part. */
export function countLearners(learners: readonly Learner[]): {
  all: number;
  followers: number;
  nonVoting: number;
  observers: number;
} {
  const active = learners.filter(({ stage }) => stage === 'active');
  const followers = active.filter(({ isObserver }) => !isObserver);
  return {
    all: learners.length,
    followers: followers.length,
    nonVoting: followers.filter(({ isVoter }) => !isVoter).length,
    observers: active.length - followers.length,
  };
}

/** Connections of observers that take part. */
export function observersAmong(learners: readonly Learner[]): number[] {
  return learners.filter(({ stage, isObserver }) => stage === 'active' && isObserver).map(({ id }) => id);
}

/** Of a FOLLOWERINFO or OBSERVERINFO; null: it is older than 3.4, or makes no sense. */
export function readIntroduction({ type, data }: Packet): {
  readonly sid: number;
  readonly is34: boolean;
  readonly isObserver: boolean;
  /** Of the latest configuration that it knows. */
  readonly configVersion: bigint;
} | null {
  if (data === null || data.length < 12 || data.readInt32BE(8) < PROTOCOL_VERSION) return null;
  const is34 = data.length < 20;
  return {
    sid: Number(data.readBigInt64BE(0)),
    is34,
    isObserver: type === PacketType.OBSERVERINFO,
    configVersion: is34 ? 0n : data.readBigInt64BE(12),
  };
}

/** As this learner can read it. */
export function proposalFor({ is34 }: Learner, { zxid, payload, payloadOf34 }: Proposal): Packet {
  return { type: PacketType.PROPOSAL, zxid, data: is34 ? payloadOf34 : payload };
}
