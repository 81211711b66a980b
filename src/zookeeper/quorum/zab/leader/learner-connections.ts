import { RareWarnings } from '../../../../runtime/rare-warnings.ts';
import type { Connection, Endpoint, Listener } from '../../../../runtime/runtime.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import type { ObserverFacts } from '../../../server/member-view.ts';
import { TreeImage } from '../../../storage/snapshot-writer.ts';
import { listenAt } from '../../network/listen-at.ts';
import { Strangers } from '../../network/strangers.ts';
import { packetLimit, type MemberContext } from '../../member-context.ts';
import { LogDiff } from './log-diff.ts';
import { encodePacket } from '../packets/packet-encoder.ts';
import { PacketSender } from '../packets/packet-sender.ts';
import { PacketStream, PacketType, type Packet, type ReceivedPacket } from '../packets/packets.ts';
import { snapshotSlices } from '../packets/snapshot-body.ts';
import { syncSentence } from '../follower/sync-sentence.ts';

/** A learner that doesn't read is cut off from here on; it comes back and is synchronized. Others than the members have no more all together. */
const MAX_UNREAD_BYTES = 256 * 1024 * 1024;
/** Connections at a time of others than the members, which said who they are. */
const MAX_GUESTS = 64;
/** So much each of those may have whatever the others have. */
const SHARE_OF_GUEST_BYTES = MAX_UNREAD_BYTES / MAX_GUESTS;

interface LearnerConnection {
  readonly connection: Connection;
  /** It hasn't said yet which server it is. */
  isStranger: boolean;
  readonly sender: PacketSender;
  drained: (() => void) | null;
  readonly establishedAtMs: number;
  received: number;
  sent: number;
  requests: number;
  lastZxid: number;
}

/** What happens on the port that learners come to. `learner` is the number of a connection. */
export interface LearnerEvents {
  connected(learner: number): void;
  /** Packets came: `packet` for each, then `read`. */
  reading(): void;
  packet(learner: number, packet: ReceivedPacket): void;
  read(): void;
  /** It closed by itself, or broke. */
  gone(learner: number): void;
  /** The server behind it; -1 before it said so. */
  sidOf(learner: number): number;
  /** The network took some more of the tree or the log that is sent to it. */
  taken(learner: number): void;
  /** Whether it takes part. */
  isActive(learner: number): boolean;
}

/** The port that learners come to, and what is sent to each of them. */
export class LearnerConnections {
  private readonly context: MemberContext;
  private readonly events: LearnerEvents;
  private readonly learners = new Map<number, LearnerConnection>();
  private readonly warnings: RareWarnings;
  private readonly strangers: Strangers;
  private listeners: Listener[] = [];
  private nextLearner = 1;
  private isOver = false;

  constructor(context: MemberContext, events: LearnerEvents) {
    this.context = context;
    this.events = events;
    this.warnings = new RareWarnings(context.runtime.log, context.runtime.clock);
    const { stats } = context;
    this.strangers = new Strangers('quorum', this.warnings, () => (stats.quorumConnectionsDropped += 1));
  }

  /** At a member's own addresses. Rejects with a NetworkError when none of them can be had. */
  async listen(places: readonly Endpoint[]): Promise<void> {
    const { peers, runtime, config } = this.context;
    const { quorumListenOnAllIps: everywhere, tcpKeepAlive: keepAlive } = config;
    const listeners = await listenAt(
      peers.quorum,
      runtime.log,
      places,
      { everywhere, keepAlive },
      (connection) => this.accept(connection),
    );
    if (this.isOver) for (const listener of listeners) await listener.close();
    else this.listeners = listeners;
  }

  /** Cuts off everybody at once. */
  stop(): void {
    this.isOver = true;
    for (const { connection, drained } of this.learners.values()) {
      connection.destroy();
      drained?.();
    }
    this.learners.clear();
  }

  async close(): Promise<void> {
    this.stop();
    for (const listener of this.listeners) await listener.close();
  }

  drop(id: number, reason: string): void {
    const learner = this.learners.get(id);
    this.context.stats.quorumConnectionsDropped += 1;
    this.warnings.warn(
      'dropped',
      `the connection of a learner (${learner?.connection.remote.host ?? 'gone'}) was closed: ${reason}`,
    );
    this.learners.delete(id);
    learner?.connection.destroy();
  }

