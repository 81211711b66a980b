import { firstZxid } from '../../../tree/transactions/zxid.ts';
import { chooseCatchUp } from './catch-up.ts';
import type { History, Proposal } from '../history.ts';
import { sendTo, type LeaderOutput, type LeaderSettings } from './leader-io.ts';
import { proposalFor, type Learner } from './learner.ts';
import { PacketType } from '../packets/packets.ts';
import type { Quorums } from './quorums.ts';

/**
 * Zab's second phase, of each learner that comes: it is brought to the leader's history, and told all that is proposed from then on.
 * What returns a string gives the reason why the learner must go instead.
 */
export class Synchronization {
  private readonly settings: LeaderSettings;
  private readonly history: History;
  private readonly learners: ReadonlyMap<number, Learner>;
  private readonly quorums: Quorums;
  private readonly isStandIn: boolean;

  constructor(
    settings: LeaderSettings,
    history: History,
    learners: ReadonlyMap<number, Learner>,
    quorums: Quorums,
    isStandIn: boolean,
  ) {
    this.settings = settings;
    this.history = history;
    this.learners = learners;
    this.quorums = quorums;
    this.isStandIn = isStandIn;
  }

  /** Brings it up to date, or asks whether the log files can. */
  begin(learner: Learner, epoch: number, out: LeaderOutput[]): string | null {
    const { history } = this;
    if (learner.is34 && history.uncommitted().some(({ isBeyond34 }) => isBeyond34))
      return 'it is of 3.4 and would break down of what is being proposed; it gets a snapshot when that is committed';
    const way = chooseCatchUp(learner, history, this.settings);
    switch (way.kind) {
      case 'search':
        learner.stage = 'searching';
        out.push({ kind: 'search', learner: learner.id, after: learner.lastZxid, for34: learner.is34 });
        return null;
      case 'truncate':
        if (this.isStandIn) return 'it is ahead of this follower';
        sendTo(learner, { type: PacketType.TRUNC, zxid: history.lastCommitted, data: null }, out);
        this.bring(learner, epoch, [], out);
        return null;
      case 'diff': {
        const refusal = this.take(learner, 'diff');
        if (refusal !== null) return refusal;
        sendTo(learner, { type: PacketType.DIFF, zxid: history.lastCommitted, data: null }, out);
        this.bring(learner, epoch, way.missing, out);
        return null;
      }
      case 'snapshot':
        return this.sendTree(learner, epoch, out);
    }
  }

  /** The log files were looked through: they have all between its log and what is kept in memory, or don't. */
  found(learner: Learner, epoch: number, isThere: boolean, out: LeaderOutput[]): string | null {
    if (!isThere) return this.sendTree(learner, epoch, out);
    const refusal = this.take(learner, 'diff');
    if (refusal !== null) return refusal;
    const { history } = this;
    sendTo(learner, { type: PacketType.DIFF, zxid: history.lastCommitted, data: null }, out);
    const { id, lastZxid: after, is34: for34 } = learner;
    out.push({ kind: 'logged', learner: id, after, upTo: history.begin, for34 });
    this.bring(learner, epoch, history.after(history.begin) ?? [], out);
    return null;
  }

  private sendTree(learner: Learner, epoch: number, out: LeaderOutput[]): string | null {
    const refusal = this.take(learner, 'snapshot');
    if (refusal !== null) return refusal;
    out.push({ kind: 'snapshot', learner: learner.id });
    this.bring(learner, epoch, [], out);
    return null;
  }

  /** So many at a time; observers may wait, who has a vote may not. */
  private take(learner: Learner, way: 'diff' | 'snapshot'): string | null {
    const key = way === 'diff' ? 'maxConcurrentDiffSyncs' : 'maxConcurrentSnapSyncs';
    const isUnderway = (other: Learner): boolean => other.stage === 'syncing' && other.catchUp === way;
    const underway = [...this.learners.values()].filter(isUnderway).length;
    if (learner.isObserver && underway >= this.settings[key])
      return `${underway} others are being brought up to date, and ${key} allows no more`;
    learner.catchUp = way;
    return null;
  }

  /** From here on the learner gets all that is proposed: nothing may come between its part of the history and that. */
  private bring(learner: Learner, epoch: number, missing: readonly Proposal[], out: LeaderOutput[]): void {
    for (const proposal of missing) {
      sendTo(learner, proposalFor(learner, proposal), out);
      sendTo(learner, { type: PacketType.COMMIT, zxid: proposal.zxid, data: null }, out);
    }
    if (!learner.isObserver)
      for (const proposal of this.history.uncommitted()) sendTo(learner, proposalFor(learner, proposal), out);
    const data = learner.is34 || !this.settings.tellsEnsemble ? null : Buffer.from(this.quorums.begins.text);
    sendTo(learner, { type: PacketType.NEWLEADER, zxid: firstZxid(epoch), data }, out);
    learner.stage = 'syncing';
  }
}
