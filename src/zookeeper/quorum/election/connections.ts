import { RareWarnings } from '../../../runtime/rare-warnings.ts';
import {
  NetworkError,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  type Network,
  type Runtime,
} from '../../../runtime/runtime.ts';
import { FrameSplitter } from '../../../wire/frames.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { MemberConfig } from '../../server/config/server-line.ts';
import type { Ensemble } from '../configuration/ensemble.ts';
import type { Notification } from './election.ts';
import {
  LARGEST_MESSAGE_BYTES,
  decodeNotification,
  encodeInitial,
  encodeNotification,
  type HeardNotification,
  type Initial,
} from './messages.ts';
import { connectAny } from '../network/connect-any.ts';
import { listenAt } from '../network/listen-at.ts';
import { addressBehind, isChecked, probe, type ReachabilitySettings } from '../network/reachability.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';
import type { MemberStats } from '../../server/metrics/member-stats.ts';
import { Newcomers } from './newcomers.ts';

/** Not more often than that to one peer. */
const DIAL_PAUSE_MS = 100;
/** Between two tries to open the election port. */
const BIND_PAUSE_MS = 1000;
/** Who doesn't read is cut off from here on. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** Servers at a time that no configuration here names: they want to join, and ask who leads. */
const MAX_GUESTS = 16;

interface Peer {
  readonly id: number;
  addresses: readonly Endpoint[];
  isGuest: boolean;
  connection: Connection | null;
  /** Of the dial that is under way; null: none is. */
  dialing: symbol | null;
  dialedAtMs: number;
  /** Of the last dial: why it failed, or whether somebody answered. */
  failure: string | null;
  hasAnswered: boolean;
  /** When it said something last. */
  heardAtMs: number;
  /** Whether it is being looked at if the address that the connection goes to is still reachable. */
  checking: boolean;
  /** What a new connection begins with, as the other side may not have it: with the configuration of then, not of before. */
  last: Notification | null;
}

function newPeer(id: number, addresses: readonly Endpoint[], isGuest: boolean): Peer {
  return {
    id,
    addresses,
    isGuest,
    connection: null,
    dialing: null,
    dialedAtMs: Number.NEGATIVE_INFINITY,
    checking: false,
    failure: null,
    hasAnswered: false,
    heardAtMs: Number.NEGATIVE_INFINITY,
    last: null,
  };
}

type ConnectionSettings = ReachabilitySettings &
  Pick<
    ZooKeeperConfig,
    | 'electionConnectTimeoutMs'
    | 'electionReadTimeoutMs'
    | 'electionPortBindRetry'
    | 'quorumListenOnAllIps'
    | 'tcpKeepAlive'
    | 'tickTimeMs'
    | 'syncLimit'
  >;