  send(id: number, packet: Packet): void {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    learner.sent += 1;
    if (packet.zxid > 0) learner.lastZxid = packet.zxid;
    if (packet.type === PacketType.DIFF) this.context.stats.diffsSent += 1;
    else if (packet.type === PacketType.SNAP) this.context.stats.snapshotsSent += 1;
    const sentence = syncSentence(packet);
    if (sentence !== null) this.context.runtime.log.info(`server ${this.events.sidOf(id)} ${sentence}`);
    learner.sender.send(packet);
  }

  private backedUp(id: number, bytes: number): void {
    if (bytes > MAX_UNREAD_BYTES) this.cutOff(id);
    else if (bytes > SHARE_OF_GUEST_BYTES) this.relieve();
  }

  /** Of guests that leave too much unread the one with most of it has to go. */
  private relieve(): void {
    let all = 0;
    let most = 0;
    let victim = -1;
    for (const [id, { connection, sender }] of this.guests()) {
      const unread = connection.bufferedBytes + sender.queuedBytes;
      all += unread;
      if (unread <= most) continue;
      most = unread;
      victim = id;
    }
    if (all > MAX_UNREAD_BYTES) this.cutOff(victim);
  }

  private cutOff(id: number): void {
    this.context.stats.quorumConnectionsDropped += 1;
    this.context.runtime.log.warn(
      `cut off server ${this.events.sidOf(id)}, which doesn't read what it is sent`,
    );
    this.learners.get(id)?.connection.destroy();
  }

  /** SNAP and the tree, slice by slice; what is said meanwhile follows. */
  async sendTree(id: number): Promise<void> {
    const image = new TreeImage(this.context.storage.tree);
    this.send(id, { type: PacketType.SNAP, zxid: image.zxid, data: null });
    await this.sendSlices(id, snapshotSlices(image));
  }

  /** Transactions out of the log files, each with its COMMIT; what is said meanwhile follows. */
  async sendLog(id: number, after: number, upTo: number, for34: boolean): Promise<void> {
    const log = new LogDiff(this.context.storage, after, for34);
    await this.sendSlices(id, packetSlices(log, upTo, for34));
  }

  /** Whether the log files have all behind `after`, and not more than is worth it. Looks a slice at a time. */
  async searchLog(after: number, for34: boolean): Promise<boolean> {
    const { storage, runtime, config } = this.context;
    const { snapshotSizeFactor: factor } = config;
    let bytes = 0;
    try {
      const most = factor === 0 ? Number.POSITIVE_INFINITY : factor * (storage.lastSnapshot?.sizeBytes ?? 0);
      for (const slice of new LogDiff(storage, after, for34).slices()) {
        for (const { payload } of slice) bytes += payload.length;
        if (bytes > most) return false;
        await new Promise<void>((resolve) => runtime.clock.soon(resolve));
        if (this.isOver) return false;
      }
      return true;
    } catch (error) {
      runtime.log.debug(`the log files can't bring a learner up to date: ${String(error)}`);
      return false;
    }
  }

  private async sendSlices(id: number, slices: Iterable<Buffer>): Promise<void> {
    const learner = this.learners.get(id);
    if (learner === undefined) return;
    const { runtime } = this.context;
    learner.sender.hold();
    try {
      for (const slice of slices) {
        const takesMore = learner.connection.write(slice);
        await new Promise<void>((resolve) => {
          if (takesMore) runtime.clock.soon(resolve);
          else learner.drained = resolve;
        });
        learner.drained = null;
        if (this.learners.get(id) !== learner) return;
        this.events.taken(id);
      }
    } catch (error) {
      // It comes back, and gets a tree if the log can't be read.
      runtime.log.warn(
        `cut off server ${this.events.sidOf(id)}, which can't be sent the log: ${String(error)}`,
      );
      learner.connection.destroy();
      return;
    }
    learner.sender.release();
  }

