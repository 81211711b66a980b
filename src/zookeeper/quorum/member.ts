import type { Connection, Endpoint, Runtime, Timer } from '../../runtime/runtime.ts';
import type { TlsConnection } from '../../runtime/tls.ts';
import type { PeerNetworks } from '../security/peer-networks.ts';
import { ClientPorts } from '../security/client-ports.ts';
import { startAdmin } from '../server/admin/admin.ts';
import { PROMETHEUS_PROVIDER, type ZooKeeperConfig } from '../server/config/config.ts';
import { startPrometheus } from '../server/metrics/prometheus.ts';
import type { ServerMode } from '../server/role.ts';
import { MemberStats } from '../server/metrics/member-stats.ts';
import { DEFAULT_TRACE_MASK, Server } from '../server/server.ts';
import type { ServerFacts } from '../server/server-view.ts';
import type { MemberConfig } from '../server/config/server-line.ts';
import { Whitelist } from '../server/admin/words.ts';
import { explainDiskFailure, messageOf } from '../storage/disk-failure.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import { ConfigFiles } from './configuration/config-files.ts';
import { readEnsemble, versionOf } from './configuration/ensemble-text.ts';
import { ensembleOf, type Ensemble } from './configuration/ensemble.ts';
import { quorumAddress } from './configuration/reconfigure.ts';
import type { HeardNotification } from './election/messages.ts';
import { Election, type Electorate, type ElectionInput, type ElectionOutput } from './election/election.ts';
import { ElectionConnections } from './election/connections.ts';
import { Following } from './zab/follower/following.ts';
import type { History } from './zab/history.ts';
import { Leading } from './zab/leader/leading.ts';
import type { MemberContext } from './member-context.ts';
import { leaderlessSentence, sayWhileLeaderless } from './leaderless.ts';
import { turnAway } from './not-serving.ts';
import { readOnlyRole } from './read-only-role.ts';
import { type Vote } from './election/vote.ts';
import { epochOf } from '../tree/transactions/zxid.ts';

/** Read-only mode begins no earlier, though ticks be shorter. */
const LEAST_WAIT_FOR_LEADER_MS = 2000;

/** So long a server with another cluster's data isn't followed. */
const SHUN_MS = 60_000;

/**
 * One server of an ensemble, from its start to its end: it looks for a leader, leads or follows until that ends, and looks again. Its
 * storage stays, all else begins anew with each role.
 */
