import type { Endpoint, Runtime } from '../../runtime/runtime.ts';
import type { PeerNetworks } from '../security/peer-networks.ts';
import type { ZooKeeperConfig } from '../server/config/config.ts';
import type { MemberConfig } from '../server/config/server-line.ts';
import { MemberStats } from '../server/metrics/member-stats.ts';
import type { ServerMode } from '../server/role.ts';
import type { ServerFacts } from '../server/server-view.ts';
import type { Server } from '../server/server.ts';
import { explainDiskFailure, messageOf } from '../storage/disk-failure.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import { Serving } from './clients/serving.ts';
import type { ConfigFiles } from './configuration/config-files.ts';
import { Configurations } from './configuration/configurations.ts';
import type { Ensemble } from './configuration/ensemble.ts';
import { roleChange } from './configuration/role-change.ts';
import { Electing } from './election/electing.ts';
import type { HeardNotification } from './election/messages.ts';
import type { Vote } from './election/vote.ts';
import { readEpochs } from './epochs.ts';
import type { MemberContext } from './member-context.ts';
import { Reigns } from './reigns.ts';
import { Shunned } from './shunned.ts';
import { Following } from './zab/follower/following.ts';
import type { History } from './zab/history.ts';
import { Leading } from './zab/leader/leading.ts';

/**
 * One server of an ensemble, from its start to its end: it looks for a leader (`Electing`), leads or follows until that ends
 * (`Leading`, `Following`), and looks again. Its storage, its ports (`Serving`) and what it knows of the ensemble (`Configurations`)
 * stay; all else begins anew with each role.
 */
export class Member implements MemberContext {
  readonly runtime: Runtime;
  readonly config: ZooKeeperConfig;
  readonly storage: ZooKeeperStorage;
  readonly history: History;
  readonly peers: PeerNetworks;
  readonly environment: Readonly<Record<string, string>>;
  readonly members34 = new Set<number>();
  readonly stats = new MemberStats();
  acceptedEpoch = 0;
  currentEpoch = 0;
  isTreeUnproven: boolean;
  needsTree = false;
  /** Rejects when the disk failed. */
  readonly failure: Promise<never>;
  private readonly configurations: Configurations;
  private readonly electing: Electing;
  private readonly serving: Serving;
  private readonly reigns: Reigns;
  private readonly shunned: Shunned;
  private role: Leading | Following | null = null;
  /** Who was elected, or appointed. */
  private elected: number | null = null;
  /** Whom a reconfiguration made the leader, or who is to be asked again without a vote. */
  private appointed: number | null = null;
  private waitedEnough: () => void = () => {};
  private isStopped = false;
  private reject: (error: unknown) => void = () => {};
  private loop: Promise<void> = Promise.resolve();

  constructor(
    facts: ServerFacts,
    self: MemberConfig,
    files: ConfigFiles,
    storage: ZooKeeperStorage,
    history: History,
    peers: PeerNetworks,
    equip: (server: Server) => void,
  ) {
    const { runtime, config, environment } = facts;
    this.runtime = runtime;
    this.config = config;
    this.storage = storage;
    this.history = history;
    this.peers = peers;
    this.environment = environment;
    this.isTreeUnproven = config.digestEnabled && storage.recovered.isAsLogged;
    this.failure = new Promise<never>((_, reject) => (this.reject = reject));
    this.failure.catch(() => {});
    this.configurations = new Configurations(config, self, files, storage.tree);
    // Who has one in its log and doesn't know that it was proposed could lead with the old quorum alone.
    storage.writeAfter(() => this.configurations.writing);
    this.serving = new Serving(facts, equip);
    this.reigns = new Reigns(runtime.clock, runtime.log, this.stats, self.id);
    this.shunned = new Shunned(runtime.clock, runtime.log, config.dataDir);
    this.electing = new Electing(runtime, peers.election, config, this.configurations, this.stats, {
      position: () => ({ zxid: storage.tree.lastZxid, epoch: this.currentEpoch }),
      listensTo: (from, notification) => this.listensTo(from, notification),
    });
    this.tellConfiguration();
  }

  get self(): MemberConfig {
    return this.configurations.self;
  }

  get ensemble(): Ensemble {
    return this.configurations.ensemble;
  }

  get proposed(): Ensemble | null {
    return this.configurations.proposed;
  }

  get configurationWriting(): Promise<void> | null {
    return this.configurations.writing;
  }

  get clientPort(): number {
    return this.serving.clientPort;
  }

  get secureEndpoint(): Endpoint | null {
    return this.serving.secureEndpoint;
  }

  /** What it serves as at the moment; null: there is no leader. */
  get mode(): ServerMode | null {
    return this.serving.mode;
  }

