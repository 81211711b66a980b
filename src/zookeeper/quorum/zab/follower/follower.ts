import { readEnsemble } from '../../configuration/ensemble-text.ts';
import type { Ensemble } from '../../configuration/ensemble.ts';
import { ensembleIn } from '../../configuration/reconfigure.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import { History, readProposal, type Proposal } from '../history.ts';
import type { EpochFile } from '../leader/leader-io.ts';
import { PROTOCOL_VERSION, PacketType, packetName, type Packet } from '../packets/packets.ts';
import { epochOf, firstZxid, follows } from '../../../tree/transactions/zxid.ts';
import { Queue } from '../../../server/pipeline/queue.ts';

export type FollowerInput = { readonly now: number } &
  /** The leader is connected. */
  (
    | { readonly kind: 'start' }
    | { readonly kind: 'packet'; readonly packet: Packet }
    | { readonly kind: 'saved'; readonly file: EpochFile }
    /** Of the leader's tree some more came, or all that was left. */
    | { readonly kind: 'tree'; readonly isWhole: boolean }
    /** Log and tree end with `zxid` now: cut there, or replaced by the leader's, and on the disk. */
    | { readonly kind: 'replaced'; readonly zxid: number }
    /** The log has everything up to here on the disk. */
    | { readonly kind: 'synced'; readonly zxid: number }
    | { readonly kind: 'tick' }
  );

export type FollowerOutput =
  | { readonly kind: 'send'; readonly packet: Packet }
  | { readonly kind: 'save'; readonly file: EpochFile; readonly epoch: number }
  /** Forget what came after `zxid`. No more packets before `replaced`. */
  | { readonly kind: 'truncate'; readonly zxid: number }
  /** A tree follows on the wire: put it in the place of the own one. No more packets before `replaced`. */
  | { readonly kind: 'load'; readonly zxid: number }
  | { readonly kind: 'log'; readonly proposal: Proposal }
  /** `leader` leads the configuration that comes into force with it; null: none does. */
  | { readonly kind: 'apply'; readonly proposal: Proposal; readonly leader: number | null }
  /** All that was logged must get to the disk; `synced` tells. */
  | { readonly kind: 'sync' }
  | { readonly kind: 'serve'; readonly epoch: number; readonly leaderIs34: boolean }
  /** A configuration was proposed: remember it. */
  | { readonly kind: 'seen'; readonly ensemble: Ensemble }
  /** It is in force; `leader` leads it, null: that isn't told. */
  | { readonly kind: 'activate'; readonly ensemble: Ensemble; readonly leader: number | null }
  | { readonly kind: 'leave'; readonly reason: string };

export interface FollowerSettings {
  readonly self: number;
  readonly isObserver: boolean;
  readonly tickMs: number;
  readonly initLimit: number;
  readonly syncLimit: number;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** Version of the configuration that this server knows. */
  readonly configVersion: number;
  readonly reconfigEnabled: boolean;
  /** Nothing but the leader's tree helps: the own log couldn't be cut to where an earlier leader wanted it. */
  readonly needsTree: boolean;
}

/** Older than the first transaction of any ensemble, and in no log: who says that its log ends here is sent a tree. */
const BEFORE_ALL = 0xffff_ffff;

type Phase =
  | 'discovering'
  /** A new epoch goes to the disk. */
  | 'accepting'
  /** Agreed; DIFF, TRUNC or SNAP is to come. */
  | 'agreed'
  /** The leader's tree comes. */
  | 'loading'
  /** The own disk cuts the log, or takes the tree: nothing is expected of the leader. */
  | 'replacing'
  /** What was missed comes. */
  | 'syncing'
  /** NEWLEADER came: all goes to the disk, then the epoch. */
  | 'storing'
  | 'saving'
  /** Waits for UPTODATE. */
  | 'ready'
  | 'serving'
  | 'over';