/**
 * The connections of the election port: one a pair of servers, dialed by the one with the larger number. The smaller one may knock:
 * it is then dialed back. Of several addresses that a server has any that answers will do; when the one in use answers no more, the
 * connection is made anew.
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
  private readonly newcomers: Newcomers;
  private readonly stats: MemberStats;
  private listeners: Listener[] = [];
  private isStopped = false;
  private stopWaiting: () => void = () => {};

  constructor(
    runtime: Runtime,
    network: Network,
    self: MemberConfig,
    settings: ConnectionSettings,
    stats: MemberStats,
    heard: (from: number, notification: HeardNotification) => void,
  ) {
    this.runtime = runtime;
    this.network = network;
    this.warnings = new RareWarnings(runtime.log, runtime.clock);
    this.self = self;
    this.settings = settings;
    this.stats = stats;
    this.heard = heard;
    const { electionReadTimeoutMs, tickTimeMs, syncLimit } = settings;
    this.newcomers = new Newcomers(
      runtime,
      stats,
      electionReadTimeoutMs > 0 ? electionReadTimeoutMs : tickTimeMs * syncLimit,
      (connection, initial) => this.introduced(connection, initial),
    );
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
    const { runtime, settings } = this;
    const {
      electionPortBindRetry: tries,
      quorumListenOnAllIps: everywhere,
      tcpKeepAlive: keepAlive,
    } = settings;
    for (let tried = 1; ; tried++)
      try {
        const listeners = await listenAt(
          this.network,
          runtime.log,
          this.ownPlaces,
          { everywhere, keepAlive },
          (connection) => this.newcomers.accept(connection),
        );
        if (this.isStopped) for (const listener of listeners) await listener.close();
        else this.listeners = listeners;
        return;
      } catch (error) {
        if (this.isStopped || tried === tries) throw error;
        runtime.log.warn(
          `the election port can't be opened and is tried again, see electionPortBindRetry: ${String(error)}`,
        );
        await new Promise<void>((resolve) => {
          this.stopWaiting = resolve;
          runtime.clock.after(BIND_PAUSE_MS, resolve);
        });
      }
  }

  /** Sends now, or when there is a connection; a newer notification then takes its place. */
  send(to: number, notification: Notification): void {
    const peer = this.peers.get(to);
    if (peer === undefined || this.isStopped) return;
    peer.last = notification;
    if (peer.connection === null) void this.dial(peer);
    else {
      this.write(peer, peer.connection, encodeNotification(notification, this.config));
      void this.check(peer);
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.stopWaiting();
    this.newcomers.stop();
    for (const connection of this.open) connection.destroy();
    for (const listener of this.listeners) await listener.close();
  }

  private get ownPlaces(): Endpoint[] {
    return this.self.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));
  }

  private write(peer: Peer, connection: Connection, message: Buffer): void {
    connection.write(message);
    if (connection.bufferedBytes <= MAX_UNREAD_BYTES) return;
    this.stats.electionConnectionsDropped += 1;
    this.warnings.warn('unread', `server ${peer.id} doesn't read what it is sent on the election port`);
    connection.destroy();
  }

  /** Why a server isn't here, for people; null: it is, and has said something since then. A connection alone may have nobody at its other end. */
  whyAbsent(id: number, sinceMs: number): string | null {
    const peer = this.peers.get(id);
    if (peer === undefined) return null;
    const isHeard = peer.heardAtMs >= sinceMs;
    if (peer.connection !== null)
      return isHeard ? null : `server ${id} is connected, but has said nothing since; does it run?`;
    const own = this.ownPlaces.map(({ host, port }) => `${host}:${port}`);
    if (peer.failure !== null) return `server ${id} can't be reached: ${peer.failure}`;
    return peer.id > this.self.id && peer.hasAnswered
      ? `server ${id} answers, but doesn't connect to this one in return: from there ${own.join(' or ')} must be reachable`
      : `server ${id} ${isHeard ? 'closed its connection' : 'was not heard of'}`;
  }

  /** Whether nothing listens any more where a server takes part in elections: as long as it runs it does. */
  async hasEnded(id: number): Promise<boolean> {
    const { network, settings } = this;
    const peer = this.peers.get(id);
    if (peer === undefined || peer.connection !== null) return false;
    const probes = peer.addresses.map((at) => probe(network, at, settings.electionConnectTimeoutMs));
    const answers = await Promise.all(probes);
    return answers.every((answer) => answer === 'refused');
  }

  private async dial(peer: Peer): Promise<void> {
    const { network, runtime, settings } = this;
    const { clock } = runtime;
    if (peer.dialing !== null || clock.monotonicMs() - peer.dialedAtMs < DIAL_PAUSE_MS) return;
    const dialing = Symbol('dial');
    peer.dialing = dialing;
    peer.dialedAtMs = clock.monotonicMs();
    const { electionConnectTimeoutMs: timeoutMs, tcpKeepAlive: keepAlive } = settings;
    try {
      const connection = await connectAny(network, runtime, peer.addresses, {
        timeoutMs,
        keepAlive,
        isWanted: () => peer.dialing === dialing,
      });
      if (this.isStopped) connection.destroy();
      else {
        peer.failure = null;
        peer.hasAnswered = true;
        this.dialed(peer, connection);
      }
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      peer.failure = error.message;
      runtime.log.debug(`server ${peer.id} can't be reached for the election: ${error.message}`);
    } finally {
      if (peer.dialing === dialing) peer.dialing = null;
    }
  }

  /** A network between the two may have gone, and nobody was told. */
  private async check(peer: Peer): Promise<void> {
    const { connection, addresses } = peer;
    const { runtime, settings } = this;
    if (connection === null || peer.checking || !isChecked(settings, addresses)) return;
    peer.checking = true;
    const { network } = runtime;
    const { host } = connection.remote;
    const at = await addressBehind(network, addresses, host);
    const answer = await probe(network, { host, port: at.port }, settings.reachabilityCheckTimeoutMs);
    peer.checking = false;
    if (answer !== 'silent' || peer.connection !== connection || this.isStopped) return;
    this.stats.unreachableAddresses += 1;
    this.warnings.warn(
      `unreachable ${peer.id}`,
      `server ${peer.id} is no longer reachable for the election at ${host}; its other addresses are tried`,
    );
    peer.connection = null;
    connection.destroy();
    void this.dial(peer);
  }

  private dialed(peer: Peer, connection: Connection): void {
    connection.write(encodeInitial(this.self.id, this.ownPlaces, this.settings.multiAddressEnabled));
    if (peer.id > this.self.id) {
      // Only a knock: it dials back.
      connection.start({ data: () => {}, closed: () => {} });
      connection.end();
      return;
    }
    this.keep(peer, connection);
    connection.start(this.reader(peer, connection));
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
        peer.dialing = null;
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
      if (guests.length >= MAX_GUESTS && old.connection === null && old.dialing === null)
        this.peers.delete(old.id);
    const isFull = [...this.peers.values()].filter(({ isGuest }) => isGuest).length >= MAX_GUESTS;
    const canReach = id > this.self.id || addresses.length > 0;
    if (id === this.self.id || isFull || !canReach) {
      this.stats.electionConnectionsDropped += 1;
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
    if (peer.last !== null) connection.write(encodeNotification(peer.last, this.config));
  }

  private reader(peer: Peer, connection: Connection): ConnectionHandler {
    const splitter = new FrameSplitter(LARGEST_MESSAGE_BYTES);
    return {
      data: (bytes) => {
        try {
          splitter.push(bytes, (frame) => {
            peer.heardAtMs = this.runtime.clock.monotonicMs();
            const notification = decodeNotification(frame);
            if (notification !== null && !this.isStopped) this.heard(peer.id, notification);
          });
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.stats.electionMessagesMalformed += 1;
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
