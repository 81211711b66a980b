import type { Ensemble } from '../configuration/ensemble.ts';
import { designate, ensembleIn } from '../configuration/reconfigure.ts';
import { chooseCatchUp } from './catch-up.ts';
import { History, type Proposal } from './history.ts';
import type { EpochFile, LeaderInput, LeaderOutput, LeaderSettings } from './leader-io.ts';
import { isListening, newLearner, readIntroduction, type Learner } from './learner.ts';
import { PROTOCOL_VERSION, PacketType, packetName, type Packet } from './packets.ts';
import { SyncRounds } from './sync-rounds.ts';
import { counterOf, epochOf, firstZxid } from '../election/vote.ts';

type Phase = 'discovering' | 'saving' | 'agreeing' | 'synchronizing' | 'established' | 'resigned';

/**
 * Zab, as the leader plays it: agree with a quorum on a new epoch, bring all to the own history, then propose and commit. It decides;
 * a shell owns sockets, the disk and the tree. What of the own log was there at the start is committed by the quorum of ACKs of
 * NEWLEADER, never by single ACKs.
 */
export class Leader {
  epoch = 0;
  private readonly settings: LeaderSettings;
  private readonly history: History;
  private readonly learners = new Map<number, Learner>();
  private phase: Phase = 'discovering';
  private phaseEnds = 0;
  private highestAccepted: number;
  private readonly introduced = new Set<number>();
  private readonly agreed = new Set<number>();
  private syncedZxid = 0;
  /** An ACK or a sync came since commits were looked for. */
  private mayCommit = false;
  private epochIsSaved = false;
  private isStandIn = false;
  private ensemble: Ensemble;
  /** Proposed as of `zxid`: from there on its quorum is needed, too. */
  private next: { readonly ensemble: Ensemble; readonly zxid: number } | null;
  /** What was proposed while the one before was in force needs that one's quorum as well. */
  private before: { readonly ensemble: Ensemble; readonly upTo: number } | null = null;
  /** Another server was designated: nothing more is committed here. */
  private successor: { readonly sid: number; readonly since: number } | null = null;
  private readonly syncs = new SyncRounds();
  /** Somebody has shown that it follows since syncs were looked for. */
  private mayConfirm = false;

  constructor(settings: LeaderSettings, history: History) {
    this.settings = settings;
    this.history = history;
    this.highestAccepted = settings.acceptedEpoch;
    this.ensemble = settings.ensemble;
    const { proposed } = settings;
    this.next = proposed === null ? null : { ensemble: proposed, zxid: proposed.version };
    this.syncedZxid = history.last;
  }

  /**
   * What a follower plays for observers that come to it instead of the leader (an observer master): the epoch is there, and what is
   * committed it is told by `passOn`.
   */
  static standIn(settings: LeaderSettings, history: History, epoch: number): Leader {
    const core = new Leader(settings, history);
    core.epoch = epoch;
    core.phase = 'established';
    core.isStandIn = true;
    return core;
  }

  /** Whether one of the learners, there or away, doesn't know what came after 3.4. */
  get has34(): boolean {
    return this.settings.members34.size > 0;
  }

  /** The server behind a connection; -1 before it said so. */
  sidOf(learner: number): number {
    return this.learners.get(learner)?.sid ?? -1;
  }

  /** Whether a configuration waits for its quorums. */
  get isReconfiguring(): boolean {
    return this.next !== null;
  }

  /** Whether enough of its voters follow. */
  couldLead(ensemble: Ensemble): boolean {
    const present = [this.settings.self];
    for (const { sid, stage, isObserver } of this.learners.values())
      if (stage === 'active' && !isObserver) present.push(sid);
    return ensemble.verifier.hasQuorum(present);
  }

  isActive(learner: number): boolean {
    return this.learners.get(learner)?.stage === 'active';
  }

  /** Whoever is connected. */
  get connected(): readonly Learner[] {
    return [...this.learners.values()];
  }

