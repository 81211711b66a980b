import type { Connection, Timer } from '../../../../runtime/runtime.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import type { MemberView } from '../../../server/member-view.ts';
import { Server } from '../../../server/server.ts';
import type { MemberConfig } from '../../../server/config/server-line.ts';
import { FollowerWrites } from './follower-writes.ts';
import { isLeadersTree } from './first-digest.ts';
import { Follower, type FollowerInput, type FollowerOutput } from './follower.ts';
import type { Proposal } from '../history.ts';
import type { EpochFile } from '../leader/leader-io.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { WayToLeader } from './way-to-leader.ts';
import { InputLoop } from '../input-loop.ts';
import { ObserverMaster } from './observer-master.ts';
import { packetLimit, saveEpoch, settleLog, type MemberContext } from '../../member-context.ts';
import { PacketSender } from '../packets/packet-sender.ts';
import { PacketStream, PacketType, type Packet } from '../packets/packets.ts';
import { syncSentence } from './sync-sentence.ts';
import { TreeReplacement } from './tree-replacement.ts';

/** The shell around `Follower`: the connection to the leader, the log, the tree and the server for clients. */
export class Following {
  private readonly context: MemberContext;
  private readonly leader: MemberConfig;
  private readonly way: WayToLeader;
  private readonly core: Follower;
  private readonly stream: PacketStream;
  private readonly groupCommit: GroupCommit;
  private connection: Connection | null = null;
  private sender: PacketSender | null = null;
  private writes: FollowerWrites | null = null;
  private server: Server | null = null;
  /** Observers that follow this follower. */
  private observers: ObserverMaster | null = null;
  private timer: Timer | null = null;
  private readonly replacement: TreeReplacement;
  /** What came after this zxid isn't acknowledged and may be taken back, as long as the leader hasn't brought all that was missing. */
  private cameWith: number | null = null;
  private connectedAtMs = 0;
  private readonly loop: InputLoop<FollowerInput, FollowerOutput>;
  private isOver = false;
  private end: (reason: string) => void = () => {};
  private readonly ended: Promise<string>;

  constructor(context: MemberContext, leader: MemberConfig) {
    this.context = context;
    this.leader = leader;
    this.way = new WayToLeader(context, leader);
    const { config, self, history, runtime } = context;
    this.core = new Follower(
      {
        self: self.id,
        isObserver: self.role === 'observer',
        tickMs: config.tickTimeMs,
        initLimit: config.initLimit,
        syncLimit: config.syncLimit,
        acceptedEpoch: context.acceptedEpoch,
        currentEpoch: context.currentEpoch,
        configVersion: context.ensemble.version,
        reconfigEnabled: config.reconfigEnabled,
        needsTree: context.needsTree,
      },
      history,
    );
    this.loop = new InputLoop(
      (input, out) => this.core.step(input, out),
      (output) => this.carryOut(output),
    );
    this.stream = new PacketStream(packetLimit(config));
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.replacement = new TreeReplacement(context, {
      loaded: (isWhole) => this.step({ kind: 'tree', isWhole, now: this.now }),
      pause: () => this.connection?.pause(),
      replaced: (zxid) => this.replaced(zxid),
      shun: (evidence) => this.shun(evidence),
      stop: (reason) => this.stop(reason),
    });
    this.groupCommit = new GroupCommit(
      () => context.storage.sync(),
      runtime.clock,
      (zxid) => this.step({ kind: 'synced', zxid, now: this.now }),
      (error) => context.fail(error),
    );
  }

  /** Resolves when it follows no more, with the reason. */
  async run(): Promise<string> {
    const found = await this.way.find();
    if (typeof found === 'string') return found;
    if (this.isOver) {
      found.destroy();
      return this.ended;
    }
    this.use(found);
    this.tick();
    this.connectedAtMs = this.now;
    this.step({ kind: 'start', now: this.now });
    const ended = await this.ended;
    await this.observers?.stop();
    await this.replacement.settled();
    await settleLog(this.context);
    return ended;
  }