/**
 * Zab, as followers and observers play it: agree to the leader's epoch, get to its history, then log, acknowledge and apply what it
 * says. It decides; a shell owns the socket, the disk and the tree. Nothing is acknowledged that isn't on the disk.
 */
export class Follower {
  private readonly settings: FollowerSettings;
  private readonly history: History;
  private phase: Phase = 'discovering';
  private epoch = 0;
  private heardAt = 0;
  private syncedZxid: number;
  /** Logged, to be acknowledged when synced and in place. */
  private readonly owed = new Queue<number>();
  private leaderIs34 = false;
  /** What the leader brought its epoch with. */
  private told: Ensemble | null = null;

  constructor(settings: FollowerSettings, history: History) {
    this.settings = settings;
    this.history = history;
    this.syncedZxid = history.last;
  }

  get isServing(): boolean {
    return this.phase === 'serving';
  }

  step(input: FollowerInput, out: FollowerOutput[]): void {
    if (this.phase === 'over') return;
    switch (input.kind) {
      case 'start':
        this.start(input.now, out);
        break;
      case 'packet':
        this.heardAt = input.now;
        this.packet(input.packet, out);
        break;
      case 'saved':
        this.saved(input.file, out);
        break;
      case 'tree':
        this.heardAt = input.now;
        if (input.isWhole) this.phase = 'replacing';
        break;
      case 'replaced':
        this.heardAt = input.now;
        this.syncedZxid = input.zxid;
        this.phase = 'syncing';
        break;
      case 'synced':
        this.syncedZxid = input.zxid;
        this.stored(out);
        this.acknowledge(out);
        break;
      case 'tick':
        this.tick(input.now, out);
        break;
    }
  }

  private start(now: number, out: FollowerOutput[]): void {
    const { self, isObserver, acceptedEpoch } = this.settings;
    this.heardAt = now;
    const data = Buffer.alloc(20);
    data.writeBigInt64BE(BigInt(self), 0);
    data.writeInt32BE(PROTOCOL_VERSION, 8);
    data.writeBigInt64BE(BigInt(this.settings.configVersion), 12);
    const type = isObserver ? PacketType.OBSERVERINFO : PacketType.FOLLOWERINFO;
    out.push({ kind: 'send', packet: { type, zxid: firstZxid(acceptedEpoch), data } });
  }

  private packet(packet: Packet, out: FollowerOutput[]): void {
    switch (packet.type) {
      case PacketType.LEADERINFO:
        if (this.phase === 'discovering') this.accept(epochOf(packet.zxid), out);
        else this.unexpected(packet, out);
        break;
      case PacketType.DIFF:
      case PacketType.TRUNC:
      case PacketType.SNAP:
        if (this.phase === 'agreed') this.begin(packet, out);
        else this.unexpected(packet, out);
        break;
      case PacketType.PROPOSAL:
        if (this.isListening) this.proposed(packet, out);
        else this.unexpected(packet, out);
        break;
      case PacketType.COMMIT:
        if (this.isListening) this.committed(packet.zxid, out);
        else this.unexpected(packet, out);
        break;
      case PacketType.INFORM:
        if (!this.isListening) this.unexpected(packet, out);
        else if (this.proposed(packet, out)) this.committed(packet.zxid, out);
        break;
      case PacketType.COMMITANDACTIVATE:
      case PacketType.INFORMANDACTIVATE:
        if (this.isListening && packet.data !== null && packet.data.length >= 8)
          this.reconfigured(packet, packet.data, out);
        else this.unexpected(packet, out);
        break;
      case PacketType.NEWLEADER:
        if (this.phase === 'syncing') this.newLeader(packet, out);
        else this.unexpected(packet, out);
        break;
      case PacketType.UPTODATE:
        if (this.phase === 'ready') this.upToDate(out);
        else this.unexpected(packet, out);
        break;
    }
  }

  // ---- the epoch