  step(input: LeaderInput, out: LeaderOutput[]): void {
    if (this.phase === 'resigned') return;
    switch (input.kind) {
      case 'start':
        this.enter('discovering', input.now);
        this.introduced.add(this.settings.self);
        this.fixEpoch(input.now, out);
        break;
      case 'connected':
        this.learners.set(input.learner, newLearner(input.learner, input.now));
        break;
      case 'gone':
        this.gone(input.learner, out);
        break;
      case 'packet':
        this.heard(input.now, input.learner, input.packet, out);
        break;
      case 'saved':
        this.saved(input.now, input.file, out);
        break;
      case 'found':
        this.found(input.learner, input.isThere, out);
        break;
      case 'propose':
        this.propose(input.now, input.proposal, out);
        break;
      case 'passOn':
        for (const proposal of input.proposals) this.tellCommitted(proposal, out);
        break;
      case 'sync':
        this.syncs.add(this.history.last);
        break;
      case 'synced':
        this.syncedZxid = input.zxid;
        this.mayCommit = true;
        break;
      case 'settle':
        if (this.syncs.wantsPings) this.ping(this.activeVoters(), out);
        if (this.mayCommit) this.commit(input.now, out);
        if (this.mayConfirm && !this.syncs.isEmpty) this.confirm(out);
        break;
      case 'tick':
        this.tick(input.now, out);
        break;
    }
  }

  // ---- agreeing on an epoch

