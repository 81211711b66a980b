/** Who changes the ensemble's configuration while things go wrong. */
import type { SeededRandom } from '../../src/runtime/simulated/seeded-random.ts';
import type { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { ZooKeeperError } from '../../src/zookeeper/client/errors.ts';
import { versionOf } from '../../src/zookeeper/quorum/configuration/ensemble-text.ts';
import type { EnsembleServer, SimulatedEnsemble } from '../../test/zookeeper/simulated-ensemble.ts';
import type { Oracle } from './oracle.ts';
import type { Plan } from './plan.ts';

type Role = 'participant' | 'observer';
type Change = { joining?: string; leaving?: string; members?: string };

const lineOf = (id: number, role: Role): string => `server.${id}=zk${id}:2888:3888:${role};2181`;

/**
 * Adds servers, removes them, changes their roles, or replaces the list of all; often it is about the leader. Who is removed is stopped, or
 * runs on until something ends it. Servers that join are told who is in the ensemble at that time.
 */
export class Operator {
  private readonly ensemble: SimulatedEnsemble;
  private readonly plan: Plan;
  private readonly oracle: Oracle;
  private readonly random: SeededRandom;
  private readonly wanted: Set<EnsembleServer>;
  /** Those whose configuration doesn't have them. */
  private readonly retired = new Set<EnsembleServer>();
  /** The lines of those that were made ready to join. */
  private readonly lines = new Map<EnsembleServer, string>();
  private client: ZooKeeperClient | null = null;
  private sessions = 0;
  private isOver = false;
  private ended: Promise<void> = Promise.resolve();

  constructor(ensemble: SimulatedEnsemble, plan: Plan, oracle: Oracle) {
    this.ensemble = ensemble;
    this.plan = plan;
    this.oracle = oracle;
    this.random = ensemble.world.random.fork('operator');
    this.wanted = new Set(ensemble.servers.slice(0, plan.founders));
  }

  /** Whether it is to run. */
  wants(server: EnsembleServer): boolean {
    return this.wanted.has(server);
  }

  start(): void {
    this.ended = this.live();
  }

  /** The last change is asked for. */
  stop(): Promise<void> {
    this.isOver = true;
    return this.ended;
  }

  /** It ended because its configuration doesn't have it. */
  retire(server: EnsembleServer): void {
    this.wanted.delete(server);
    this.retired.add(server);
  }

  /** Every member of the last configuration runs, of one that waits for its quorums, and of those that servers came back with. */
  tidy(): void {
    const { servers } = this.ensemble;
    const known = servers.flatMap(({ member }) => [
      ...(member?.ensemble.members ?? []),
      ...(member?.proposed?.members ?? []),
    ]);
    const members = new Set([...this.oracle.configuration.members, ...known].map(({ id }) => id));
    for (const server of servers) {
      if (!members.has(server.id)) continue;
      // Whose files know of the last configuration is best left alone: they may be the only ones.
      if (this.retired.delete(server)) this.prepare(server);
      else {
        this.wanted.add(server);
        if (!server.host.alive) this.ensemble.start(server);
      }
    }
  }

  /** Nobody runs but the members of the last configuration. */
  clean(): void {
    for (const server of this.ensemble.servers) if (!this.isMember(server)) this.halt(server);
  }

  private isMember({ id }: EnsembleServer): boolean {
    return this.oracle.configuration.member(id) !== undefined;
  }

  private async live(): Promise<void> {
    const { world } = this.ensemble;
    const { random, plan } = this;
    for (let n = 0; n < plan.reconfigurations && !this.isOver; n++) {
      await this.pause(random.between(0, 1 + random.below(6)));
      if (this.isOver) return;
      const change = this.change();
      if (change === null) continue;
      if (random.below(2) === 0) await this.pause(random.between(0, 3));
      world.trace(`operator: ${JSON.stringify(change)}`);
      await this.ask(change);
    }
  }

  /** Whether a leader's files tell the last configuration: before that the ones of before may still be needed, with all their servers. */
  private get isSettled(): boolean {
    const leader = this.ensemble.leader?.member ?? null;
    if (leader === null || leader.configurationWriting !== null) return false;
    return leader.ensemble.version >= this.oracle.configuration.version;
  }

  private pause(ticks: number): Promise<void> {
    return new Promise((resolve) => this.ensemble.world.after(ticks * this.plan.tickTimeMs, resolve));
  }

  private async ask(change: Change): Promise<void> {
    const { oracle } = this;
    if (this.client === null || this.client.state === 'expired' || this.client.state === 'closed') {
      const { sessionTimeoutMs } = this.plan;
      const { servers } = this.ensemble;
      this.client = this.ensemble.client(`operator-${this.sessions++}`, servers, sessionTimeoutMs, 400);
    }
    try {
      const { data } = await this.client.reconfig(change);
      if (!oracle.hasConfiguration(versionOf(data?.toString() ?? '')))
        oracle.say(`a configuration was told that is not committed: ${data?.toString()}`);
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      return;
    }
    for (const server of this.wanted)
      if (!this.isMember(server) && this.random.below(3) > 0) this.halt(server);
  }

  /** Null: there is none that makes sense. */
  private change(): Change | null {
    const { random } = this;
    const { leader, servers } = this.ensemble;
    const { members, voters } = this.oracle.configuration;
    const outside = this.isSettled ? servers.filter((server) => !this.isMember(server)) : [];
    const member =
      leader !== undefined && random.below(2) === 0 && voters.includes(leader.id)
        ? leader.id
        : members[random.below(members.length)]!.id;
    const newcomer = outside[random.below(outside.length)];
    switch (random.below(6)) {
      case 0:
      case 1:
        if (newcomer === undefined) return null;
        return { joining: this.prepare(newcomer) };
      case 2:
        return { leaving: String(member) };
      case 3: {
        const role = voters.includes(member) && random.below(3) > 0 ? 'observer' : 'participant';
        return { joining: lineOf(member, role) };
      }
      case 4:
        if (newcomer === undefined) return null;
        return { joining: this.prepare(newcomer), leaving: String(member) };
      default: {
        const ready = servers.filter((server) => this.isMember(server) || outside.includes(server));
        const next = ready.filter(() => random.below(3) > 0);
        const lines = next.map((server) =>
          outside.includes(server)
            ? this.prepare(server)
            : lineOf(server.id, random.below(5) === 0 ? 'observer' : 'participant'),
        );
        return { members: lines.join('\n') };
      }
    }
  }

  /** Starts a server that knows the ensemble of now, unless it runs already. @returns its line */
  private prepare(server: EnsembleServer): string {
    const { ensemble, random } = this;
    const before = this.lines.get(server);
    if (this.wants(server) && before !== undefined) return before;
    this.halt(server);
    const { members } = this.oracle.configuration;
    const line = lineOf(server.id, random.below(4) === 0 ? 'observer' : 'participant');
    const lines = members.map(({ id, role }) => lineOf(id, role));
    ensemble.configure(server, this.isMember(server) ? lines : [...lines, line]);
    this.wanted.add(server);
    this.lines.set(server, line);
    ensemble.start(server);
    return line;
  }

  private halt(server: EnsembleServer): void {
    this.wanted.delete(server);
    if (server.host.alive) this.ensemble.kill(server, true);
  }
}