  private accept(epoch: number, out: FollowerOutput[]): void {
    const { acceptedEpoch } = this.settings;
    this.epoch = epoch;
    if (epoch < acceptedEpoch)
      this.leave(
        `it leads epoch ${epoch}, and this server has agreed to epoch ${acceptedEpoch}; it can follow a leader of a later epoch, after the next elections, ` +
          'or anew when its data is moved away',
        out,
      );
    else if (epoch === acceptedEpoch) this.agree(-1, out);
    else {
      this.phase = 'accepting';
      out.push({ kind: 'save', file: 'acceptedEpoch', epoch });
    }
  }

  private saved(file: EpochFile, out: FollowerOutput[]): void {
    if (file === 'acceptedEpoch') {
      if (this.phase === 'accepting') this.agree(this.settings.currentEpoch, out);
    } else if (this.phase === 'saving') {
      this.phase = 'ready';
      this.ack(firstZxid(this.epoch), out);
    }
  }

  /** `currentEpoch`: -1 where it has agreed before, or doesn't tell what it has: the leader may not count on it then. */
  private agree(currentEpoch: number, out: FollowerOutput[]): void {
    const { needsTree } = this.settings;
    const data = Buffer.alloc(4);
    data.writeInt32BE(needsTree ? -1 : currentEpoch, 0);
    this.phase = 'agreed';
    const zxid = needsTree ? BEFORE_ALL : this.history.last;
    out.push({ kind: 'send', packet: { type: PacketType.ACKEPOCH, zxid, data } });
  }

  // ---- getting to the leader's history

  private begin(packet: Packet, out: FollowerOutput[]): void {
    const { zxid } = packet;
    if (this.settings.needsTree && packet.type !== PacketType.SNAP) {
      this.leave(`it sends ${packetName(packet.type)}, where only its tree helps`, out);
      return;
    }
    if (packet.type === PacketType.DIFF) {
      this.phase = 'syncing';
      return;
    }
    if (packet.type === PacketType.SNAP) {
      this.phase = 'loading';
      out.push({ kind: 'load', zxid });
    } else {
      this.phase = 'replacing';
      out.push({ kind: 'truncate', zxid });
    }
  }

  private get isListening(): boolean {
    const { phase } = this;
    return (
      phase === 'syncing' ||
      phase === 'storing' ||
      phase === 'saving' ||
      phase === 'ready' ||
      phase === 'serving'
    );
  }

  /** @returns whether it is new here. */
  private proposed(packet: Packet, out: FollowerOutput[]): boolean {
    const { last } = this.history;
    if (packet.zxid <= last && this.phase !== 'serving') return false;
    if (!follows(packet.zxid, last)) {
      this.leave(
        `it sent transaction ${hex(packet.zxid)} behind ${hex(last)}: those between are missing, and what is missing would be missing for ever`,
        out,
      );
      return false;
    }
    let proposal: Proposal;
    try {
      proposal = readProposal(packet.data ?? Buffer.alloc(0));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.leave(`it sent a transaction that can't be read: ${error.message}`, out);
      return false;
    }
    if (proposal.zxid !== packet.zxid) {
      this.leave(`it sent transaction ${hex(proposal.zxid)} as ${hex(packet.zxid)}`, out);
      return false;
    }
    this.history.add(proposal);
    out.push({ kind: 'log', proposal });
    const ensemble = this.settings.reconfigEnabled ? ensembleIn(proposal.transaction) : null;
    if (ensemble !== null) out.push({ kind: 'seen', ensemble });
    if (!this.settings.isObserver) this.owed.push(packet.zxid);
    if (this.phase !== 'syncing') out.push({ kind: 'sync' });
    return true;
  }

  private committed(zxid: number, out: FollowerOutput[], leader: number | null = null): void {
    const { history } = this;
    if (zxid <= history.lastCommitted && this.phase !== 'serving') return;
    const proposal = history.next;
    if (proposal?.zxid !== zxid) {
      this.leave(`it committed ${hex(zxid)} out of turn`, out);
      return;
    }
    history.commitNext();
    // Those that come before UPTODATE are acknowledged with NEWLEADER.
    if (this.phase !== 'serving' && this.owed.peek() === zxid) this.owed.shift();
    out.push({ kind: 'apply', proposal, leader });
  }