export class Member implements MemberContext {
  readonly runtime: Runtime;
  readonly config: ZooKeeperConfig;
  self: MemberConfig;
  ensemble: Ensemble;
  proposed: Ensemble | null;
  readonly storage: ZooKeeperStorage;
  readonly history: History;
  readonly peers: PeerNetworks;
  readonly environment: Readonly<Record<string, string>>;
  readonly members34 = new Set<number>();
  readonly stats = new MemberStats();
  acceptedEpoch = 0;
  currentEpoch = 0;
  /** Rejects when the disk failed. */
  readonly failure: Promise<never>;
  clientPort = 0;
  private readonly files: ConfigFiles;
  /** Whom a reconfiguration made the leader. */
  private appointed: number | null = null;
  /** Who was elected, or appointed. */
  private elected: number | null = null;
  /** The epoch that the vote was of. Who led before this server came has votes of its own epoch; a new leader begins another. */
  private electedEpoch = -1;
  private reject: (error: unknown) => void = () => {};
  private readonly equip: (server: Server) => void;
  private readonly election: Election;
  private readonly connections: ElectionConnections;
  private clients: ClientPorts | null = null;
  private readonly whitelist: Whitelist;
  private readonly facts: ServerFacts;
  private admin: (() => Promise<void>) | null = null;
  private server: Server | null = null;
  private closers: (() => Promise<void>)[] = [];
  private role: Leading | Following | null = null;
  private decided: ((vote: Vote | null) => void) | null = null;
  private timer: Timer | null = null;
  /** The leader in place, as far as this server knows. */
  private reign: { readonly epoch: number; readonly sinceMs: number } | null = null;
  private leaderlessSinceMs: number;
  private waitedEnough: () => void = () => {};
  private isStopped = false;
  /** Servers that aren't followed, and until when. */
  private readonly shunnedTillMs = new Map<number, number>();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    runtime: Runtime,
    config: ZooKeeperConfig,
    self: MemberConfig,
    storage: ZooKeeperStorage,
    history: History,
    peers: PeerNetworks,
    environment: Readonly<Record<string, string>>,
    equip: (server: Server) => void,
    initialConfiguration: string | null,
    configFile: string | null,
  ) {
    this.facts = { runtime, config, environment, initialConfiguration, traceMask: DEFAULT_TRACE_MASK };
    this.equip = equip;
    this.whitelist = new Whitelist(config.fourLetterWords);
    this.runtime = runtime;
    this.config = config;
    this.self = self;
    this.ensemble = ensembleOf(config);
    this.files = new ConfigFiles(
      runtime.files,
      runtime.log,
      config.reconfigEnabled ? configFile : null,
      (error) => this.fail(error),
    );
    const proposed = this.files.proposed();
    // Of one that isn't in the log nothing was acknowledged, or the log was cut.
    const isLogged = proposed !== null && proposed.version <= storage.tree.lastZxid;
    this.proposed = isLogged && proposed.version > this.ensemble.version ? proposed : null;
    if (config.dynamicConfigFile === '') this.files.backUp();
    this.storage = storage;
    this.history = history;
    this.peers = peers;
    this.environment = environment;
    this.leaderlessSinceMs = this.now;
    this.failure = new Promise<never>((_, reject) => (this.reject = reject));
    this.failure.catch(() => {});
    this.election = new Election(self.id, this.electorate, {
      firstRepeatMs: config.leastNotificationIntervalMs,
      longestRepeatMs: Math.max(config.leastNotificationIntervalMs, config.mostNotificationIntervalMs),
    });
    this.connections = new ElectionConnections(
      runtime,
      peers.election,
      self,
      config,
      this.stats,
      (from, notification) => this.heard(from, notification),
    );
    this.connections.configure(this.ensemble, this.proposed);
    this.tellConfiguration();
  }

  /** Opens the client port and the election port, and begins to look for a leader. Resolves before there is one. */
  async start(): Promise<void> {
    await this.readEpochs();
    const { config, runtime } = this;
    this.clients = await ClientPorts.open(runtime, config, (connection, tls) => this.accept(connection, tls));
    this.clientPort = this.clients.endpoint.port;
    await this.connections.listen();
    this.tellWhoLooks();
    if (config.adminEnabled) this.admin = await startAdmin(this.facts, () => this.server);
    this.loop = this.live();
  }

  private tellWhoLooks(): void {
    const { self, storage, config, runtime } = this;
    const ids = this.ensemble.members.map(({ id }) => id).join(', ');
    runtime.log.info(
      `server ${self.id}, ${self.role} of the ensemble of ${ids}, looks for the leader; ${config.dataDir} has ${storage.tree.nodeCount} znodes up to ` +
        `zxid 0x${storage.tree.lastZxid.toString(16)}`,
    );
  }

  serve(server: Server, leader: number, epoch: number): void {
    const { config, runtime } = this;
    this.equip(server);
    server.clientPort = this.clientPort;
    server.secureClientPort = this.secureEndpoint?.port ?? -1;
    this.server = server;
    this.reign = { epoch, sinceMs: this.now };
    this.step({ kind: 'established', epoch, now: this.now });
    const waitedMs = Math.round(this.now - this.leaderlessSinceMs);
    this.stats.unavailableTime.add(waitedMs);
    if (leader === this.self.id) this.stats.leaderUnavailableTime.add(waitedMs);
    const zxid = `zxid 0x${this.storage.tree.lastZxid.toString(16)}`;
    runtime.log.info(
      this.electedEpoch === epoch
        ? `server ${leader} leads epoch ${epoch} already; this one is with it from ${zxid} on, after ${waitedMs} ms`
        : `server ${leader}${leader === this.self.id ? ' (this one)' : ''} leads epoch ${epoch} from ${zxid} on; nobody led for ${waitedMs} ms`,
      { leader, epoch, waitedMs },
    );
    runtime.log.info(
      `ZooKeeper serves clients on ${this.clients?.sentence ?? 'no port'}, ${server.tree.nodeCount} znodes up to zxid 0x${this.storage.tree.lastZxid.toString(16)}`,
    );
    const side = (start: Promise<() => Promise<void>>): void => {
      start.then(
        (close) => {
          if (this.server === server) this.closers.push(close);
          else void close();
        },
        (error: unknown) => runtime.log.warn(String(error)),
      );
    };
    if (config.metricsProvider === PROMETHEUS_PROVIDER) side(startPrometheus(server));
  }

  seen(ensemble: Ensemble): void {
    const { version } = this.proposed ?? this.ensemble;
    if (!this.config.reconfigEnabled || ensemble.version === version) return;
    const isPending = this.history.uncommitted().some(({ zxid }) => zxid === version);
    if (ensemble.version < version && !isPending) this.withdraw();
    if (ensemble.version <= this.ensemble.version) return;
    this.proposed = ensemble;
    this.files.seen(ensemble);
    this.reconnect();
  }

  activate(ensemble: Ensemble, leader: number | null): string | null {
    const { ensemble: before, self } = this;
    if (!this.config.reconfigEnabled || ensemble.version <= before.version) return null;
    this.ensemble = ensemble;
    if (this.proposed !== null && this.proposed.version <= ensemble.version) this.proposed = null;
    this.self = ensemble.member(self.id) ?? { ...self, role: 'participant' };
    this.files.activated(ensemble, this.self.client === null);
    this.reconnect();
    this.tellConfiguration();
    if (before.lines.join() === ensemble.lines.join()) return null;
    this.runtime.log.info(
      `the ensemble was reconfigured: version 0x${ensemble.version.toString(16)} has the voters ${ensemble.voters.join(', ')}`,
    );
    this.moveClientPort(self);
    const { elected } = this;
    const leads = leader ?? elected;
    const stays =
      leads !== null && (leader !== null || quorumAddress(before, leads) === quorumAddress(ensemble, leads));
    if (leads === elected && stays && self.role === this.self.role) return null;
    if (elected === null) return null;
    this.appointed = stays && (leader !== null || ensemble.isVoter(leads)) ? leads : null;
    if (leads !== elected) return `the ensemble was reconfigured, and server ${leads} leads from now on`;
    return self.role === this.self.role
      ? 'the ensemble was reconfigured, and its leader moved'
      : `the ensemble was reconfigured, and this server is ${this.self.role === 'observer' ? 'an observer' : 'a participant'} from now on`;
  }

  rejoin(leader: number): void {
    this.appointed = leader;
  }

  replaced(zxid: number): void {
    if (this.proposed !== null && this.proposed.version > zxid) this.withdraw();
    this.tellConfiguration();
  }

  /** What was proposed isn't in the history of who leads now. */
  private withdraw(): void {
    if (this.proposed === null) return;
    this.proposed = null;
    this.files.withdrawn();
    this.reconnect();
  }

  get configurationWriting(): Promise<void> | null {
    return this.files.writing;
  }

  /** What others say of a later configuration holds, while this server knows no leader. */
  private heard(from: number, notification: HeardNotification): void {
    if (this.shuns(from) || this.shuns(notification.vote.leader)) return;
    const { config: text } = notification;
    if (this.config.reconfigEnabled && this.decided !== null && versionOf(text) > this.ensemble.version) {
      const ensemble = readEnsemble(text);
      if (typeof ensemble !== 'string') {
        this.runtime.log.info(
          `server ${from} knows a later configuration, 0x${ensemble.version.toString(16)}`,
        );
        this.activate(ensemble, null);
        this.look();
      }
    }
    this.step({ kind: 'notification', from, ...notification, now: this.now });
  }

  private get electorate(): Electorate {
    const { voters, verifier } = this.ensemble;
    return { voters, verifier, told: this.proposed?.voters ?? [] };
  }

  private reconnect(): void {
    this.connections.configure(this.ensemble, this.proposed);
    this.step({ kind: 'electorate', electorate: this.electorate, now: this.now });
  }

  /** What getConfig answers. */
  private tellConfiguration(): void {
    const { text, version } = this.ensemble;
    this.storage.tree.setConfiguration(text, version, this.runtime.clock.wallMs());
  }

  private moveClientPort({ client: before }: MemberConfig): void {
    const { client } = this.self;
    if (client === null || (client.host === before?.host && client.port === before.port)) return;
    if (client.port === this.clientPort && before === null) return;
    const { clients } = this;
    clients?.move(client).then(
      () => {
        this.clientPort = clients.endpoint.port;
        this.runtime.log.info(`ZooKeeper serves clients on ${clients.sentence} from now on`);
      },
      (error: unknown) => this.runtime.log.error(`the new client port can't be opened: ${String(error)}`),
    );
  }

  left(): void {
    this.server = null;
    if (this.reign !== null) this.leaderlessSinceMs = this.now;
    this.step({ kind: 'left', now: this.now });
  }

  shun(id: number): void {
    this.shunnedTillMs.set(id, this.now + SHUN_MS);
    this.runtime.log.error(
      `server ${id}, which was elected, and this one have the data of two clusters: no znode that both must have is the same. Stop the one that ` +
        `is wrong, move version-2 out of its dataDir and dataLogDir, and start it: it then syncs from the others. Here that is ${this.config.dataDir}. ` +
        `Server ${id} isn't followed for ${SHUN_MS / 1000} s`,
      { leader: id },
    );
  }

  fail(error: unknown): void {
    if (this.isStopped) return;
    const reason = explainDiskFailure(error);
    this.runtime.log.error(`this server can't go on and ends: ${messageOf(reason)}`);
    this.reject(reason);
    void this.giveUp();
  }

  /** Ends after a failure. That the log can't be closed in order then is part of what was told. */
  private async giveUp(): Promise<void> {
    try {
      await this.stop();
    } catch {
      // Told.
    }
  }

  async stop(): Promise<void> {
    if (this.isStopped) {
      await this.loop;
      return;
    }
    this.isStopped = true;
    this.timer?.cancel();
    this.role?.stop('this server stops');
    this.decided?.(null);
    this.waitedEnough();
    await this.clients?.close();
    await this.admin?.();
    await this.connections.stop();
    this.peers.stop();
    await this.loop;
    await this.storage.close();
    await this.files.writing;
  }

  /** What it serves as at the moment; null: there is no leader. */
  get mode(): ServerMode | null {
    return this.server?.mode ?? null;
  }

  get secureEndpoint(): Endpoint | null {
    return this.clients?.secureEndpoint ?? null;
  }

  private shuns(id: number): boolean {
    return this.now < (this.shunnedTillMs.get(id) ?? 0);
  }

  private get now(): number {
    return this.runtime.clock.monotonicMs();
  }

  private accept(connection: Connection, tls: TlsConnection | null): void {
    const { server } = this;
    if (server === null || (server.mode === 'leader' && !this.config.leaderServes))
      turnAway(connection, this.whitelist);
    else server.accept(connection, tls);
  }

  /** Missing files are those of a server that was never in an ensemble. */
  private async readEpochs(): Promise<void> {
    const { storage } = this;
    const ofLog = epochOf(storage.tree.lastZxid);
    const current = storage.epoch('currentEpoch') ?? ofLog;
    const accepted = storage.epoch('acceptedEpoch') ?? current;
    if (accepted < current)
      throw new StorageError(
        'EPOCHS_CROSSED',
        this.config.dataDir,
        `acceptedEpoch (${accepted}) in ${this.config.dataDir} is below currentEpoch (${current}), which no server writes; ` +
          `restore both from a copy, or move the data away and let this server sync anew`,
      );
    // Who has a transaction of an epoch has all that epoch began with: it just died before it could write so.
    this.currentEpoch = Math.max(current, ofLog);
    this.acceptedEpoch = Math.max(accepted, this.currentEpoch);
    if (storage.epoch('acceptedEpoch') !== this.acceptedEpoch)
      await storage.setEpoch('acceptedEpoch', this.acceptedEpoch);
    if (storage.epoch('currentEpoch') !== this.currentEpoch)
      await storage.setEpoch('currentEpoch', this.currentEpoch);
  }

  private async live(): Promise<void> {
    try {
      while (!this.isStopped) {
        const vote = this.takeAppointment() ?? (await this.elect());
        if (vote === null || this.isStopped) return;
        await this.take(vote);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private takeAppointment(): Vote | null {
    const { appointed } = this;
    this.appointed = null;
    if (appointed === null) return null;
    const vote = { leader: appointed, zxid: this.storage.tree.lastZxid, epoch: this.currentEpoch };
    this.step({ kind: 'appointed', ...vote, now: this.now });
    return vote;
  }

  private async elect(): Promise<Vote | null> {
    const readOnly = this.config.readOnlyModeEnabled ? this.readOnlySoon() : null;
    const begunAtMs = this.now;
    this.stats.elections += 1;
    const quiet = sayWhileLeaderless(this.runtime.clock, this.runtime.log, (waitedMs) =>
      leaderlessSentence(this.self.id, this.ensemble, waitedMs, (id) => this.connections.whyAbsent(id)),
    );
    const vote = await this.untilDecided();
    quiet();
    this.stats.electionTime.add(this.now - begunAtMs);
    readOnly?.();
    return vote;
  }

  /** Serves readers once the search for a leader has taken a while. @returns what ends it. */
  private readOnlySoon(): () => void {
    const { runtime, config, storage, environment, self } = this;
    let server: Server | null = null;
    const timer = runtime.clock.after(Math.max(LEAST_WAIT_FOR_LEADER_MS, config.tickTimeMs), () => {
      server = new Server(runtime, config, storage, environment, readOnlyRole(self.id));
      this.equip(server);
      server.clientPort = this.clientPort;
      server.secureClientPort = this.secureEndpoint?.port ?? -1;
      this.server = server;
      runtime.log.warn(
        `no leader is found: this server answers read-only clients from what it has, up to zxid 0x${storage.tree.lastZxid.toString(16)}`,
      );
    });
    return () => {
      timer.cancel();
      if (server === null) return;
      this.server = null;
      server.stop();
    };
  }

  private untilDecided(): Promise<Vote | null> {
    return new Promise((resolve) => {
      this.decided = resolve;
      this.look();
    });
  }

  private look(): void {
    this.step({
      kind: 'look',
      zxid: this.storage.tree.lastZxid,
      epoch: this.currentEpoch,
      now: this.now,
    });
  }

  private async take(vote: Vote): Promise<void> {
    const { log } = this.runtime;
    const isSelf = vote.leader === this.self.id;
    const leader = this.ensemble.member(vote.leader);
    if (leader === undefined) {
      log.warn(`server ${vote.leader} was elected, which the configuration doesn't have any more`);
      return;
    }
    this.elected = vote.leader;
    this.electedEpoch = vote.epoch;
    log.info(
      `server ${vote.leader}${isSelf ? ' (this one)' : ''} was elected, with zxid 0x${Math.max(0, vote.zxid).toString(16)} of epoch ${Math.max(0, vote.epoch)}`,
      { leader: vote.leader },
    );
    const role = isSelf ? new Leading(this) : new Following(this, leader);
    this.role = role;
    const reason = await role.run();
    this.role = null;
    this.elected = null;
    this.server = null;
    const { reign } = this;
    this.reign = null;
    for (const close of this.closers.splice(0)) await close();
    if (this.isStopped) return;
    log.warn(`${endOf(vote.leader, isSelf, reign, this.leaderlessSinceMs)}: ${reason}`, {
      leader: vote.leader,
    });
    // Observers of a large ensemble don't all come back at once.
    const { observerReconnectDelayMs: delayMs } = this.config;
    if (this.self.role === 'observer' && delayMs > 0)
      await new Promise<void>((resolve) => {
        this.waitedEnough = resolve;
        this.runtime.clock.after(this.runtime.random.float() * delayMs, resolve);
      });
  }

  private step(input: ElectionInput): void {
    if (this.isStopped) return;
    const out: ElectionOutput[] = [];
    this.election.step(input, out);
    for (const output of out) {
      if (output.kind === 'send') this.connections.send(output.to, output.notification);
      else {
        const { decided } = this;
        this.decided = null;
        decided?.(output.vote);
      }
    }
    this.timer?.cancel();
    this.timer = null;
    const { wakeAt } = this.election;
    if (wakeAt !== Number.POSITIVE_INFINITY)
      this.timer = this.runtime.clock.after(Math.max(0, wakeAt - this.now), () => {
        this.timer = null;
        this.step({ kind: 'timer', now: this.now });
      });
  }
}

/** Who led for how long, and that it is over. */
function endOf(
  leader: number,
  isSelf: boolean,
  reign: { readonly epoch: number; readonly sinceMs: number } | null,
  nowMs: number,
): string {
  if (reign === null)
    return isSelf ? 'this server could not become the leader' : `server ${leader} could not be followed`;
  const what = `epoch ${reign.epoch} for ${((nowMs - reign.sinceMs) / 1000).toFixed(1)} s`;
  return isSelf
    ? `this server leads no more, after it led ${what}`
    : `server ${leader}, which led ${what}, is lost to this one`;
}
