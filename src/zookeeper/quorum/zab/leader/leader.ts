import type { Ensemble } from '../../configuration/ensemble.ts';
import { LAST_EPOCH, epochOf, firstZxid } from '../../../tree/transactions/zxid.ts';
import { Broadcast } from './broadcast.ts';
import type { History } from '../history.ts';
import {
  sendTo,
  type EpochFile,
  type LeaderInput,
  type LeaderOutput,
  type LeaderSettings,
} from './leader-io.ts';
import { newLearner, owe, readIntroduction, type Learner } from './learner.ts';
import { PROTOCOL_VERSION, PacketType, packetName, type Packet } from '../packets/packets.ts';
import { Quorums } from './quorums.ts';
import { Synchronization } from './synchronization.ts';

type Phase = 'discovering' | 'saving' | 'agreeing' | 'synchronizing' | 'established' | 'resigned';

const succeededBy = (sid: number): string =>
  `the ensemble was reconfigured, and server ${sid} leads from now on`;

/**
 * Zab, as the leader plays it: agree with a quorum on a new epoch (here), bring all to the own history (`Synchronization`), then
 * propose and commit (`Broadcast`). It decides; a shell owns sockets, the disk and the tree. What of the own log was there at the start
 * is committed by the quorum of ACKs of NEWLEADER, never by single ACKs. Here is also who comes and goes, and what must be done in time.
 */
export class Leader {
  epoch: number;
  private readonly settings: LeaderSettings;
  private readonly history: History;
  private readonly learners = new Map<number, Learner>();
  private readonly quorums: Quorums;
  private readonly synchronization: Synchronization;
  private readonly broadcast: Broadcast;
  private readonly isStandIn: boolean;
  private phase: Phase;
  private phaseEnds = 0;
  private highestAccepted: number;
  private readonly introduced = new Set<number>();
  private readonly agreed = new Set<number>();
  private epochIsSaved = false;

  /** `standInEpoch`: see `standIn`; null: it is a leader. */
  constructor(settings: LeaderSettings, history: History, standInEpoch: number | null = null) {
    const { learners } = this;
    this.settings = settings;
    this.history = history;
    this.isStandIn = standInEpoch !== null;
    this.epoch = standInEpoch ?? 0;
    this.phase = this.isStandIn ? 'established' : 'discovering';
    this.highestAccepted = settings.acceptedEpoch;
    this.quorums = new Quorums(settings, learners, history.last);
    this.synchronization = new Synchronization(settings, history, learners, this.quorums, this.isStandIn);
    this.broadcast = new Broadcast(settings, history, learners, this.quorums, this.isStandIn);
  }

  /**
   * What a follower plays for observers that come to it instead of the leader (an observer master): the epoch is there, and what is
   * committed it is told by `passOn`.
   */
  static standIn(settings: LeaderSettings, history: History, epoch: number): Leader {
    return new Leader(settings, history, epoch);
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
    return this.quorums.proposed !== null;
  }

  /** Whether enough of its voters follow. Who observes in the configuration in force is about to come back as an observer, who acknowledges nothing. */
  couldLead(ensemble: Ensemble): boolean {
    const present = [this.settings.self];
    for (const { sid, stage, isObserver } of this.learners.values())
      if (stage === 'active' && !isObserver && !this.quorums.observes(sid)) present.push(sid);
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
      case 'taken':
        this.taken(input.now, input.learner);
        break;
      case 'found':
        this.found(input.now, input.learner, input.isThere, out);
        break;
      case 'propose':
        this.broadcast.propose(input.now, input.proposal, out);
        break;
      case 'passOn':
        this.broadcast.passOn(input.proposal, input.leader, out);
        break;
      case 'sync':
        this.broadcast.sync();
        break;
      case 'synced':
        this.broadcast.synced(input.zxid);
        break;
      case 'settle':
        this.broadcast.settle(input.now, out);
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
        if (packet.type === PacketType.PING) this.broadcast.pingHeard(learner);
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
    if (this.isStandIn && !learner.isObserver) {
      this.drop(learner, 'it is no observer, and no others are taken in here', out);
      return;
    }
    learner.isVoter = this.quorums.countsAsVoter(learner);
    if (this.settings.reconfigEnabled && configVersion > this.quorums.ensemble.version) {
      this.drop(learner, 'it knows a later configuration of the ensemble', out);
      return;
    }
    for (const other of this.learners.values()) {
      if (other === learner || other.sid !== learner.sid) continue;
      learner.tookPartAt = other.stage === 'active' ? other.heardAt : other.tookPartAt;
      this.drop(other, 'it connected anew', out);
    }
    if (is34) this.settings.members34.add(sid);
    else this.settings.members34.delete(sid);
    learner.stage = 'introduced';
    if (this.phase === 'discovering') {
      // Observers' counts, too, or one that is ahead would never be taken in. A stranger's doesn't: it could name any.
      if (this.quorums.hasMember(sid))
        this.highestAccepted = Math.max(this.highestAccepted, epochOf(packet.zxid));
      if (learner.isVoter) this.introduced.add(learner.sid);
      this.fixEpoch(now, out);
    } else if (this.phase !== 'saving' || this.epochIsSaved) {
      const accepted = epochOf(packet.zxid);
      if (this.phase === 'established' && learner.isVoter && accepted > this.epoch)
        // Apache's leaders lead on, without it, until something else ends their epoch.
        this.resign(
          `server ${sid} has agreed to epoch ${accepted} already, and can follow in a later one only`,
          out,
        );
      else this.ask(learner, out);
    }
  }

