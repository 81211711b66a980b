import type { Network, Runtime, Timer } from '../../../runtime/runtime.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';
import type { MemberStats } from '../../server/metrics/member-stats.ts';
import { leaderlessSentence, sayWhileLeaderless } from '../leaderless.ts';
import type { Configurations } from '../configuration/configurations.ts';
import { ElectionConnections } from './connections.ts';
import { Election, type ElectionInput, type ElectionOutput } from './election.ts';
import type { HeardNotification } from './messages.ts';
import type { Vote } from './vote.ts';

/** What an election asks of its server. */
export interface Elector {
  /** The end of its log, and the epoch that it is in: what votes are compared by. */
  position(): { readonly zxid: number; readonly epoch: number };
  /** Whether what another says counts. */
  listensTo(from: number, notification: HeardNotification): boolean;
}

/** The shell around `Election`: the connections to the other servers, and time. */
export class Electing {
  private readonly runtime: Runtime;
  private readonly stats: MemberStats;
  private readonly configurations: Configurations;
  private readonly elector: Elector;
  private readonly core: Election;
  private readonly connections: ElectionConnections;
  private decided: ((vote: Vote | null) => void) | null = null;
  private timer: Timer | null = null;
  private isOver = false;

  constructor(
    runtime: Runtime,
    network: Network,
    config: ZooKeeperConfig,
    configurations: Configurations,
    stats: MemberStats,
    elector: Elector,
  ) {
    const { self } = configurations;
    this.runtime = runtime;
    this.stats = stats;
    this.configurations = configurations;
    this.elector = elector;
    this.core = new Election(self.id, configurations.electorate, {
      firstRepeatMs: config.leastNotificationIntervalMs,
      longestRepeatMs: Math.max(config.leastNotificationIntervalMs, config.mostNotificationIntervalMs),
    });
    this.connections = new ElectionConnections(
      runtime,
      network,
      self,
      config,
      stats,
      (from, notification) => {
        if (elector.listensTo(from, notification))
          this.step({ kind: 'notification', from, ...notification, now: this.now });
      },
    );
    this.connections.configure(configurations.ensemble, configurations.proposed);
  }

  listen(): Promise<void> {
    return this.connections.listen();
  }

  /** Whether it looks for a leader. */
  get isLooking(): boolean {
    return this.decided !== null;
  }

  /** Looks for a leader; null: it was given up. */
  async elect(): Promise<Vote | null> {
    const begunAtMs = this.now;
    this.stats.elections += 1;
    const { clock, log } = this.runtime;
    const quiet = sayWhileLeaderless(clock, log, (waitedMs) => {
      const { self, ensemble } = this.configurations;
      return leaderlessSentence(self.id, ensemble, waitedMs, (id) =>
        this.connections.whyAbsent(id, begunAtMs),
      );
    });
    const vote = await new Promise<Vote | null>((resolve) => {
      this.decided = resolve;
      this.look();
    });
    quiet();
    this.stats.electionTime.add(this.now - begunAtMs);
    return vote;
  }

  /** Begins the search anew: the configuration is another one. */
  look(): void {
    this.step({ kind: 'look', ...this.elector.position(), now: this.now });
  }

  /** A reconfiguration named the leader. @returns the vote that all are told. */
  appointed(leader: number): Vote {
    const vote = { leader, ...this.elector.position() };
    this.step({ kind: 'appointed', ...vote, now: this.now });
    return vote;
  }

  /** The leader is in place. */
  established(epoch: number): void {
    this.step({ kind: 'established', epoch, now: this.now });
  }

  /** This server leads or follows no more. */
  left(): void {
    this.step({ kind: 'left', now: this.now });
  }

  /** Whether a server that was elected looks for a leader again, or ended. */
  async leadsNoMore(id: number): Promise<boolean> {
    return this.core.looksAgain(id) || (await this.connections.hasEnded(id));
  }

  /** The configurations changed. */
  reconfigured(): void {
    const { ensemble, proposed, electorate } = this.configurations;
    this.connections.configure(ensemble, proposed);
    this.step({ kind: 'electorate', electorate, now: this.now });
  }

  /** Nothing is told any more; who waits for a leader gets none. */
  giveUp(): void {
    this.isOver = true;
    this.timer?.cancel();
    this.decided?.(null);
  }

  close(): Promise<void> {
    return this.connections.stop();
  }

  private get now(): number {
    return this.runtime.clock.monotonicMs();
  }

  private step(input: ElectionInput): void {
    if (this.isOver) return;
    const out: ElectionOutput[] = [];
    this.core.step(input, out);
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
    const { wakeAt } = this.core;
    if (wakeAt !== Number.POSITIVE_INFINITY)
      this.timer = this.runtime.clock.after(Math.max(0, wakeAt - this.now), () => {
        this.timer = null;
        this.step({ kind: 'timer', now: this.now });
      });
  }
}