  private heard(now: number, id: number, packet: Packet, out: LeaderOutput[]): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    learner.heardAt = now;
    switch (packet.type) {
      case PacketType.FOLLOWERINFO:
      case PacketType.OBSERVERINFO:
        this.introduce(now, learner, packet, out);
        break;
      case PacketType.ACKEPOCH:
        this.agree(now, learner, packet, out);
        break;
      case PacketType.ACK:
        this.acked(now, learner, packet.zxid, out);
        break;
      default:
        if (packet.type === PacketType.PING) {
          learner.pingsHeard += 1;
          this.mayConfirm = true;
        }
        if (learner.stage !== 'active')
          this.drop(learner, `it sent ${packetName(packet.type)} before it took part`, out);
    }
  }

  private introduce(now: number, learner: Learner, packet: Packet, out: LeaderOutput[]): void {
    const introduction = learner.stage === 'new' ? readIntroduction(packet) : null;
    if (introduction === null) {
      this.drop(learner, 'it introduced itself in a way that is older than 3.4, or twice', out);
      return;
    }
    const { sid, is34, isObserver, configVersion } = introduction;
    Object.assign(learner, { sid, is34, isObserver });
    if (learner.is34) this.settings.members34.add(learner.sid);
    else this.settings.members34.delete(learner.sid);
    if (this.isStandIn && !learner.isObserver) {
      this.drop(learner, 'it is no observer, and no others are taken in here', out);
      return;
    }
    learner.isVoter = this.countsAsVoter(learner);
    if (this.settings.reconfigEnabled && configVersion > this.ensemble.version) {
      this.drop(learner, 'it knows a later configuration of the ensemble', out);
      return;
    }
    for (const other of this.learners.values())
      if (other !== learner && other.sid === learner.sid) this.drop(other, 'it connected anew', out);
    learner.stage = 'introduced';
    if (this.phase === 'discovering') {
      this.highestAccepted = Math.max(this.highestAccepted, epochOf(packet.zxid));
      if (learner.isVoter) this.introduced.add(learner.sid);
      this.fixEpoch(now, out);
    } else if (this.phase !== 'saving' || this.epochIsSaved) this.ask(learner, out);
  }

  private fixEpoch(now: number, out: LeaderOutput[]): void {
    if (!this.ensemble.verifier.hasQuorum(this.introduced)) return;
    this.epoch = this.highestAccepted + 1;
    this.enter('saving', now);
    out.push({ kind: 'save', file: 'acceptedEpoch', epoch: this.epoch });
  }

  private saved(now: number, file: EpochFile, out: LeaderOutput[]): void {
    if (file === 'acceptedEpoch') {
      this.epochIsSaved = true;
      this.enter('agreeing', now);
      // Whoever comes with a configuration of its own shall know that this one was agreed on.
      if (this.settings.reconfigEnabled && this.next === null && this.ensemble.version === 0) {
        const zxid = firstZxid(this.epoch);
        this.next = { ensemble: this.ensemble.at(zxid), zxid };
      }
      this.agreed.add(this.settings.self);
      for (const learner of this.learners.values())
        if (learner.stage === 'introduced') this.ask(learner, out);
      this.settleEpoch(now, out);
    } else {
      this.enter('synchronizing', now);
      for (const learner of this.learners.values())
        if (learner.stage === 'agreed') this.synchronize(learner, out);
      this.establish(out);
    }
  }

  private ask(learner: Learner, out: LeaderOutput[]): void {
    const data = Buffer.alloc(4);
    data.writeInt32BE(PROTOCOL_VERSION, 0);
    learner.stage = 'asked';
    this.send(learner, { type: PacketType.LEADERINFO, zxid: firstZxid(this.epoch), data }, out);
  }

  private agree(now: number, learner: Learner, packet: Packet, out: LeaderOutput[]): void {
    if (learner.stage !== 'asked' || packet.data === null || packet.data.length < 4) {
      this.drop(learner, 'it agreed to an epoch that it was not asked for', out);
      return;
    }
    const epoch = packet.data.readInt32BE(0);
    learner.lastZxid = packet.zxid;
    learner.stage = 'agreed';
    if (this.phase !== 'agreeing') {
      if (this.phase === 'synchronizing' || this.phase === 'established') this.synchronize(learner, out);
      return;
    }
    if (epoch === -1) return;
    const { currentEpoch } = this.settings;
    if (epoch > currentEpoch || (epoch === currentEpoch && packet.zxid > this.history.last)) {
      this.drop(learner, 'its history is longer than the own one', out);
      return;
    }
    if (learner.isVoter) this.agreed.add(learner.sid);
    this.settleEpoch(now, out);
  }

  private settleEpoch(now: number, out: LeaderOutput[]): void {
    if (!this.ensemble.verifier.hasQuorum(this.agreed)) return;
    this.enter('saving', now);
    out.push({ kind: 'save', file: 'currentEpoch', epoch: this.epoch });
  }

  // ---- bringing learners up to date

  /** Brings it up to date, or asks whether the log files can. */
  private synchronize(learner: Learner, out: LeaderOutput[]): void {
    const { history } = this;
    if (learner.is34 && history.uncommitted().some(({ isBeyond34 }) => isBeyond34)) {
      this.drop(
        learner,
        'it is of 3.4 and would break down of what is being proposed; it gets a snapshot when that is committed',
        out,
      );
      return;
    }
    const way = chooseCatchUp(learner, history, this.settings);
    switch (way.kind) {
      case 'search':
        learner.stage = 'searching';
        out.push({ kind: 'search', learner: learner.id, after: learner.lastZxid, for34: learner.is34 });
        return;
      case 'truncate':
        if (this.isStandIn) {
          this.drop(learner, 'it is ahead of this follower', out);
          return;
        }
        this.send(learner, { type: PacketType.TRUNC, zxid: history.lastCommitted, data: null }, out);
        this.bring(learner, [], out);
        return;
      case 'diff':
        if (this.isOneTooMany(learner, 'diff', out)) return;
        this.send(learner, { type: PacketType.DIFF, zxid: history.lastCommitted, data: null }, out);
        this.bring(learner, way.missing, out);
        return;
      case 'snapshot':
        this.sendTree(learner, out);
    }
  }

  /** The log files were looked through: they have all between its log and what is kept in memory, or don't. */
  private found(id: number, isThere: boolean, out: LeaderOutput[]): void {
    const learner = this.learners.get(id);
    if (learner?.stage !== 'searching') return;
    const { history } = this;
    if (!isThere) this.sendTree(learner, out);
    else if (!this.isOneTooMany(learner, 'diff', out)) {
      this.send(learner, { type: PacketType.DIFF, zxid: history.lastCommitted, data: null }, out);
      const { lastZxid: after, is34: for34 } = learner;
      out.push({ kind: 'logged', learner: id, after, upTo: history.begin, for34 });
      this.bring(learner, history.after(history.begin) ?? [], out);
    }
  }

  private sendTree(learner: Learner, out: LeaderOutput[]): void {
    if (this.isOneTooMany(learner, 'snapshot', out)) return;
    out.push({ kind: 'snapshot', learner: learner.id });
    this.bring(learner, [], out);
  }

  /** Observers may wait; who has a vote may not. */
  private isOneTooMany(learner: Learner, way: 'diff' | 'snapshot', out: LeaderOutput[]): boolean {
    const { maxConcurrentDiffSyncs, maxConcurrentSnapSyncs } = this.settings;
    const most = way === 'diff' ? maxConcurrentDiffSyncs : maxConcurrentSnapSyncs;
    const isUnderway = (other: Learner): boolean => other.stage === 'syncing' && other.catchUp === way;
    const underway = [...this.learners.values()].filter(isUnderway).length;
    if (learner.isObserver && underway >= most) {
      const key = way === 'diff' ? 'maxConcurrentDiffSyncs' : 'maxConcurrentSnapSyncs';
      this.drop(learner, `${underway} others are being brought up to date, and ${key} allows no more`, out);
      return true;
    }
    learner.catchUp = way;
    return false;
  }

  /** From here on the learner gets all that is proposed: nothing may come between its part of the history and that. */
  private bring(learner: Learner, missing: readonly Proposal[], out: LeaderOutput[]): void {
    for (const proposal of missing) {
      this.send(learner, this.proposalFor(learner, proposal), out);
      this.send(learner, { type: PacketType.COMMIT, zxid: proposal.zxid, data: null }, out);
    }
    if (!learner.isObserver)
      for (const proposal of this.history.uncommitted())
        this.send(learner, this.proposalFor(learner, proposal), out);
    const { tellsEnsemble } = this.settings;
    const ensemble = this.next?.ensemble ?? this.ensemble;
    const data = learner.is34 || !tellsEnsemble ? null : Buffer.from(ensemble.text);
    this.send(learner, { type: PacketType.NEWLEADER, zxid: firstZxid(this.epoch), data }, out);
    learner.stage = 'syncing';
  }

  private acked(now: number, learner: Learner, zxid: number, out: LeaderOutput[]): void {
    if (learner.stage === 'syncing') {
      if (zxid !== firstZxid(this.epoch)) {
        this.drop(learner, 'its first ACK was not for NEWLEADER', out);
        return;
      }
      learner.stage = 'synced';
      if (this.phase === 'established') this.activate(now, learner, out);
      else this.establish(out);
      return;
    }
    if (learner.stage !== 'active' || counterOf(zxid) === 0 || zxid <= learner.ackedZxid) return;
    if (zxid > this.history.last) {
      this.drop(learner, 'it acknowledged what was never proposed', out);
      return;
    }
    learner.ackedZxid = zxid;
    learner.owesAckSince = zxid < this.history.last ? now : null;
    this.mayCommit = true;
  }

  private establish(out: LeaderOutput[]): void {
    if (this.phase !== 'synchronizing') return;
    const synced = [this.settings.self];
    for (const learner of this.learners.values())
      if (learner.stage === 'synced' && learner.isVoter) synced.push(learner.sid);
    if (!this.hasQuorum(synced, Number.POSITIVE_INFINITY)) return;
    this.phase = 'established';
    if (this.next !== null) this.activateNext([], synced, out);
    out.push({ kind: 'established', epoch: this.epoch });
    for (const learner of this.learners.values())
      if (learner.stage === 'synced') this.activate(learner.heardAt, learner, out);
  }

  private activate(now: number, learner: Learner, out: LeaderOutput[]): void {
    learner.stage = 'active';
    const isOwing = !learner.isObserver && this.history.last > this.history.lastCommitted;
    if (isOwing) learner.owesAckSince = now;
    this.send(learner, { type: PacketType.UPTODATE, zxid: -1, data: null }, out);
  }

  // ---- broadcast

  private propose(now: number, proposal: Proposal, out: LeaderOutput[]): void {
    this.history.add(proposal);
    const ensemble = this.settings.reconfigEnabled ? ensembleIn(proposal.transaction) : null;
    if (ensemble !== null) {
      this.next = { ensemble, zxid: proposal.zxid };
      this.recount();
      out.push({ kind: 'seen', ensemble });
    }
    for (const learner of this.learners.values()) {
      if (!isListening(learner) || learner.isObserver) continue;
      learner.owesAckSince ??= now;
      this.send(learner, this.proposalFor(learner, proposal), out);
    }
  }

  /** Commits up to the latest proposal that a quorum has on its disks. */
  private commit(now: number, out: LeaderOutput[]): void {
    const { history } = this;
    this.mayCommit = false;
    if (this.phase !== 'established' || history.last === history.lastCommitted) return;
    if (this.successor !== null) return;
    if (this.next !== null) {
      this.commitUpTo(this.quorumZxid(this.next.zxid - 1), out);
      if (history.uncommitted()[0]?.zxid !== this.next.zxid || !this.quorumHas(this.next.zxid)) return;
      this.commitNext(now, out);
      if (this.successor !== null) return;
    }
    if (this.before !== null) {
      this.commitUpTo(this.quorumZxid(this.before.upTo), out);
      if (history.lastCommitted < this.before.upTo) return;
      this.before = null;
      this.recount();
    }
    this.commitUpTo(this.quorumZxid(Number.POSITIVE_INFINITY), out);
  }

  private commitUpTo(upTo: number, out: LeaderOutput[]): void {
    const { history } = this;
    if (upTo <= history.lastCommitted) return;
    this.mayConfirm = true;
    const newly = history.commitTo(upTo);
    for (const proposal of newly) {
      this.confirmBefore(proposal.zxid, out);
      this.tellCommitted(proposal, out);
    }
    if (newly.length > 0) out.push({ kind: 'commit', zxid: history.lastCommitted, atOnce: false });
  }

  /** Syncs that were asked before something was proposed, which a quorum has now, are answered before it is told. */
  private confirmBefore(zxid: number, out: LeaderOutput[]): void {
    while (this.syncs.takeBefore(zxid))
      out.push({ kind: 'commit', zxid: zxid - 1, atOnce: true }, { kind: 'confirmed' });
  }

  private confirm(out: LeaderOutput[]): void {
    const { ensemble, next, before } = this;
    this.mayConfirm = false;
    if (this.successor !== null) return;
    const isQuorum = (followers: readonly number[]): boolean =>
      [ensemble, next?.ensemble, before?.ensemble].every(
        (each) => each?.verifier.hasQuorum([this.settings.self, ...followers]) !== false,
      );
    const voters = this.activeVoters();
    while (this.syncs.takeConfirmed(this.history.lastCommitted, voters, isQuorum))
      out.push({ kind: 'confirmed' });
  }

  private activeVoters(): Learner[] {
    return [...this.learners.values()].filter(({ stage, isVoter }) => stage === 'active' && isVoter);
  }

  private ping(learners: readonly Learner[], out: LeaderOutput[]): void {
    for (const learner of learners) {
      learner.pingsSent += 1;
      this.send(learner, { type: PacketType.PING, zxid: this.history.last, data: null }, out);
    }
    const voters = learners.filter(({ isVoter }) => isVoter);
    if (this.syncs.isEmpty || (voters.length === 0 && learners.length > 0)) return;
    this.syncs.pinged(voters);
    this.mayConfirm = true;
  }

  private tellCommitted(proposal: Proposal, out: LeaderOutput[]): void {
    const commit: Packet = { type: PacketType.COMMIT, zxid: proposal.zxid, data: null };
    for (const learner of this.learners.values()) {
      if (!isListening(learner)) continue;
      const inform = (): Packet => ({
        ...this.proposalFor(learner, proposal),
        type: PacketType.INFORM,
        wire: null,
      });
      this.send(learner, learner.isObserver ? inform() : commit, out);
    }
  }

  /** The reconfiguration itself: from here on the next configuration is the one in force. */
  private commitNext(now: number, out: LeaderOutput[]): void {
    const { history } = this;
    const [proposal] = history.commitTo(this.next!.zxid);
    if (proposal === undefined) return;
    this.confirmBefore(proposal.zxid, out);
    this.mayConfirm = true;
    const acknowledged = [...this.learners.values()].filter(({ isVoter }) => isVoter);
    const acks = acknowledged.map(({ sid, ackedZxid }) => ({ sid, zxid: ackedZxid }));
    const leader = designate(this.settings.self, this.ensemble, this.next!.ensemble, acks);
    const sid = Buffer.alloc(8);
    sid.writeBigInt64BE(BigInt(leader));
    for (const learner of this.learners.values()) {
      if (!isListening(learner)) continue;
      const { zxid, payload } = proposal;
      if (learner.isObserver) {
        const data = Buffer.concat([sid, payload]);
        this.send(learner, { type: PacketType.INFORMANDACTIVATE, zxid, data }, out);
      } else this.send(learner, { type: PacketType.COMMITANDACTIVATE, zxid, data: sid }, out);
    }
    out.push({ kind: 'commit', zxid: proposal.zxid, atOnce: true });
    this.activateNext(acks, [], out, leader);
    if (leader !== this.settings.self) this.successor = { sid: leader, since: now };
  }

  private activateNext(
    acks: readonly { readonly sid: number; readonly zxid: number }[],
    synced: readonly number[],
    out: LeaderOutput[],
    designated?: number,
  ): void {
    const { ensemble } = this.next!;
    const { history } = this;
    const fit = acks.length > 0 ? acks : synced.map((sid) => ({ sid, zxid: 0 }));
    const leader = designated ?? designate(this.settings.self, this.ensemble, ensemble, fit);
    this.before =
      history.last > history.lastCommitted ? { ensemble: this.ensemble, upTo: history.last } : null;
    this.ensemble = ensemble;
    this.next = null;
    this.recount();
    out.push({ kind: 'activate', ensemble, leader });
  }

  private countsAsVoter({ isObserver, sid }: Learner): boolean {
    const inForce = [this.ensemble, this.next?.ensemble, this.before?.ensemble];
    return !isObserver && inForce.some((ensemble) => ensemble?.isVoter(sid) === true);
  }

  private recount(): void {
    for (const learner of this.learners.values()) learner.isVoter = this.countsAsVoter(learner);
  }

  /** Of every configuration that has a say in what stands at `zxid`. */
  private hasQuorum(present: readonly number[], zxid: number): boolean {
    const { ensemble, next, before } = this;
    return (
      ensemble.verifier.hasQuorum(present) &&
      (next === null || zxid < next.zxid || next.ensemble.verifier.hasQuorum(present)) &&
      (before === null || zxid > before.upTo || before.ensemble.verifier.hasQuorum(present))
    );
  }

  /** The latest that a quorum has, of what stands up to `limit`. */
  private quorumZxid(limit: number): number {
    let best = this.history.lastCommitted;
    const own = Math.min(limit, this.syncedZxid);
    if (own > best && this.quorumHas(own)) best = own;
    for (const { stage, isVoter, ackedZxid } of this.learners.values()) {
      const acked = Math.min(limit, ackedZxid);
      if (stage === 'active' && isVoter && acked > best && this.quorumHas(acked)) best = acked;
    }
    return best;
  }

  private quorumHas(zxid: number): boolean {
    const having: number[] = [];
    if (this.syncedZxid >= zxid) having.push(this.settings.self);
    for (const { sid, stage, isVoter, ackedZxid } of this.learners.values())
      if (stage === 'active' && isVoter && ackedZxid >= zxid) having.push(sid);
    return this.hasQuorum(having, zxid);
  }

  private proposalFor(learner: Learner, proposal: Proposal): Packet {
    const { zxid, payload, payloadOf34, wire } = proposal;
    return learner.is34 && payloadOf34 !== payload
      ? { type: PacketType.PROPOSAL, zxid, data: payloadOf34 }
      : { type: PacketType.PROPOSAL, zxid, data: payload, wire };
  }

  // ---- time, and the loss of learners

  private tick(now: number, out: LeaderOutput[]): void {
    const { tickMs, syncLimit } = this.settings;
    if (this.phase !== 'established' && now > this.phaseEnds) {
      this.resign(
        this.phase === 'synchronizing'
          ? 'a quorum did not synchronize within initLimit'
          : 'a quorum did not come to agree on an epoch within initLimit',
        out,
      );
      return;
    }
    if (this.successor !== null && now - this.successor.since > tickMs * syncLimit) {
      this.resign(`the ensemble was reconfigured, and server ${this.successor.sid} leads from now on`, out);
      return;
    }
    for (const learner of this.learners.values()) {
      const silentMs = now - learner.heardAt;
      if (learner.stage === 'active') {
        if (learner.owesAckSince !== null && now - learner.owesAckSince > tickMs * syncLimit)
          this.drop(learner, 'it did not acknowledge a proposal within syncLimit', out);
        else if (silentMs > tickMs * syncLimit)
          this.drop(learner, 'nothing was heard of it within syncLimit', out);
        else this.ping([learner], out);
      } else if (silentMs > tickMs * (this.settings.initLimit + syncLimit))
        this.drop(learner, 'it did not synchronize within initLimit', out);
    }
  }

  private gone(id: number, out: LeaderOutput[]): void {
    const learner = this.learners.get(id);
    this.learners.delete(id);
    if (learner !== undefined) this.checkQuorum(out);
  }

  private drop(learner: Learner, reason: string, out: LeaderOutput[]): void {
    if (!this.learners.delete(learner.id)) return;
    out.push({ kind: 'drop', learner: learner.id, reason });
    this.checkQuorum(out);
  }

  /** Without a quorum nothing can be committed: who goes on leading would only make clients wait. */
  private checkQuorum(out: LeaderOutput[]): void {
    if (this.phase !== 'established' || this.isStandIn) return;
    const present = [this.settings.self];
    for (const learner of this.learners.values()) if (learner.isVoter) present.push(learner.sid);
    if (this.hasQuorum(present, Number.POSITIVE_INFINITY)) return;
    const { successor } = this;
    this.resign(
      successor === null
        ? 'too few followers are left for a quorum'
        : `the ensemble was reconfigured, and server ${successor.sid} leads from now on`,
      out,
    );
  }

  private resign(reason: string, out: LeaderOutput[]): void {
    if (this.phase === 'resigned') return;
    this.phase = 'resigned';
    out.push({ kind: 'resign', reason });
  }

  private enter(phase: Phase, now: number): void {
    this.phase = phase;
    this.phaseEnds = now + this.settings.tickMs * this.settings.initLimit;
  }

  private send(learner: Learner, packet: Packet, out: LeaderOutput[]): void {
    out.push({ kind: 'send', learner: learner.id, packet });
  }
}
