import { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { Connection, Listener, Timer } from '../../../runtime/runtime.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Server } from '../../server/server.ts';
import { TreeImage } from '../../storage/snapshot-writer.ts';
import { LeaderWrites } from './leader-writes.ts';
import { Leader, type LeaderInput, type LeaderOutput } from './leader.ts';
import { configText } from '../election/messages.ts';
import { listenAt } from '../listen-at.ts';
import { LogSync } from './log-sync.ts';
import { PacketEncoder } from './packet-encoder.ts';
import { packetLimit, saveEpoch, settleLog, type MemberContext } from '../member-context.ts';
import { PacketStream, PacketType, type Packet } from './packets.ts';
import { snapshotSlices } from './snapshot-body.ts';
import { syncSentence } from './sync-sentence.ts';

/** A learner that doesn't read is cut off from here on; it comes back and is synchronized. */
const MAX_UNREAD_BYTES = 256 * 1024 * 1024;
/** Connections at a time of others than the members. */
const MAX_STRANGERS = 64;

interface LearnerConnection {
  readonly connection: Connection;
  /** What waits behind a snapshot that is being sent. */
  held: Packet[] | null;
  heldBytes: number;
  drained: (() => void) | null;
}

/** The shell around `Leader`: the quorum port, the log, the tree and the server for clients. */
export class Leading {
  private readonly context: MemberContext;
  private readonly core: Leader;
  private readonly learners = new Map<number, LearnerConnection>();
  private readonly warnings: RareWarnings;
  private readonly logSync: LogSync;
  private writes: LeaderWrites | null = null;
  private server: Server | null = null;
  private listener: Listener | null = null;
  private timer: Timer | null = null;
  private readonly encoder = new PacketEncoder();
  private readonly inputs: LeaderInput[] = [];
  private readonly outputs: LeaderOutput[] = [];
  private isStepping = false;
  /** Packets that came at once are being handled; commits wait for the last of them. */
  private isReading = false;
  /** Up to here all is final, and will be applied at the end of this turn; null: it is. */
  private finalZxid: number | null = null;
  private nextLearner = 1;
  private isOver = false;
  private end: (reason: string) => void = () => {};
  private readonly ended: Promise<string>;

  constructor(context: MemberContext) {
    this.context = context;
    const { config, self, members, voters, history, storage, runtime } = context;
    this.core = new Leader(
      {
        self: self.id,
        voters,
        tickMs: config.tickTimeMs,
        initLimit: config.initLimit,
        syncLimit: config.syncLimit,
        config: configText(members),
        acceptedEpoch: context.acceptedEpoch,
        currentEpoch: context.currentEpoch,
        members34: context.members34,
      },
      history,
    );
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.warnings = new RareWarnings(runtime.log, runtime.clock);
    this.logSync = new LogSync(
      storage,
      runtime.clock,
      (zxid) => this.step({ kind: 'synced', zxid, now: this.now }),
      (error) => context.fail(error),
    );
  }

  /** Resolves when it leads no more, with the reason. */
  async run(): Promise<string> {
    const { runtime, self } = this.context;
    const { host, quorumPort } = self.addresses[0]!;
    try {
      this.listener = await listenAt(runtime, { host, port: quorumPort }, (c) => this.accept(c));
    } catch (error) {
      await new Promise<void>((resolve) => void runtime.clock.after(1000, resolve));
      return `port ${quorumPort} can't be opened: ${String(error)}`;
    }
    this.tick();
    this.step({ kind: 'start', now: this.now });
    const reason = await this.ended;
    await this.listener.close();
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
    for (const { connection, drained } of this.learners.values()) {
      connection.destroy();
      drained?.();
    }
    this.learners.clear();
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

  private accept(connection: Connection): void {
    if (this.isOver) {
      connection.destroy();
      return;
    }
    if (this.strangers >= MAX_STRANGERS) {
      this.warnings.warn(
        'strangers',
        `refused a connection of ${connection.remote.host} to the quorum port: ${MAX_STRANGERS} are open that are no member's`,
      );
      connection.destroy();
      return;
    }
    const id = this.nextLearner++;
    const learner: LearnerConnection = { connection, held: null, heldBytes: 0, drained: null };
    this.learners.set(id, learner);
    const stream = new PacketStream(packetLimit(this.context.config));
    this.step({ kind: 'connected', learner: id, now: this.now });
    connection.start({
      data: (bytes) => {
        const { now } = this;
        this.isReading = true;
        try {
          stream.push(bytes);
          for (let packet = stream.next(); packet !== null; packet = stream.next())
            if (this.learners.get(id) === learner) this.packet(id, packet, now);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.warnings.warn(
            'malformed',
            `closed a connection of ${connection.remote.host} to the quorum port: ${error.message}`,
          );
          connection.destroy();
        } finally {
          this.isReading = false;
        }
        this.step({ kind: 'settle', now });
      },
      drained: () => learner.drained?.(),
      closed: () => {
        learner.drained?.();
        if (this.learners.get(id) !== learner) return;
        this.learners.delete(id);
        this.step({ kind: 'gone', learner: id, now: this.now });
      },
    });
  }

  private get strangers(): number {
    const { members } = this.context;
    let count = 0;
    for (const id of this.learners.keys()) {
      const sid = this.core.sidOf(id);
      if (!members.some((member) => member.id === sid)) count++;
    }
    return count;
  }

  private packet(id: number, packet: Packet, now: number): void {
    const sid = this.core.sidOf(id);
    const isActive = this.core.isActive(id);
    this.step({ kind: 'packet', learner: id, packet, now });
    if (!isActive || this.writes === null) return;
    switch (packet.type) {
      case PacketType.REQUEST:
        this.writes.request(sid, packet, () => this.send(id, { type: PacketType.SYNC, zxid: 0, data: null }));
        break;
      case PacketType.PING:
        this.writes.touch(packet.data ?? Buffer.alloc(0));
        break;
      case PacketType.REVALIDATE:
        this.send(id, this.writes.revalidate(sid, packet));
        break;
    }
  }

  private step(input: LeaderInput): void {
    if (this.isOver) return;
    if (this.isStepping) {
      this.inputs.push(input);
      return;
    }
    this.isStepping = true;
    try {
      for (let next: LeaderInput | undefined = input; next !== undefined; next = this.inputs.shift())
        this.stepOnce(next);
      if (!this.isReading && input.kind !== 'settle') this.stepOnce({ kind: 'settle', now: input.now });
    } finally {
      this.isStepping = false;
      this.inputs.length = 0;
    }
  }

  private stepOnce(input: LeaderInput): void {
    const { outputs } = this;
    try {
      this.core.step(input, outputs);
      for (const output of outputs) this.carryOut(output);
    } finally {
      outputs.length = 0;
    }
  }

  private carryOut(output: LeaderOutput): void {
    if (this.isOver) return;
    switch (output.kind) {
      case 'send':
        this.send(output.learner, output.packet);
        break;
      case 'snapshot':
        // It must hold all that was committed so far.
        this.applyFinal();
        void this.sendTree(output.learner);
        break;
      case 'save':
        saveEpoch(this.context, output.file, output.epoch).then(
          () => this.step({ kind: 'saved', file: output.file, now: this.now }),
          (error: unknown) => this.context.fail(error),
        );
        break;
      case 'established':
        this.serve(output.epoch);
        break;
      case 'commit':
        if (this.finalZxid === null) this.context.runtime.clock.soon(() => this.applyFinal());
        this.finalZxid = output.zxid;
        break;
      case 'drop': {
        const learner = this.learners.get(output.learner);
        this.warnings.warn(
          'dropped',
          `the connection of a learner (${learner?.connection.remote.host ?? 'gone'}) was closed: ${output.reason}`,
        );
        this.learners.delete(output.learner);
        learner?.connection.destroy();
        break;
      }
      case 'resign':
        this.stop(output.reason);
        break;
    }
  }

  private serve(epoch: number): void {
    const { runtime, config, storage, environment, self } = this.context;
    const writes = new LeaderWrites(
      self.id,
      epoch,
      this.encoder,
      (proposal) => {
        storage.appendPayload(proposal.zxid, proposal.payloadOf34);
        this.logSync.want(proposal.zxid);
        this.step({ kind: 'propose', proposal, now: this.now });
      },
      () => this.step({ kind: 'mark', now: this.now }),
      () => this.core.has34,
      (reason) => this.stop(reason),
    );
    this.writes = writes;
    this.server = new Server(runtime, config, storage, environment, writes.role);
    this.server.failure.catch((error: unknown) => this.context.fail(error));
    this.context.serve(this.server, self.id, epoch);
  }

  /** All that became final in a turn is applied, and answered, at once. */
  private applyFinal(): void {
    const zxid = this.finalZxid;
    this.finalZxid = null;
    if (zxid !== null) this.writes?.committed(zxid);
  }

  private send(id: number, packet: Packet): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    const sentence = syncSentence(packet);
    if (sentence !== null) this.context.runtime.log.info(`server ${this.core.sidOf(id)} ${sentence}`);
    if (learner.held !== null) {
      learner.held.push(packet);
      learner.heldBytes += packet.data?.length ?? 0;
    } else learner.connection.write(packet.wire ?? this.encoder.encode(packet));
    if (learner.connection.bufferedBytes + learner.heldBytes <= MAX_UNREAD_BYTES) return;
    this.context.runtime.log.warn(
      `cut off server ${this.core.sidOf(id)}, which doesn't read what it is sent`,
    );
    learner.connection.destroy();
  }

  /** SNAP and the tree, slice by slice; what is said meanwhile follows. */
  private async sendTree(id: number): Promise<void> {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    const { runtime, storage } = this.context;
    const image = new TreeImage(storage.tree);
    this.send(id, { type: PacketType.SNAP, zxid: image.zxid, data: null });
    const held: Packet[] = [];
    learner.held = held;
    for (const slice of snapshotSlices(image)) {
      const takesMore = learner.connection.write(slice);
      await new Promise<void>((resolve) => {
        if (takesMore) runtime.clock.soon(resolve);
        else learner.drained = resolve;
      });
      learner.drained = null;
      if (this.learners.get(id) !== learner) return;
    }
    learner.held = null;
    learner.heldBytes = 0;
    for (const packet of held) this.send(id, packet);
  }
}
