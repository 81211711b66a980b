import { ensembleIn } from '../../configuration/reconfigure.ts';
import { counterOf } from '../../../tree/transactions/zxid.ts';
import type { History, Proposal } from '../history.ts';
import { sendTo, type LeaderOutput, type LeaderSettings } from './leader-io.ts';
import { isListening, owe, proposalFor, type Learner } from './learner.ts';
import { PacketType, type Packet } from '../packets/packets.ts';
import type { Acknowledged, Quorums } from './quorums.ts';
import { SyncRounds } from './sync-rounds.ts';

/** Who leads in a configuration that came into force here. */
export interface Successor {
  readonly sid: number;
  readonly since: number;
  /** Followers are told, and leave by themselves. */
  readonly isTold: boolean;
}

/**
 * Zab's third phase: what is proposed goes to all, and is committed when a quorum has it on its disks; a proposed configuration comes
 * into force that way, and syncs are answered between the commits.
 */
export class Broadcast {
  private readonly settings: LeaderSettings;
  private readonly history: History;
  private readonly learners: ReadonlyMap<number, Learner>;
  private readonly quorums: Quorums;
  private readonly syncs = new SyncRounds();
  /** Before that nothing is committed. */
  private isOpen: boolean;
  /** An ACK or a sync came since commits were looked for. */
  private mayCommit = false;
  /** Somebody has shown that it follows since syncs were looked for. */
  private mayConfirm = false;
  private designated: Successor | null = null;
  private lastProposedAt = 0;

  constructor(
    settings: LeaderSettings,
    history: History,
    learners: ReadonlyMap<number, Learner>,
    quorums: Quorums,
    isOpen: boolean,
  ) {
    this.isOpen = isOpen;
    this.settings = settings;
    this.history = history;
    this.learners = learners;
    this.quorums = quorums;
  }

  /** Another server was designated: nothing more is committed here. */
  get successor(): Successor | null {
    return this.designated;
  }

  /** These have all that was; a configuration that was never finished is in force with that. */
  open(now: number, synced: readonly number[], out: LeaderOutput[]): void {
    this.isOpen = true;
    this.quorums.open();
    if (this.quorums.proposed === null) return;
    const leader = this.quorums.designate(synced.map((sid) => ({ sid, zxid: 0 })));
    this.activateNext(leader, out);
    // Whoever is here learns of it with UPTODATE, so there is nothing to wait for.
    if (leader !== this.settings.self) this.designated = { sid: leader, since: now, isTold: false };
  }

  propose(now: number, proposal: Proposal, out: LeaderOutput[]): void {
    this.history.add(proposal);
    this.lastProposedAt = now;
    const ensemble = this.settings.reconfigEnabled ? ensembleIn(proposal.transaction) : null;
    if (ensemble !== null) {
      this.quorums.propose(ensemble, proposal.zxid);
      out.push({ kind: 'seen', ensemble });
    }
    for (const learner of this.learners.values()) {
      if (!isListening(learner) || learner.isObserver) continue;
      if (learner.owesAckSince === null) owe(learner, proposal.zxid, now);
      sendTo(learner, proposalFor(learner, proposal), out);
    }
  }

  /** @returns why the learner must go; null: it needn't. */
  acked(learner: Learner, zxid: number): string | null {
    if (counterOf(zxid) === 0 || zxid <= learner.ackedZxid) return null;
    const { last } = this.history;
    if (zxid > last) return 'it acknowledged what was never proposed';
    learner.ackedZxid = zxid;
    if (zxid === last) learner.owesAckSince = null;
    else if (learner.owesAckSince !== null && zxid >= learner.owedZxid)
      owe(learner, last, this.lastProposedAt);
    this.mayCommit = true;
    return null;
  }

  /** The own log has everything up to here on the disk. */
  synced(zxid: number): void {
    this.quorums.synced(zxid);
    this.mayCommit = true;
  }

  sync(): void {
    this.syncs.add(this.history.last);
  }

  pingHeard(learner: Learner): void {
    learner.pingsHeard += 1;
    this.mayConfirm = true;
  }

  ping(learners: readonly Learner[], out: LeaderOutput[]): void {
    for (const learner of learners) {
      learner.pingsSent += 1;
      sendTo(learner, { type: PacketType.PING, zxid: this.history.last, data: null }, out);
    }
    const voters = learners.filter(({ isVoter }) => isVoter);
    if (this.syncs.isEmpty || (voters.length === 0 && learners.length > 0)) return;
    this.syncs.pinged(voters);
    this.mayConfirm = true;
  }

  /** All that came at once was told. */
  settle(now: number, out: LeaderOutput[]): void {
    if (this.syncs.wantsPings) this.ping(this.activeVoters(), out);
    if (this.mayCommit) this.commit(now, out);
    if (this.mayConfirm && !this.syncs.isEmpty) this.confirm(out);
  }