  private accept(connection: Connection): void {
    if (this.isOver) {
      connection.destroy();
      return;
    }
    const id = this.nextLearner++;
    const learner: LearnerConnection = {
      connection,
      isStranger: true,
      sender: new PacketSender(connection, this.context.runtime.clock, (bytes) => this.backedUp(id, bytes)),
      drained: null,
      establishedAtMs: this.context.runtime.clock.wallMs(),
      received: 0,
      sent: 0,
      requests: 0,
      lastZxid: -1,
    };
    this.learners.set(id, learner);
    const stream = new PacketStream(packetLimit(this.context.config));
    this.events.connected(id);
    connection.start({
      data: (bytes) => {
        this.events.reading();
        try {
          stream.push(bytes);
          for (let packet = stream.next(), next; packet !== null; packet = next) {
            next = stream.next();
            if (this.learners.get(id) === learner) this.came(id, learner, packet, next);
          }
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.context.stats.quorumPacketsMalformed += 1;
          this.warnings.warn(
            'malformed',
            `closed a connection of ${connection.remote.host} to the quorum port: ${error.message}`,
          );
          connection.destroy();
        } finally {
          this.events.read();
        }
      },
      drained: () => learner.drained?.(),
      closed: () => {
        this.strangers.remove(connection);
        learner.drained?.();
        if (this.learners.get(id) !== learner) return;
        this.learners.delete(id);
        this.events.gone(id);
      },
    });
    this.strangers.add(connection);
  }

  /** `next` came with it, if any did. */
  private came(
    id: number,
    learner: LearnerConnection,
    packet: ReceivedPacket,
    next: ReceivedPacket | null,
  ): void {
    const { type } = packet;
    learner.received += 1;
    if (type === PacketType.REQUEST) learner.requests += 1;
    // Each transaction is acknowledged, a batch at a time, and the last ACK of a batch says it all.
    if (type === PacketType.ACK && next?.type === PacketType.ACK && this.events.isActive(id)) return;
    this.events.packet(id, packet);
    if (learner.isStranger && this.events.sidOf(id) !== -1) this.introduced(learner);
  }

  /** It may be an observer that the configuration doesn't have, or a server that is about to join. */
  private introduced(learner: LearnerConnection): void {
    learner.isStranger = false;
    this.strangers.remove(learner.connection);
    if (this.guests().length <= MAX_GUESTS) return;
    this.context.stats.quorumConnectionsDropped += 1;
    this.warnings.warn(
      'guests',
      `refused a connection of ${learner.connection.remote.host} to the quorum port: ${MAX_GUESTS} servers follow that the configuration doesn't have`,
    );
    learner.connection.destroy();
  }

  /** What the admin server tells of some. */
  facts(ids: readonly number[]): ObserverFacts[] {
    return ids.flatMap((id) => {
      const learner = this.learners.get(id);
      if (learner === undefined) return [];
      const { connection, establishedAtMs, received, sent, requests, lastZxid, sender } = learner;
      return {
        place: `${connection.remote.host}:${connection.remote.port}`,
        id: this.events.sidOf(id),
        establishedAtMs,
        queuedPackets: sender.queuedPackets,
        queuedBytes: sender.queuedBytes,
        received,
        sent,
        requests,
        lastZxid,
      };
    });
  }

  resetCounts(ids: readonly number[]): void {
    for (const id of ids) {
      const learner = this.learners.get(id);
      if (learner !== undefined) Object.assign(learner, { received: 0, sent: 0, requests: 0, lastZxid: -1 });
    }
  }

  /** Others than the members, which said who they are. */
  private guests(): [id: number, LearnerConnection][] {
    const { members } = this.context.ensemble;
    return [...this.learners].filter(([id, { isStranger }]) => {
      const sid = this.events.sidOf(id);
      return !isStranger && !members.some((member) => member.id === sid);
    });
  }
}

function* packetSlices(log: LogDiff, upTo: number, for34: boolean): Generator<Buffer, void, undefined> {
  for (const slice of log.slices(upTo)) {
    const parts: Buffer[] = [];
    for (const { zxid, payload, payloadOf34 } of slice) {
      const data = for34 ? payloadOf34 : payload;
      parts.push(encodePacket({ type: PacketType.PROPOSAL, zxid, data }));
      parts.push(encodePacket({ type: PacketType.COMMIT, zxid, data: null }));
    }
    if (parts.length > 0) yield Buffer.concat(parts);
  }
}
