/** What goes wrong in a cluster: processes are killed or stopped, machines lose their power, links are cut one way or both, or are slow. */
import type { SeededRandom } from '../src/runtime/simulated/seeded-random.ts';
import type { SimulatedWorld } from '../src/runtime/simulated/simulated-world.ts';
import type { ClusterClient } from './clients.ts';
import type { Machine, SimulatedCluster } from './cluster.ts';
import type { Witness } from './witness.ts';

/** A broker that is away for longer than its session leads nothing when it comes back. */
export const LONGER_THAN_SESSION_MS = 3600;
/** A follower that hears nothing for longer is out of the ISR. */
const LONGER_THAN_LAG_MS = 3500;

export interface Scene {
  readonly world: SimulatedWorld;
  readonly cluster: SimulatedCluster;
  readonly witness: Witness;
  /** Asks who leads. */
  readonly client: ClusterClient;
  readonly random: SeededRandom;
  /** Hears of a machine that is about to be killed: what a loss of power leaves is put in order only by the next start. */
  readonly beforeDown: (machine: Machine) => void;
}

/** Things that go wrong one at a time; each mends what it broke. */
export class Faults {
  readonly scene: Scene;
  private readonly hosts: readonly string[];

  constructor(scene: Scene) {
    this.scene = scene;
    const { zookeeper, brokers } = scene.cluster;
    this.hosts = [zookeeper, ...brokers].map((machine) => machine.host.name);
  }

  pause(leastMs: number, mostMs: number): Promise<void> {
    const { world, random } = this.scene;
    return new Promise((resolve) => world.after(random.between(leastMs, mostMs), resolve));
  }

  /** `keepCache`: a kill -9; else the machine loses its power. */
  async down(machine: Machine, leastMs: number, mostMs: number, keepCache = true): Promise<void> {
    if (!machine.host.alive) return;
    machine.up = false;
    this.scene.beforeDown(machine);
    machine.host.kill({ keepCache });
    await this.pause(leastMs, mostMs);
    if (!machine.host.alive) machine.start();
  }

  /** ZooKeeper loses its power a moment after it told somebody that a write is there. */
  async forgetAfterAcknowledging(): Promise<void> {
    const { cluster, witness } = this.scene;
    await Promise.race([
      new Promise<void>((resolve) => (witness.onAcknowledged = resolve)),
      this.pause(3000, 3000),
    ]);
    witness.onAcknowledged = null;
    await this.pause(0, 2);
    await this.down(cluster.zookeeper, 50, 2000, false);
  }

  async cut(): Promise<void> {
    const { random } = this.scene;
    const from = this.hosts[random.below(this.hosts.length)]!;
    const to = this.hosts[random.below(this.hosts.length)]!;
    if (from === to) return;
    const ways: [string, string][] = [[from, to]];
    if (random.below(2) === 0) ways.push([to, from]);
    await this.without(ways, 100, 6000);
  }

  /** Only clients reach it. */
  async isolate(name: string, leastMs: number, mostMs: number): Promise<void> {
    const ways = this.othersThan(name).flatMap((other): [string, string][] => [
      [name, other],
      [other, name],
    ]);
    await this.without(ways, leastMs, mostMs);
  }

  /** Its followers get nothing any more while clients still write to it; then it is gone for longer than its session. */
  async dieWithTail(broker: Machine): Promise<void> {
    const { random } = this.scene;
    const { name } = broker.host;
    if (random.below(3) === 0) return this.isolate(name, LONGER_THAN_SESSION_MS, 8000);
    const ways = this.followersOf(name).map((other): [string, string] => [name, other]);
    const cut = this.without(ways, 40, 600);
    await cut;
    await this.down(broker, LONGER_THAN_SESSION_MS, 8000);
  }

  /** The others fall out of the ISR, then the last one in it dies; the others may not lead. */
  async dieAsLastInSync(broker: Machine): Promise<void> {
    const { name } = broker.host;
    const ways = this.followersOf(name).map((other): [string, string] => [name, other]);
    await this.without(ways, LONGER_THAN_LAG_MS, 6000);
    await this.down(broker, LONGER_THAN_SESSION_MS, 7000);
  }

  /** Leaderships leave it and come back, a few times in a row. */
  async backAndForth(broker: Machine): Promise<void> {
    const { random } = this.scene;
    for (let times = 2 + random.below(3); times > 0; times--) {
      if (!broker.up) return;
      await broker.stop();
      await this.pause(20, 600);
      if (!broker.host.alive) broker.start();
      await this.pause(300, 2500);
    }
  }

  /** It gives its leaderships away, and who got them dies before the third one has caught up with the new leader. */
  async dieJustElected(leaving: Machine): Promise<void> {
    const { cluster, random } = this.scene;
    if (!cluster.brokers.every((broker) => broker.up)) return;
    const others = cluster.brokers.filter((broker) => broker !== leaving);
    await leaving.stop();
    await this.pause(0, 40);
    const dying = this.down(others[random.below(others.length)]!, LONGER_THAN_SESSION_MS, 6000);
    await this.pause(20, 600);
    if (!leaving.host.alive) leaving.start();
    await dying;
  }

  without(ways: readonly [string, string][], leastMs: number, mostMs: number): Promise<void> {
    return this.withoutWhile(ways, () => this.pause(leastMs, mostMs));
  }

  /** What is sent there arrives when `meanwhile` is over. */
  async withoutWhile(ways: readonly [string, string][], meanwhile: () => Promise<void>): Promise<void> {
    const { world } = this.scene;
    world.trace(`cut: ${ways.map(([from, to]) => `${from} to ${to}`).join(', ')}`);
    for (const [from, to] of ways) world.link(from, to).cut();
    await meanwhile();
    for (const [from, to] of ways) world.link(from, to).heal();
  }

  /** What is sent to this host takes long while `meanwhile` isn't over. */
  async slowlyTo(
    name: string,
    delayMs: readonly [number, number],
    meanwhile: () => Promise<void>,
  ): Promise<void> {
    const { world, random } = this.scene;
    const links = this.othersThan(name).map((other) => world.link(other, name));
    const usual = links.map((link) => link.delayMs);
    for (const link of links) link.delayMs = () => random.between(...delayMs);
    await meanwhile();
    for (const [i, link] of links.entries()) link.delayMs = usual[i]!;
  }

  private followersOf(leader: string): string[] {
    return this.othersThan(leader).filter((name) => name !== this.scene.cluster.zookeeper.host.name);
  }

  private othersThan(name: string): string[] {
    return this.hosts.filter((other) => other !== name);
  }
}
