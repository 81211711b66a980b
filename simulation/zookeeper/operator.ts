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
  }

  /** Every member of the last configuration runs, and nobody else. */
  tidy(): void {
    const { members } = this.oracle.configuration;
    for (const server of this.ensemble.servers) {
      const isMember = members.some(({ id }) => id === server.id);
      if (isMember && !this.wants(server)) this.prepare(server);
      else if (isMember && !server.host.alive) this.ensemble.start(server);
      else if (!isMember) this.halt(server);
    }
  }

  /** A member that doesn't find the others, since all that it knew of are gone, is told who they are now. */
  help(server: EnsembleServer): void {
    this.prepare(server);
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
    for (const server of [...this.wanted])
      if (!oracle.configuration.members.some(({ id }) => id === server.id) && this.random.below(3) > 0)
        this.halt(server);
  }

  /** Null: there is none that makes sense. */
  private change(): Change | null {
    const { random } = this;
    const { leader, servers } = this.ensemble;
    const { members, voters } = this.oracle.configuration;
    const outside = servers.filter(({ id }) => !members.some((member) => member.id === id));
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
        const next = servers.filter(() => random.below(3) > 0);
        const lines = next.map((server) =>
          outside.includes(server)
            ? this.prepare(server)
            : lineOf(server.id, random.below(5) === 0 ? 'observer' : 'participant'),
        );
        return { members: lines.join('\n') };
      }
    }
  }

  /** Starts a server that knows the ensemble of now. @returns its line */
  private prepare(server: EnsembleServer): string {
    const { ensemble, random } = this;
    const { members } = this.oracle.configuration;
    this.halt(server);
    const lines = members.map(({ id, role }) => lineOf(id, role));
    const isMember = members.some(({ id }) => id === server.id);
    const role = random.below(4) === 0 ? 'observer' : 'participant';
    if (!isMember) lines.push(lineOf(server.id, role));
    ensemble.configure(server, lines);
    this.wanted.add(server);
    ensemble.start(server);
    return lineOf(server.id, role);
  }

  private halt(server: EnsembleServer): void {
    this.wanted.delete(server);
    if (server.host.alive) this.ensemble.kill(server, true);
  }
}
