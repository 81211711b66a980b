import type { Timer } from '../../../../runtime/runtime.ts';
import type { ObserverFacts } from '../../../server/member-view.ts';
import type { MemberContext } from '../../member-context.ts';
import type { FollowerWrites } from './follower-writes.ts';
import type { Proposal } from '../history.ts';
import { InputLoop } from '../input-loop.ts';
import { observersAmong } from '../leader/learner.ts';
import { LearnerConnections } from '../leader/learner-connections.ts';
import type { LeaderInput, LeaderOutput } from '../leader/leader-io.ts';
import { Leader } from '../leader/leader.ts';
import { PacketType, type Packet } from '../packets/packets.ts';

/**
 * A follower that takes observers in, so that the leader needn't (observerMasterPort): they get from it what they would get from the
 * leader, and it passes on what they ask.
 */
export class ObserverMaster {
  private readonly context: MemberContext;
  private readonly writes: FollowerWrites;
  private readonly core: Leader;
  private readonly connections: LearnerConnections;
  private readonly loop: InputLoop<LeaderInput, LeaderOutput>;
  private timer: Timer | null = null;
  private isOver = false;

  constructor(context: MemberContext, epoch: number, leaderIs34: boolean, writes: FollowerWrites) {
    const { config, self, ensemble, history } = context;
    this.context = context;
    this.writes = writes;
    this.core = Leader.standIn(
      {
        self: self.id,
        ensemble,
        proposed: null,
        reconfigEnabled: false,
        tickMs: config.tickTimeMs,
        initLimit: config.initLimit,
        syncLimit: config.syncLimit,
        tellsEnsemble: !leaderIs34,
        acceptedEpoch: epoch,
        currentEpoch: epoch,
        members34: new Set(),
        snapshotSizeFactor: config.snapshotSizeFactor,
        forceSnapshotSync: config.forceSnapshotSync,
        maxConcurrentSnapSyncs: config.maxConcurrentSnapSyncs,
        maxConcurrentDiffSyncs: config.maxConcurrentDiffSyncs,
      },
      history,
      epoch,
    );
    this.loop = new InputLoop(
      (input, out) => this.core.step(input, out),
      (output) => this.carryOut(output),
    );
    this.connections = new LearnerConnections(context, {
      connected: (learner) => this.step({ kind: 'connected', learner, now: this.now }),
      reading: () => {},
      packet: (learner, packet) => this.packet(learner, packet),
      read: () => {},
      gone: (learner) => this.step({ kind: 'gone', learner, now: this.now }),
      taken: (learner) => this.step({ kind: 'taken', learner, now: this.now }),
      sidOf: (learner) => this.core.sidOf(learner),
      isActive: (learner) => this.core.isActive(learner),
    });
  }

  /** Opens the port. That it can't be had is told; observers then go to others. */
  async start(): Promise<void> {
    const { runtime, config, self } = this.context;
    const port = config.observerMasterPort;
    try {
      await this.connections.listen(self.addresses.map(({ host }) => ({ host, port })));
      if (this.isOver) return;
      runtime.log.info(`observers may follow this server on port ${port}`);
      this.tick();
    } catch (error) {
      runtime.log.warn(`observers can't follow this server: ${String(error)}; see observerMasterPort`);
    }
  }

  /** It was applied here. `leader` leads the configuration that came into force with it; null: none did. */
  committed(proposal: Proposal, leader: number | null): void {
    this.step({ kind: 'passOn', proposal, leader, now: this.now });
  }

  get observers(): readonly ObserverFacts[] {
    return this.connections.facts(observersAmong(this.core.connected));
  }

  resetCounts(): void {
    this.connections.resetCounts(observersAmong(this.core.connected));
  }

  /** Cuts them off at once; resolves when the port is free. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.timer?.cancel();
    await this.connections.close();
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

  private packet(id: number, packet: Packet): void {
    const isActive = this.core.isActive(id);
    this.step({ kind: 'packet', learner: id, packet, now: this.now });
    if (!isActive) return;
    const { data } = packet;
    switch (packet.type) {
      case PacketType.REQUEST:
        this.writes.forward(packet, () =>
          this.connections.send(id, { type: PacketType.SYNC, zxid: 0, data: null }),
        );
        break;
      case PacketType.PING:
        if (data !== null) this.writes.touchedBy(data);
        break;
      case PacketType.REVALIDATE:
        if (data !== null && data.length >= 12) this.revalidate(id, data);
        break;
    }
  }

  private revalidate(id: number, asked: Buffer): void {
    const sessionId = asked.readBigInt64BE(0);
    this.writes.revalidate(sessionId, asked.readInt32BE(8), (isAlive) => {
      const data = Buffer.alloc(9);
      data.writeBigInt64BE(sessionId, 0);
      data[8] = isAlive ? 1 : 0;
      this.connections.send(id, { type: PacketType.REVALIDATE, zxid: -1, data });
    });
  }

  private step(input: LeaderInput): void {
    if (!this.isOver) this.loop.step(input);
  }

  private carryOut(output: LeaderOutput): void {
    const { connections } = this;
    switch (output.kind) {
      case 'send':
        connections.send(output.learner, output.packet);
        break;
      case 'snapshot':
        void connections.sendTree(output.learner);
        break;
      case 'search':
        void this.search(output.learner, output.after, output.for34);
        break;
      case 'logged':
        void connections.sendLog(output.learner, output.after, output.upTo, output.for34);
        break;
      case 'drop':
        connections.drop(output.learner, output.reason);
        break;
      default:
        throw new Error(`a stand-in does not ${output.kind}`);
    }
  }

  private async search(learner: number, after: number, for34: boolean): Promise<void> {
    const isThere = await this.connections.searchLog(after, for34);
    this.step({ kind: 'found', learner, isThere, now: this.now });
  }
}