  /** A commit that brings another configuration into force. Observers get the transaction with it. */
  private reconfigured(packet: Packet, data: Buffer, out: FollowerOutput[]): void {
    const { zxid } = packet;
    const leader = Number(data.readBigInt64BE(0));
    if (packet.type === PacketType.INFORMANDACTIVATE) {
      const isNew = this.proposed({ type: PacketType.INFORM, zxid, data: data.subarray(8) }, out);
      if (!isNew) return;
    }
    const proposal = this.history.uncommitted().find((one) => one.zxid === zxid);
    this.committed(zxid, out, leader);
    const ensemble = proposal === undefined ? null : ensembleIn(proposal.transaction);
    if (this.phase !== 'over' && ensemble !== null && this.settings.reconfigEnabled)
      out.push({ kind: 'activate', ensemble, leader });
  }

  private newLeader(packet: Packet, out: FollowerOutput[]): void {
    if (packet.zxid !== firstZxid(this.epoch)) {
      this.leave(`it agreed on epoch ${this.epoch} and then took up ${epochOf(packet.zxid)}`, out);
      return;
    }
    this.leaderIs34 = packet.data === null;
    if (this.settings.reconfigEnabled && packet.data !== null) {
      const ensemble = readEnsemble(packet.data.toString());
      if (typeof ensemble !== 'string') {
        this.told = ensemble;
        out.push({ kind: 'seen', ensemble });
      }
    }
    this.phase = 'storing';
    if (this.syncedZxid >= this.history.last) this.stored(out);
    else out.push({ kind: 'sync' });
  }

  /** Only with all of it on the disk does the epoch become the current one. */
  private stored(out: FollowerOutput[]): void {
    if (this.phase !== 'storing' || this.syncedZxid < this.history.last) return;
    this.phase = 'saving';
    out.push({ kind: 'save', file: 'currentEpoch', epoch: this.epoch });
  }

  private upToDate(out: FollowerOutput[]): void {
    this.phase = 'serving';
    this.ack(firstZxid(this.epoch), out);
    if (this.told !== null) out.push({ kind: 'activate', ensemble: this.told, leader: null });
    out.push({ kind: 'serve', epoch: this.epoch, leaderIs34: this.leaderIs34 });
    this.acknowledge(out);
  }

  /** One ACK for each, in order: Apache's leaders count them one by one. */
  private acknowledge(out: FollowerOutput[]): void {
    if (this.phase !== 'serving') return;
    for (
      let next = this.owed.peek();
      next !== undefined && next <= this.syncedZxid;
      next = this.owed.peek()
    ) {
      this.ack(next, out);
      this.owed.shift();
    }
  }

  private ack(zxid: number, out: FollowerOutput[]): void {
    out.push({ kind: 'send', packet: { type: PacketType.ACK, zxid, data: null } });
  }

  private tick(now: number, out: FollowerOutput[]): void {
    const { tickMs, initLimit, syncLimit } = this.settings;
    const silentMs = now - this.heardAt;
    if (this.phase === 'serving') {
      if (silentMs > tickMs * syncLimit) this.leave('nothing was heard of it within syncLimit', out);
    } else if (this.phase !== 'replacing' && silentMs > tickMs * initLimit)
      this.leave(
        this.phase === 'loading'
          ? 'nothing more of its tree came within initLimit'
          : 'it did not bring this server up to date within initLimit',
        out,
      );
  }

  private unexpected(packet: Packet, out: FollowerOutput[]): void {
    this.leave(`it sent ${packetName(packet.type)} out of turn`, out);
  }

  private leave(reason: string, out: FollowerOutput[]): void {
    this.phase = 'over';
    out.push({ kind: 'leave', reason });
  }
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;