  /** Ends it: clients are cut off at once. */
  stop(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.context.left();
    this.way.leave();
    this.timer?.cancel();
    this.server?.stop();
    void this.observers?.stop();
    this.connection?.destroy();
    this.replacement.stop();
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
      void this.checkWay();
    });
  }

  /** Follows by another way, where the one in use is lost. */
  private async checkWay(): Promise<void> {
    const { context, connection, leader } = this;
    if (connection === null || !(await this.way.isLost(connection.remote.host))) return;
    context.stats.unreachableAddresses += 1;
    context.rejoin(leader.id);
    this.stop(`${connection.remote.host} is no longer reachable, and another of its addresses is`);
  }

  private use(connection: Connection): void {
    this.connection = connection;
    this.sender = new PacketSender(connection, this.context.runtime.clock);
    connection.start({
      data: (bytes) => {
        if (this.isOver) return;
        this.way.heard();
        this.came(bytes);
      },
      closed: () => this.stop('its connection was closed'),
    });
  }

  /**
   * Handles the packets that are there, unless something must be done first. `bytes`: what came; null: what waited until log and tree
   * were replaced goes on.
   */
  private came(bytes: Buffer | null): void {
    try {
      if (bytes !== null && this.replacement.isLoading) {
        this.load(bytes);
        return;
      }
      if (bytes !== null) this.stream.push(bytes);
      const { now } = this;
      while (!this.isOver && !this.replacement.isUnderWay) {
        const packet = this.stream.next();
        if (packet === null) break;
        this.packet(packet, now);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.stop(`what it sent makes no sense: ${error.message}`);
      return;
    }
    this.writes?.settled();
  }

  private packet(packet: Packet, now: number): void {
    // A leader of 3.4 tells no digests.
    if (this.context.isTreeUnproven && this.writes?.leaderIs34 !== true) {
      if (packet.type === PacketType.DIFF) this.cameWith = this.context.history.last;
      else if (packet.type === PacketType.TRUNC) this.cameWith = packet.zxid;
      else if (packet.type === PacketType.NEWLEADER) this.cameWith = null;
      else if (this.isStranger(packet)) return;
    }
    const sentence = syncSentence(packet);
    if (sentence !== null) this.context.runtime.log.info(`this server ${sentence}`);
    const { stats } = this.context;
    if (packet.type === PacketType.PROPOSAL) stats.proposalsReceived += 1;
    else if (packet.type === PacketType.COMMIT) stats.commitsReceived += 1;
    this.step({ kind: 'packet', packet, now });
    if (this.writes === null) return;
    if (packet.type === PacketType.PING)
      this.send({ type: PacketType.PING, zxid: packet.zxid, data: this.writes.touched() });
    else if (packet.type === PacketType.REVALIDATE) this.writes.revalidated(packet);
    else if (packet.type === PacketType.SYNC) this.writes.synced();
  }

  /** Ends it where the packet shows that the leader's data is another cluster's. */
  private isStranger(packet: Packet): boolean {
    const { context } = this;
    const { history, storage, runtime } = context;
    const isLeaders = isLeadersTree(packet, history, storage.tree, runtime.digests);
    if (isLeaders === true) {
      context.isTreeUnproven = false;
      this.cameWith = null;
    }
    if (isLeaders !== false) return false;
    if (this.cameWith !== null) this.replacement.takeBack(this.cameWith);
    const at = `0x${packet.zxid.toString(16)}`;
    this.shun(
      `the znodes here are those that the log here was written with, and differ from the leader's as of transaction ${at}`,
    );
    return true;
  }

  private shun(evidence: string): void {
    this.context.shun(this.leader.id, evidence);
    this.stop("its data is another cluster's");
  }

  private step(input: FollowerInput): void {
    if (!this.isOver) this.loop.step(input);
  }

  /** What needs a closure has a method of its own: here each call would pay for it. */
  private carryOut(output: FollowerOutput): void {
    const { storage, history } = this.context;
    if (this.isOver && output.kind !== 'log') return;
    switch (output.kind) {
      case 'send':
        this.send(output.packet);
        break;
      case 'save':
        this.save(output.file, output.epoch);
        break;
      case 'truncate':
        this.replacement.truncate(output.zxid);
        break;
      case 'load':
        this.replacement.begin(output.zxid);
        this.load(this.stream.takeRest());
        break;
      case 'log':
        storage.appendPayload(output.proposal.zxid, output.proposal.payloadOf34);
        break;
      case 'sync':
        this.groupCommit.want(history.last);
        break;
      case 'apply':
        this.apply(output.proposal, output.leader);
        break;
      case 'serve':
        this.serve(output.epoch, output.leaderIs34);
        break;
      case 'seen':
        this.context.seen(output.ensemble);
        break;
      case 'activate': {
        const reason = this.context.activate(output.ensemble, output.leader);
        if (reason === null) break;
        this.writes?.settled();
        this.stop(reason);
        break;
      }
      case 'leave':
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

  private apply(proposal: Proposal, leader: number | null): void {
    const { transaction, digest } = proposal;
    if (this.writes === null) this.context.storage.tree.apply(transaction);
    else this.writes.apply(transaction, digest);
    this.observers?.committed(proposal, leader);
  }

  private load(bytes: Buffer): void {
    const rest = this.replacement.load(bytes);
    if (rest !== null) this.stream.push(rest);
  }

  private replaced(zxid: number): void {
    this.connection?.resume();
    this.step({ kind: 'replaced', zxid, now: this.now });
    this.came(null);
  }

  /** What commands and metrics tell of the ensemble. */
  private view(): MemberView {
    const { context, leader } = this;
    const masterId = (): number => this.way.masterId;
    return {
      self: context.self,
      stats: context.stats,
      leader,
      get masterId() {
        return masterId();
      },
      get members() {
        return context.ensemble.members;
      },
      get configText() {
        return context.ensemble.text;
      },
      leading: null,
      observers: () => this.observers?.observers ?? null,
      resetObservers: () => this.observers?.resetCounts(),
    };
  }

  private serve(epoch: number, leaderIs34: boolean): void {
    const { runtime, config, storage, history, environment, self } = this.context;
    const writes = new FollowerWrites(self, leaderIs34, this.sender!, this.view(), history.last);
    this.writes = writes;
    this.server = new Server(runtime, config, storage, environment, writes.role);
    this.server.failure.catch((error: unknown) => this.context.fail(error));
    const { followerSyncTime, observerSyncTime } = this.context.stats;
    (self.role === 'observer' ? observerSyncTime : followerSyncTime).add(this.now - this.connectedAtMs);
    this.context.serve(this.server, this.leader.id, epoch);
    if (config.observerMasterPort <= 0 || self.role === 'observer') return;
    this.observers = new ObserverMaster(this.context, epoch, leaderIs34, writes);
    void this.observers.start();
  }

  private send(packet: Packet): void {
    this.sender?.send(packet);
  }
}