  private fixEpoch(now: number, out: LeaderOutput[]): void {
    if (!this.quorums.hasQuorum([...this.introduced], Number.POSITIVE_INFINITY)) return;
    if (this.highestAccepted >= LAST_EPOCH) {
      this.resign(
        `one of its servers has agreed to epoch ${this.highestAccepted}, the last that there can be`,
        out,
      );
      return;
    }
    this.epoch = this.highestAccepted + 1;
    this.enter('saving', now);
    out.push({ kind: 'save', file: 'acceptedEpoch', epoch: this.epoch });
  }

  private saved(now: number, file: EpochFile, out: LeaderOutput[]): void {
    if (file === 'acceptedEpoch') {
      this.epochIsSaved = true;
      this.enter('agreeing', now);
      // Whoever comes with a configuration of its own shall know that this one was agreed on.
      if (this.settings.reconfigEnabled && !this.isReconfiguring && this.quorums.ensemble.version === 0) {
        const zxid = firstZxid(this.epoch);
        this.quorums.propose(this.quorums.ensemble.at(zxid), zxid);
      }
      this.agreed.add(this.settings.self);
      for (const learner of this.learners.values())
        if (learner.stage === 'introduced') this.ask(learner, out);
      this.settleEpoch(now, out);
    } else {
      this.enter('synchronizing', now);
      for (const learner of this.learners.values())
        if (learner.stage === 'agreed') this.synchronize(learner, out);
      this.establish(now, out);
    }
  }

  private ask(learner: Learner, out: LeaderOutput[]): void {
    const data = Buffer.alloc(4);
    data.writeInt32BE(PROTOCOL_VERSION, 0);
    learner.stage = 'asked';
    sendTo(learner, { type: PacketType.LEADERINFO, zxid: firstZxid(this.epoch), data }, out);
  }

  private agree(now: number, learner: Learner, packet: Packet, out: LeaderOutput[]): void {
    if (learner.stage !== 'asked' || packet.data === null || packet.data.length < 4) {
      this.drop(learner, 'it agreed to an epoch that it was not asked for', out);
      return;
    }
    const epoch = packet.data.readInt32BE(0);
    if (epoch < -1 || epoch > LAST_EPOCH) {
      this.drop(learner, `it says that it took part in epoch ${epoch}, to which no ensemble gets`, out);
      return;
    }
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
    if (!this.quorums.hasQuorum([...this.agreed], Number.POSITIVE_INFINITY)) return;
    this.enter('saving', now);
    out.push({ kind: 'save', file: 'currentEpoch', epoch: this.epoch });
  }

  // ---- bringing learners up to date

  private synchronize(learner: Learner, out: LeaderOutput[]): void {
    this.dropFor(learner, this.synchronization.begin(learner, this.epoch, out), out);
  }

  private found(now: number, id: number, isThere: boolean, out: LeaderOutput[]): void {
    const learner = this.learners.get(id);
    if (learner?.stage !== 'searching') return;
    learner.heardAt = now;
    this.dropFor(learner, this.synchronization.found(learner, this.epoch, isThere, out), out);
  }