  /** Of a stand-in: it was committed elsewhere, and `leader` leads what it brought; null: it brought no configuration. */
  passOn(proposal: Proposal, leader: number | null, out: LeaderOutput[]): void {
    const ensemble = leader === null ? null : ensembleIn(proposal.transaction);
    if (leader === null || ensemble === null) this.tellCommitted(proposal, out);
    else {
      this.tellActivated(proposal, leader, out);
      this.quorums.replace(ensemble);
    }
  }

  private tellCommitted(proposal: Proposal, out: LeaderOutput[]): void {
    const commit: Packet = { type: PacketType.COMMIT, zxid: proposal.zxid, data: null };
    for (const learner of this.learners.values()) {
      if (!isListening(learner)) continue;
      sendTo(learner, learner.isObserver ? informFor(learner, proposal) : commit, out);
    }
  }

  /** Commits up to the latest proposal that a quorum has on its disks. */
  private commit(now: number, out: LeaderOutput[]): void {
    const { history, quorums } = this;
    this.mayCommit = false;
    if (!this.isOpen || history.last === history.lastCommitted) return;
    if (this.designated !== null) return;
    const { proposedAt } = quorums;
    if (proposedAt !== null) {
      this.commitUpTo(proposedAt - 1, out);
      if (history.uncommitted()[0]?.zxid !== proposedAt || !quorums.have(proposedAt)) return;
      this.commitNext(now, proposedAt, out);
      if (this.designated !== null) return;
    }
    this.commitUpTo(Number.POSITIVE_INFINITY, out);
  }

  private commitUpTo(limit: number, out: LeaderOutput[]): void {
    const { history } = this;
    const upTo = this.quorums.latest(history.lastCommitted, limit);
    if (upTo <= history.lastCommitted) return;
    this.mayConfirm = true;
    const newly = history.commitTo(upTo);
    for (const proposal of newly) {
      this.confirmBefore(proposal.zxid, out);
      this.tellCommitted(proposal, out);
    }
    if (newly.length > 0) out.push({ kind: 'commit', zxid: history.lastCommitted, atOnce: false });
  }

  /** The reconfiguration itself: from here on the next configuration is the one in force. */
  private commitNext(now: number, proposedAt: number, out: LeaderOutput[]): void {
    const [proposal] = this.history.commitTo(proposedAt);
    if (proposal === undefined) return;
    this.confirmBefore(proposal.zxid, out);
    this.mayConfirm = true;
    const leader = this.quorums.designate(this.acknowledged());
    this.tellActivated(proposal, leader, out);
    out.push({ kind: 'commit', zxid: proposal.zxid, atOnce: true });
    this.activateNext(leader, out);
    if (leader !== this.settings.self) this.designated = { sid: leader, since: now, isTold: true };
  }

  private tellActivated({ zxid, payload }: Proposal, leader: number, out: LeaderOutput[]): void {
    const sid = Buffer.alloc(8);
    sid.writeBigInt64BE(BigInt(leader));
    for (const learner of this.learners.values()) {
      if (!isListening(learner)) continue;
      if (learner.isObserver) {
        const data = Buffer.concat([sid, payload]);
        sendTo(learner, { type: PacketType.INFORMANDACTIVATE, zxid, data }, out);
      } else sendTo(learner, { type: PacketType.COMMITANDACTIVATE, zxid, data: sid }, out);
    }
  }

  private acknowledged(): Acknowledged[] {
    const voters = [...this.learners.values()].filter(({ isVoter }) => isVoter);
    return voters.map(({ sid, ackedZxid }) => ({ sid, zxid: ackedZxid }));
  }

  private activateNext(leader: number, out: LeaderOutput[]): void {
    const ensemble = this.quorums.activate();
    out.push({ kind: 'activate', ensemble, leader });
  }

  /** Syncs that were asked before something was proposed, which a quorum has now, are answered before it is told. */
  private confirmBefore(zxid: number, out: LeaderOutput[]): void {
    while (this.syncs.takeBefore(zxid))
      out.push({ kind: 'commit', zxid: zxid - 1, atOnce: true }, { kind: 'confirmed' });
  }

  private confirm(out: LeaderOutput[]): void {
    this.mayConfirm = false;
    if (this.designated !== null) return;
    const voters = this.activeVoters();
    const areQuorum = (followers: readonly number[]): boolean => this.quorums.areQuorum(followers);
    while (this.syncs.takeConfirmed(this.history.lastCommitted, voters, areQuorum))
      out.push({ kind: 'confirmed' });
  }

  private activeVoters(): Learner[] {
    return [...this.learners.values()].filter(({ stage, isVoter }) => stage === 'active' && isVoter);
  }
}

const informFor = (learner: Learner, proposal: Proposal): Packet => ({
  ...proposalFor(learner, proposal),
  type: PacketType.INFORM,
});
