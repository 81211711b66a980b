import type { Timer } from '../../../../runtime/runtime.ts';
import { ErrorCode } from '../../../jute/error-code.ts';
import type { ReconfigChange } from '../../../tree/requests/write-ops.ts';
import { nextEnsemble } from '../../configuration/reconfigure.ts';
import { Server } from '../../../server/server.ts';
import { Sizes, type MemberView } from '../../../server/member-view.ts';
import { LeaderWrites, asksSync } from './leader-writes.ts';
import type { EpochFile, LeaderInput, LeaderOutput } from './leader-io.ts';
import { InputLoop } from '../input-loop.ts';
import { Leader } from './leader.ts';
import { countLearners, observersAmong } from './learner.ts';
import { LearnerConnections } from './learner-connections.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { saveEpoch, settleLog, type MemberContext } from '../../member-context.ts';
import { PacketType, type ReceivedPacket } from '../packets/packets.ts';

/** The shell around `Leader`: the quorum port, the log, the tree and the server for clients. */
export class Leading {
  private readonly context: MemberContext;
  private readonly core: Leader;
  private readonly learners: LearnerConnections;
  private readonly groupCommit: GroupCommit;
  private writes: LeaderWrites | null = null;
  private server: Server | null = null;
  private timer: Timer | null = null;
  private readonly loop: InputLoop<LeaderInput, LeaderOutput>;
  /** When the core was told something of which it hasn't drawn its conclusions; null: it has. */
  private unsettledSince: number | null = null;
  /** When the packets came that are being handled; commits wait for the last of them. Null: none are. */
  private readingSince: number | null = null;
  /** Up to here all is final, and will be applied at the end of this turn; null: it is. */
  private finalZxid: number | null = null;
  private isOver = false;
  private end: (reason: string) => void = () => {};
  private readonly ended: Promise<string>;

  constructor(context: MemberContext) {
    this.context = context;
    const { config, self, ensemble, history, runtime } = context;
    this.core = new Leader(
      {
        self: self.id,
        ensemble,
        proposed: context.proposed,
        reconfigEnabled: config.reconfigEnabled,
        tickMs: config.tickTimeMs,
        initLimit: config.initLimit,
        syncLimit: config.syncLimit,
        tellsEnsemble: true,
        acceptedEpoch: context.acceptedEpoch,
        currentEpoch: context.currentEpoch,
        members34: context.members34,
        snapshotSizeFactor: config.snapshotSizeFactor,
        forceSnapshotSync: config.forceSnapshotSync,
        maxConcurrentSnapSyncs: config.maxConcurrentSnapSyncs,
        maxConcurrentDiffSyncs: config.maxConcurrentDiffSyncs,
      },
      history,
    );
    this.loop = new InputLoop(
      (input, out) => this.core.step(input, out),
      (output) => this.carryOut(output),
      () => this.settled(),
    );
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.learners = new LearnerConnections(context, {
      connected: (learner) => this.step({ kind: 'connected', learner, now: this.now }),
      reading: () => (this.readingSince = this.now),
      packet: (learner, packet) => this.packet(learner, packet),
      read: () => this.settle(),
      gone: (learner) => this.step({ kind: 'gone', learner, now: this.now }),
      taken: (learner) => this.step({ kind: 'taken', learner, now: this.now }),
      sidOf: (learner) => this.core.sidOf(learner),
      isActive: (learner) => this.core.isActive(learner),
    });
    this.groupCommit = new GroupCommit(
      () => context.storage.sync(),
      runtime.clock,
      (zxid) => this.step({ kind: 'synced', zxid, now: this.now }),
      (error) => context.fail(error),
    );
  }

  /** Resolves when it leads no more, with the reason. */
  async run(): Promise<string> {
    const { runtime, self } = this.context;
    try {
      await this.learners.listen(self.addresses.map(({ host, quorumPort: port }) => ({ host, port })));
    } catch (error) {
      await new Promise<void>((resolve) => void runtime.clock.after(1000, resolve));
      return `the quorum port can't be opened: ${String(error)}`;
    }
    this.tick();
    this.step({ kind: 'start', now: this.now });
    const reason = await this.ended;
    await this.learners.close();
    await settleLog(this.context);
    return reason;
  }

  /** Ends it: clients and learners are cut off at once. */
  stop(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.applyFinal();
    this.context.left();
    this.timer?.cancel();
    this.server?.stop();
    this.learners.stop();
    this.end(reason);
  }

  private get now(): number {
    return this.context.runtime.clock.monotonicMs();
  }

  private tick(): void {
    this.timer = this.context.runtime.clock.after(this.context.config.tickTimeMs / 2, () => {
      if (this.isOver) return;
      this.tick();
      this.step({ kind: 'tick', now: this.now });
    });
  }

  private settle(): void {
    const now = this.readingSince ?? this.now;
    this.readingSince = null;
    this.unsettledSince = null;
    this.step({ kind: 'settle', now });
  }

  private packet(id: number, packet: ReceivedPacket): void {
    const sid = this.core.sidOf(id);
    const isActive = this.core.isActive(id);
    this.step({ kind: 'packet', learner: id, packet, now: this.readingSince ?? this.now });
    if (!isActive || this.writes === null) return;
    switch (packet.type) {
      case PacketType.REQUEST:
        if (asksSync(packet)) this.sync(id, this.writes);
        else this.writes.request(sid, packet);
        break;
      case PacketType.PING:
        this.writes.touch(packet.data ?? Buffer.alloc(0));
        break;
      case PacketType.REVALIDATE:
        this.learners.send(id, this.writes.revalidate(sid, packet));
        break;
    }
  }