  /** However long it takes to bring all of it over: the learner's time to acknowledge begins when it has it. */
  private taken(now: number, id: number): void {
    const learner = this.learners.get(id);
    if (learner?.stage === 'syncing') learner.heardAt = now;
  }

  private acked(now: number, learner: Learner, zxid: number, out: LeaderOutput[]): void {
    if (learner.stage === 'syncing') {
      if (zxid !== firstZxid(this.epoch)) {
        this.drop(learner, 'its first ACK was not for NEWLEADER', out);
        return;
      }
      learner.stage = 'synced';
      if (this.phase === 'established') this.activate(now, learner, out);
      else this.establish(now, out);
      return;
    }
    if (learner.stage === 'active') this.dropFor(learner, this.broadcast.acked(learner, zxid), out);
  }

  private establish(now: number, out: LeaderOutput[]): void {
    if (this.phase !== 'synchronizing') return;
    const synced = [this.settings.self];
    for (const learner of this.learners.values())
      if (learner.stage === 'synced' && learner.isVoter) synced.push(learner.sid);
    if (!this.quorums.hasQuorum(synced, Number.POSITIVE_INFINITY)) return;
    this.phase = 'established';
    this.broadcast.open(now, synced, out);
    out.push({ kind: 'established', epoch: this.epoch });
    for (const learner of this.learners.values())
      if (learner.stage === 'synced') this.activate(learner.heardAt, learner, out);
  }

  private activate(now: number, learner: Learner, out: LeaderOutput[]): void {
    learner.stage = 'active';
    const isOwing = !learner.isObserver && this.history.last > this.history.lastCommitted;
    if (isOwing) owe(learner, this.history.last, now);
    else learner.owesAckSince = null;
    sendTo(learner, { type: PacketType.UPTODATE, zxid: -1, data: null }, out);
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
    const { successor } = this.broadcast;
    const patienceMs = successor?.isTold === true ? tickMs * syncLimit : 0;
    if (successor !== null && now - successor.since > patienceMs) {
      this.resign(succeededBy(successor.sid), out);
      return;
    }
    for (const learner of this.learners.values()) {
      if (learner.tookPartAt !== null && now - learner.tookPartAt > tickMs * syncLimit)
        learner.tookPartAt = null;
      const silentMs = now - learner.heardAt;
      if (learner.stage === 'active') {
        if (learner.owesAckSince !== null && now - learner.owesAckSince > tickMs * syncLimit)
          this.drop(learner, 'it did not acknowledge a proposal within syncLimit', out);
        else if (silentMs > tickMs * syncLimit)
          this.drop(learner, 'nothing was heard of it within syncLimit', out);
        else this.broadcast.ping([learner], out);
      } else if (learner.stage !== 'searching' && silentMs > tickMs * (this.settings.initLimit + syncLimit))
        this.drop(learner, 'it did not synchronize within initLimit', out);
    }
    this.checkQuorum(out);
  }

  private gone(id: number, out: LeaderOutput[]): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    this.forget(learner);
    this.checkQuorum(out);
  }

  /** Of strangers nobody knows if they come back. */
  private forget({ id, sid }: Learner): void {
    this.learners.delete(id);
    if (!this.quorums.hasMember(sid)) this.settings.members34.delete(sid);
  }

  private drop(learner: Learner, reason: string, out: LeaderOutput[]): void {
    if (!this.learners.has(learner.id)) return;
    this.forget(learner);
    out.push({ kind: 'drop', learner: learner.id, reason });
    this.checkQuorum(out);
  }

  private dropFor(learner: Learner, reason: string | null, out: LeaderOutput[]): void {
    if (reason !== null) this.drop(learner, reason, out);
  }

  /**
   * Without a quorum nothing can be committed: who goes on leading would only make clients wait, and read what others may have changed.
   * Who is still being brought up to date says nothing for so long that it isn't counted, unless it took part a moment ago.
   */
  private checkQuorum(out: LeaderOutput[]): void {
    if (this.phase !== 'established' || this.isStandIn) return;
    const present = [this.settings.self];
    for (const { isVoter, sid, stage, tookPartAt } of this.learners.values())
      if (isVoter && (stage === 'active' || tookPartAt !== null)) present.push(sid);
    if (this.quorums.hasQuorum(present, Number.POSITIVE_INFINITY)) return;
    const { successor } = this.broadcast;
    this.resign(
      successor === null ? 'too few followers are left for a quorum' : succeededBy(successor.sid),
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
}