  /** Opens the client port and the election port, and begins to look for a leader. Resolves before there is one. */
  async start(): Promise<void> {
    const { accepted, current } = await readEpochs(this.storage, this.config.dataDir);
    this.acceptedEpoch = accepted;
    this.currentEpoch = current;
    await this.serving.open();
    await this.electing.listen();
    this.tellWhoLooks();
    await this.serving.openAdmin();
    this.loop = this.live();
  }

  async stop(): Promise<void> {
    if (this.isStopped) {
      await this.loop;
      return;
    }
    this.isStopped = true;
    this.role?.stop('this server stops');
    this.electing.giveUp();
    this.waitedEnough();
    await this.serving.close();
    await this.electing.close();
    this.peers.stop();
    await this.loop;
    await this.storage.close();
    await this.configurations.writing;
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

  // ---- roles

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
    return appointed === null ? null : this.electing.appointed(appointed);
  }

  private async elect(): Promise<Vote | null> {
    const endReadOnly = this.serving.readOnlySoon(this.self.id, this.storage);
    const vote = await this.electing.elect();
    endReadOnly();
    return vote;
  }

  private async take(vote: Vote): Promise<void> {
    const { self, ensemble, runtime, reigns } = this;
    const leader = ensemble.member(vote.leader);
    if (leader === undefined) {
      runtime.log.warn(`server ${vote.leader} was elected, which the configuration doesn't have any more`);
      return;
    }
    this.elected = vote.leader;
    reigns.elected(vote);
    const role = vote.leader === self.id ? new Leading(this) : new Following(this, leader);
    this.role = role;
    const reason = await role.run();
    this.role = null;
    this.elected = null;
    await this.serving.ended();
    reigns.ended(vote.leader, this.isStopped ? null : reason);
    await this.pauseAsObserver();
  }

  /** Observers of a large ensemble don't all come back at once. */
  private async pauseAsObserver(): Promise<void> {
    const { observerReconnectDelayMs: delayMs } = this.config;
    if (this.isStopped || this.self.role !== 'observer' || delayMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.waitedEnough = resolve;
      this.runtime.clock.after(this.runtime.random.float() * delayMs, resolve);
    });
  }

  serve(server: Server, leader: number, epoch: number): void {
    this.electing.established(epoch);
    this.reigns.established(leader, epoch, this.storage.tree.lastZxid);
    this.serving.begin(server);
  }

  left(): void {
    this.serving.end();
    this.reigns.left();
    this.electing.left();
  }

  rejoin(leader: number): void {
    this.appointed = leader;
  }

  leadsNoMore(id: number): Promise<boolean> {
    return this.electing.leadsNoMore(id);
  }

  shun(id: number, evidence: string): void {
    this.shunned.add(id, evidence);
  }

  /** What others say of a later configuration holds, while this server knows no leader. */
  private listensTo(from: number, { vote, config: text }: HeardNotification): boolean {
    if (this.shunned.has(from) || this.shunned.has(vote.leader)) return false;
    const later = this.electing.isLooking ? this.configurations.laterIn(text) : null;
    if (later === null) return true;
    this.runtime.log.info(`server ${from} knows a later configuration, 0x${later.version.toString(16)}`);
    this.activate(later, null);
    this.electing.look();
    return true;
  }

  // ---- configurations

  seen(ensemble: Ensemble): void {
    const isLogged = (version: number): boolean =>
      this.history.uncommitted().some(({ zxid }) => zxid === version);
    if (this.configurations.seen(ensemble, isLogged)) this.electing.reconfigured();
  }

  replaced(zxid: number): void {
    if (this.configurations.cutTo(zxid)) this.electing.reconfigured();
    this.tellConfiguration();
  }

  activate(ensemble: Ensemble, leader: number | null): string | null {
    const before = { ensemble: this.ensemble, self: this.self };
    if (!this.configurations.activate(ensemble)) return null;
    this.electing.reconfigured();
    this.tellConfiguration();
    if (before.ensemble.lines.join() === ensemble.lines.join()) return null;
    this.runtime.log.info(
      `the ensemble was reconfigured: version 0x${ensemble.version.toString(16)} has the voters ${ensemble.voters.join(', ')}`,
    );
    this.serving.move(before.self, this.self);
    if (this.elected === null) return null;
    const change = roleChange(before, { ensemble, self: this.self }, this.elected, leader);
    if (change !== null) this.appointed = change.appointed;
    return change?.reason ?? null;
  }

  /** What getConfig answers. */
  private tellConfiguration(): void {
    const { text, version } = this.ensemble;
    this.storage.tree.setConfiguration(text, version, this.runtime.clock.wallMs());
  }

  private tellWhoLooks(): void {
    const { self, storage, config, runtime } = this;
    const ids = this.ensemble.members.map(({ id }) => id).join(', ');
    runtime.log.info(
      `server ${self.id}, ${self.role} of the ensemble of ${ids}, looks for the leader; ${config.dataDir} has ${storage.tree.nodeCount} znodes up to ` +
        `zxid 0x${storage.tree.lastZxid.toString(16)}`,
    );
  }
}