  private sync(learner: number, writes: LeaderWrites): void {
    writes.sync(() => this.learners.send(learner, { type: PacketType.SYNC, zxid: 0, data: null }));
  }

  private step(input: LeaderInput): void {
    if (this.isOver) return;
    if (input.kind !== 'settle') this.unsettledSince = input.now;
    this.loop.step(input);
  }

  /** Commits are looked for once for all that came together. */
  private settled(): LeaderInput | null {
    const now = this.unsettledSince;
    if (now === null || this.readingSince !== null) return null;
    this.unsettledSince = null;
    return { kind: 'settle', now };
  }

  /** What needs a closure has a method of its own: here each call would pay for it. */
  private carryOut(output: LeaderOutput): void {
    if (this.isOver) return;
    switch (output.kind) {
      case 'send':
        this.learners.send(output.learner, output.packet);
        break;
      case 'snapshot':
        // It must hold all that was committed so far.
        this.applyFinal();
        void this.learners.sendTree(output.learner);
        break;
      case 'search':
        void this.search(output.learner, output.after, output.for34);
        break;
      case 'logged':
        void this.learners.sendLog(output.learner, output.after, output.upTo, output.for34);
        break;
      case 'save':
        this.save(output.file, output.epoch);
        break;
      case 'established':
        this.serve(output.epoch);
        break;
      case 'commit':
        if (this.finalZxid === null) this.applySoon();
        this.finalZxid = output.zxid;
        if (output.atOnce) this.applyFinal();
        break;
      case 'confirmed':
        // What it waited for is applied first, and what comes later isn't sent yet.
        this.applyFinal();
        this.writes?.confirmed();
        break;
      case 'seen':
        this.context.seen(output.ensemble);
        break;
      case 'activate':
        this.context.activate(output.ensemble, output.leader);
        break;
      case 'drop':
        this.learners.drop(output.learner, output.reason);
        break;
      case 'resign':
        this.stop(output.reason);
        break;
    }
  }

  private save(file: EpochFile, epoch: number): void {
    saveEpoch(this.context, file, epoch).then(
      () => this.step({ kind: 'saved', file, now: this.now }),
      (error: unknown) => this.context.fail(error),
    );
  }

  private applySoon(): void {
    this.context.runtime.clock.soon(() => this.applyFinal());
  }

  private serve(epoch: number): void {
    const { runtime, config, storage, environment, self } = this.context;
    const writes = new LeaderWrites(
      self.id,
      epoch,
      (proposal) => {
        storage.appendPayload(proposal.zxid, proposal.payloadOf34);
        this.groupCommit.want(proposal.zxid);
        this.step({ kind: 'propose', proposal, now: this.now });
      },
      () => this.step({ kind: 'sync', now: this.now }),
      () => this.core.has34,
      (reason) => this.stop(reason),
      this.view(),
      (change, zxid) => this.reconfigure(change, zxid),
    );
    this.writes = writes;
    this.context.isTreeUnproven = false;
    this.context.needsTree = false;
    this.server = new Server(runtime, config, storage, environment, writes.role);
    this.server.failure.catch((error: unknown) => this.context.fail(error));
    this.context.serve(this.server, self.id, epoch);
  }

  private reconfigure(change: ReconfigChange, zxid: number): Buffer | number {
    const { ensemble, config } = this.context;
    if (this.core.isReconfiguring) return ErrorCode.ReconfigInProgress;
    const next = nextEnsemble(ensemble, change, zxid, config.standaloneEnabled);
    if (typeof next === 'number') return next;
    if (!config.multiAddressEnabled && next.members.some(({ addresses }) => addresses.length > 1))
      return ErrorCode.BadArguments;
    return this.core.couldLead(next) ? Buffer.from(next.text) : ErrorCode.NewConfigNoQuorum;
  }

  /** What commands and metrics tell of the ensemble. */
  private view(): MemberView {
    const { context, core, learners } = this;
    const sinceMs = this.now;
    const pendingSyncs = (): number => this.writes?.pendingSyncs ?? 0;
    const sizes = (): Sizes => this.writes?.sizes ?? new Sizes();
    return {
      self: context.self,
      stats: context.stats,
      leader: context.self,
      masterId: context.self.id,
      get members() {
        return context.ensemble.members;
      },
      get configText() {
        return context.ensemble.text;
      },
      leading: {
        sinceMs,
        get pendingSyncs() {
          return pendingSyncs();
        },
        get proposalSizes() {
          return sizes();
        },
        learners: () => countLearners(core.connected),
      },
      observers: () => learners.facts(observersAmong(core.connected)),
      resetObservers: () => learners.resetCounts(observersAmong(core.connected)),
    };
  }

  /** All that became final in a turn is applied, and answered, at once. */
  private applyFinal(): void {
    const zxid = this.finalZxid;
    this.finalZxid = null;
    if (zxid !== null) this.writes?.committed(zxid);
  }

  private async search(learner: number, after: number, for34: boolean): Promise<void> {
    const isThere = await this.learners.searchLog(after, for34);
    this.step({ kind: 'found', learner, isThere, now: this.now });
  }
}
