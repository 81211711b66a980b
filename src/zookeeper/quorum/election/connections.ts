import { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type {
  Connection,
  ConnectionHandler,
  Endpoint,
  Listener,
  Network,
  Runtime,
} from '../../../runtime/runtime.ts';
import { FrameSplitter } from '../../../wire/frames.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { MemberConfig } from '../../server/config/server-line.ts';
import type { Ensemble } from '../configuration/ensemble.ts';
import type { Notification } from './election.ts';
import {
  LARGEST_MESSAGE_BYTES,
  decodeInitial,
  decodeNotification,
  encodeInitial,
  encodeNotification,
  type HeardNotification,
  type Initial,
} from './messages.ts';
import { listenAt, listenHost } from '../listen-at.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';

/** Not more often than that to one peer. */
const DIAL_PAUSE_MS = 100;
/** Who connects and says nothing. */
const SILENCE_MS = 10_000;
/** Connections at a time that haven't said yet whose they are. */
const MAX_STRANGERS = 64;
/** Who doesn't read is cut off from here on. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** Servers at a time that no configuration here names: they want to join, and ask who leads. */
const MAX_GUESTS = 16;

interface Peer {
  readonly id: number;
  addresses: readonly Endpoint[];
  isGuest: boolean;
  connection: Connection | null;
  dialing: boolean;
  dialedAtMs: number;
  /** What a new connection begins with: the other side may not have it. */
  last: Buffer | null;
}

function newPeer(id: number, addresses: readonly Endpoint[], isGuest: boolean): Peer {
  return {
    id,
    addresses,
    isGuest,
    connection: null,
    dialing: false,
    dialedAtMs: Number.NEGATIVE_INFINITY,
    last: null,
  };
}

type ConnectionSettings = Pick<
  ZooKeeperConfig,
  'electionConnectTimeoutMs' | 'multiAddressEnabled' | 'quorumListenOnAllIps'
>;

/**
 * The connections of the election port: one a pair of servers, dialed by the one with the larger number. The smaller one may knock:
 * it is then dialed back.
 */
export class ElectionConnections {
  private readonly runtime: Runtime;
  private readonly network: Network;
  private readonly warnings: RareWarnings;
  private readonly self: MemberConfig;
  private readonly settings: ConnectionSettings;
  private readonly peers = new Map<number, Peer>();
  private config = '';
  private readonly heard: (from: number, notification: HeardNotification) => void;
  private readonly open = new Set<Connection>();
  private strangers = 0;
  private listener: Listener | null = null;
  private isStopped = false;

  constructor(
    runtime: Runtime,
    network: Network,
    self: MemberConfig,
    settings: ConnectionSettings,
    heard: (from: number, notification: HeardNotification) => void,
  ) {
    this.runtime = runtime;
    this.network = network;
    this.warnings = new RareWarnings(runtime.log, runtime.clock);
    this.self = self;
    this.settings = settings;
    this.heard = heard;
  }

  /** The servers of the configuration in force, and of one that was proposed; the first is told to all. */
  configure(ensemble: Ensemble, proposed: Ensemble | null): void {
    this.config = ensemble.text;
    const members = new Map([...ensemble.members, ...(proposed?.members ?? [])].map((one) => [one.id, one]));
    for (const member of members.values()) {
      if (member.id === this.self.id) continue;
      const addresses = member.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));
      const peer = this.peers.get(member.id);
      if (peer === undefined) this.peers.set(member.id, newPeer(member.id, addresses, false));
      else {
        peer.addresses = addresses;
        peer.isGuest = false;
      }
    }
    for (const peer of this.peers.values()) if (!members.has(peer.id)) peer.isGuest = true;
  }

  /** Rejects with a NetworkError when the election port can't be had. */
  async listen(): Promise<void> {
    const { electionPort } = this.self.addresses[0]!;
    const host = listenHost(this.settings, this.self);
    this.listener = await listenAt(
      this.network,
      this.runtime.log,
      { host, port: electionPort },
      (connection) => this.accept(connection),
    );
  }

  /** Sends now, or when there is a connection; a newer notification then takes its place. */
  send(to: number, notification: Notification): void {
    const peer = this.peers.get(to);
    if (peer === undefined || this.isStopped) return;
    peer.last = encodeNotification(notification, this.config);
    if (peer.connection === null) void this.dial(peer);
    else this.write(peer, peer.connection, peer.last);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const connection of this.open) connection.destroy();
    await this.listener?.close();
  }

  private write(peer: Peer, connection: Connection, message: Buffer): void {
    connection.write(message);
    if (connection.bufferedBytes <= MAX_UNREAD_BYTES) return;
    this.warnings.warn('unread', `server ${peer.id} doesn't read what it is sent on the election port`);
    connection.destroy();
  }

  private async dial(peer: Peer): Promise<void> {
    const { network } = this;
    const { clock } = this.runtime;
    if (peer.dialing || clock.monotonicMs() - peer.dialedAtMs < DIAL_PAUSE_MS) return;
    peer.dialing = true;
    peer.dialedAtMs = clock.monotonicMs();
    try {
      for (const to of peer.addresses) if (await this.reach(network, peer, to)) return;
    } finally {
      peer.dialing = false;
    }
  }

  private async reach(network: Network, peer: Peer, to: Endpoint): Promise<boolean> {
    try {
      const connection = await network.connect(to, { timeoutMs: this.settings.electionConnectTimeoutMs });
      if (this.isStopped) connection.destroy();
      else this.dialed(peer, connection);
      return true;
    } catch (error) {
      this.runtime.log.debug(`server ${peer.id} can't be reached for the election: ${String(error)}`);
      return this.isStopped;
    }
  }

  private dialed(peer: Peer, connection: Connection): void {
    const addresses = this.self.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));
    connection.write(encodeInitial(this.self.id, addresses, this.settings.multiAddressEnabled));
    if (peer.id > this.self.id) {
      // Only a knock: it dials back.
      connection.start({ data: () => {}, closed: () => {} });
      connection.end();
      return;
    }
    this.keep(peer, connection);
    connection.start(this.reader(peer, connection));
  }

  private accept(connection: Connection): void {
    if (this.isStopped) {
      connection.destroy();
      return;
    }
    if (this.strangers >= MAX_STRANGERS) {
      this.warnings.warn(
        'strangers',
        `refused a connection of ${connection.remote.host} to the election port: ${this.strangers} others haven't said yet which server they are`,
      );
      connection.destroy();
      return;
    }
    this.open.add(connection);
    this.strangers++;
    let isStranger = true;
    const known = (): void => {
      silence.cancel();
      if (isStranger) this.strangers--;
      isStranger = false;
    };
    let gathered = Buffer.alloc(0);
    let handler: ConnectionHandler | null = null;
    const silence = this.runtime.clock.after(SILENCE_MS, () => connection.destroy());
    connection.start({
      data: (bytes) => {
        if (handler !== null) {
          handler.data(bytes);
          return;
        }
        gathered = Buffer.concat([gathered, bytes]);
        try {
          const initial = decodeInitial(gathered);
          if (initial === null) return;
          known();
          handler = this.introduced(connection, initial);
          if (gathered.length > initial.bytes) handler?.data(gathered.subarray(initial.bytes));
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.warnings.warn(
            'malformed',
            `closed a connection of ${connection.remote.host} to the election port: ${error.message}`,
          );
          connection.destroy();
        }
      },
      closed: () => {
        known();
        this.open.delete(connection);
        handler?.closed();
      },
    });
  }

  /** Somebody said who it is. Null: the connection isn't kept. */
  private introduced(connection: Connection, { from, addresses }: Initial): ConnectionHandler | null {
    const peer = this.peers.get(from) ?? this.guest(from, addresses);
    if (peer === null || from < this.self.id) {
      connection.destroy();
      if (peer !== null) {
        // It has lost ours, or it wouldn't knock.
        peer.connection?.destroy();
        peer.connection = null;
        peer.dialedAtMs = Number.NEGATIVE_INFINITY;
        void this.dial(peer);
      }
      return null;
    }
    this.keep(peer, connection);
    return this.reader(peer, connection);
  }

  /** A server that isn't in the configuration; null: it isn't let in. */
  private guest(id: number, addresses: readonly Endpoint[]): Peer | null {
    const guests = [...this.peers.values()].filter(({ isGuest }) => isGuest);
    for (const old of guests)
      if (guests.length >= MAX_GUESTS && old.connection === null && !old.dialing) this.peers.delete(old.id);
    const isFull = [...this.peers.values()].filter(({ isGuest }) => isGuest).length >= MAX_GUESTS;
    const canReach = id > this.self.id || addresses.length > 0;
    if (id === this.self.id || isFull || !canReach) {
      this.warnings.warn(
        'unknown',
        `server ${id} knocked at the election port, and the configuration has no such server`,
      );
      return null;
    }
    this.runtime.log.info(`server ${id}, which the configuration doesn't have, asks who leads`);
    const peer = newPeer(id, addresses, true);
    this.peers.set(id, peer);
    return peer;
  }

  private keep(peer: Peer, connection: Connection): void {
    const older = peer.connection;
    peer.connection = connection;
    this.open.add(connection);
    older?.destroy();
    if (peer.last !== null) connection.write(peer.last);
  }

  private reader(peer: Peer, connection: Connection): ConnectionHandler {
    const splitter = new FrameSplitter(LARGEST_MESSAGE_BYTES);
    return {
      data: (bytes) => {
        try {
          splitter.push(bytes, (frame) => {
            const notification = decodeNotification(frame);
            if (notification !== null && !this.isStopped) this.heard(peer.id, notification);
          });
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.warnings.warn(
            'malformed',
            `closed the election connection of server ${peer.id}: ${error.message}`,
          );
          connection.destroy();
        }
      },
      closed: () => {
        this.open.delete(connection);
        if (peer.connection === connection) peer.connection = null;
      },
    };
  }
}
