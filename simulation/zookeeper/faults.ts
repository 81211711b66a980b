/** What goes wrong in a story of an ensemble, by chance. */
import { FileError } from '../../src/runtime/runtime.ts';
import type { SeededRandom } from '../../src/runtime/simulated/seeded-random.ts';
import type { SimulatedEnsemble, EnsembleServer } from '../../test/zookeeper/simulated-ensemble.ts';
import type { Kind, Plan } from './plan.ts';
import { leadersDieInTurn, oldLeaderIsMet } from './situations.ts';

type Fault =
  | 'kill'
  | 'power'
  | 'powerOfAll'
  | 'powerOfMany'
  | 'isolate'
  | 'split'
  | 'oneWay'
  | 'slowLinks'
  | 'flapping'
  | 'freeze'
  | 'wallClock'
  | 'diskFull'
  | 'readErrors'
  | 'syncErrors'
  | 'diesAtTheDisk'
  | 'leftBehind'
  | 'twoDeaths'
  | 'churn'
  | 'slowDisk'
  | 'wipeObserver';

const faultsOf: Record<Kind, readonly Fault[]> = {
  crashes: ['kill', 'kill', 'power', 'churn', 'diesAtTheDisk', 'leftBehind', 'twoDeaths'],
  power: ['power', 'power', 'powerOfAll', 'powerOfMany', 'kill', 'diesAtTheDisk', 'twoDeaths', 'leftBehind'],
  cuts: ['isolate', 'split', 'oneWay', 'oneWay', 'slowLinks', 'flapping', 'flapping', 'kill'],
  disks: ['diskFull', 'readErrors', 'syncErrors', 'slowDisk', 'power', 'wipeObserver', 'diesAtTheDisk'],
  time: ['freeze', 'freeze', 'slowDisk', 'wallClock', 'slowLinks', 'kill'],
  churn: ['churn', 'churn', 'oneWay', 'powerOfMany', 'diesAtTheDisk', 'twoDeaths', 'leftBehind', 'slowDisk'],
  all: [
    'kill',
    'power',
    'powerOfAll',
    'powerOfMany',
    'isolate',
    'split',
    'oneWay',
    'slowLinks',
    'flapping',
    'freeze',
    'wallClock',
    'diskFull',
    'readErrors',
    'syncErrors',
    'diesAtTheDisk',
    'leftBehind',
    'twoDeaths',
    'churn',
    'slowDisk',
    'wipeObserver',
  ],
};

/** Nothing else begins while one of them goes on. */
const situations = [leadersDieInTurn, oldLeaderIsMet];

/** Breaks things, one after the other, and several at once. `mend` makes the world whole again. */
export class Faults {
  /** Servers whose disk failed: that they give up then is right. */
  readonly excused = new Set<EnsembleServer>();
  readonly ensemble: SimulatedEnsemble;
  readonly random: SeededRandom;
  private readonly plan: Plan;
  private readonly mending: (() => void)[] = [];
  private readonly wiped: (server: EnsembleServer) => void;
  private readonly isWanted: (server: EnsembleServer) => boolean;
  /** Nobody starts them as long as a situation wants them away. */
  private readonly away = new Set<EnsembleServer>();
  private visitors = 0;
  private isOver = false;

  constructor(
    ensemble: SimulatedEnsemble,
    plan: Plan,
    wiped: (server: EnsembleServer) => void,
    /** Whether it is to run. */
    isWanted: (server: EnsembleServer) => boolean,
  ) {
    this.ensemble = ensemble;
    this.wiped = wiped;
    this.isWanted = isWanted;
    this.plan = plan;
    this.random = ensemble.world.random.fork('faults');
  }

  async happen(): Promise<void> {
    const { world } = this.ensemble;
    const { random, plan } = this;
    const list = faultsOf[plan.kind];
    const tick = plan.tickTimeMs;
    // Some things happen while the first leader is still being elected.
    await world.run(world.nowMs + random.between(0, 8 * tick));
    const hasSituations = plan.reconfigurations === 0 && this.voters.length >= 3;
    for (let n = 0; n < plan.faults; n++) {
      if (hasSituations && random.below(12) === 0) {
        await situations[random.below(situations.length)]!(this);
        continue;
      }
      this.happens(list[random.below(list.length)]!);
      if (random.below(3) === 0) await this.events(random.below(400));
      else await world.run(world.nowMs + random.between(0, 8 * tick));
    }
  }

  mend(): void {
    this.isOver = true;
    const { world, servers } = this.ensemble;
    for (const mend of this.mending.splice(0)) mend();
    for (const server of servers) {
      server.host.disk.before = null;
      server.host.disk.capacityBytes = Number.MAX_SAFE_INTEGER;
    }
    world.heal();
    world.lossRate = 0;
    this.away.clear();
    for (const server of servers) this.start(server);
  }

  /** As long as the configuration isn't changed. */
  get voters(): readonly EnsembleServer[] {
    return this.ensemble.servers.slice(0, this.plan.servers - this.plan.observers);
  }

  /** Of the voters these run from now on and no others. */
  runOnly(some: readonly EnsembleServer[]): void {
    for (const voter of this.voters) {
      if (some.includes(voter)) {
        this.away.delete(voter);
        this.start(voter);
      } else {
        this.away.add(voter);
        if (voter.host.alive) this.ensemble.kill(voter, this.random.below(2) === 0);
      }
    }
  }

  /** Who was away comes back, sooner or later. */
  runAll(): void {
    for (const server of this.away) this.startLater(server);
    this.away.clear();
  }

  async pause(leastTicks: number, mostTicks: number): Promise<void> {
    const { world } = this.ensemble;
    await world.run(world.nowMs + this.random.between(leastTicks, mostTicks) * this.plan.tickTimeMs);
  }

  until(isMet: () => boolean, ticks: number): Promise<boolean> {
    return this.ensemble.world.run(isMet, ticks * this.plan.tickTimeMs);
  }

  /** A client comes to this server just now, and its session is a write. @returns what lets it go */
  visit(server: EnsembleServer): () => void {
    const client = this.ensemble.client(`visitor-${this.visitors++}`, [server], this.plan.sessionTimeoutMs);
    return () => void client.close();
  }

  /** The way between two, in one direction. */
  cut(from: EnsembleServer, to: EnsembleServer): void {
    this.ensemble.world.link(from.host.name, to.host.name).cut();
  }

  /** The ways between these two, or all ways. */
  heal(one?: EnsembleServer, other?: EnsembleServer): void {
    const { world } = this.ensemble;
    if (one === undefined || other === undefined) {
      world.heal();
      return;
    }
    world.link(one.host.name, other.host.name).heal();
    world.link(other.host.name, one.host.name).heal();
  }

  /** Called when a server gave up: its supervisor starts it again. */
  gaveUp(server: EnsembleServer): void {
    // After a failed sync the page cache is as good as lost.
    if (this.random.below(2) === 0 && this.excused.has(server)) server.host.disk.losePower();
    this.startLater(server);
  }

  private happens(fault: Fault): void {
    const { ensemble, random } = this;
    const { world } = ensemble;
    const servers = ensemble.servers.filter(this.isWanted);
    const victim = this.victim(servers);
    const others = servers.filter((server) => server !== victim);
    const tick = this.plan.tickTimeMs;
    switch (fault) {
      case 'kill':
      case 'power':
        this.kill(victim, fault === 'kill');
        break;
      case 'powerOfAll': {
        // Who led comes back last: what only its disk has was never acknowledged.
        const { leader } = ensemble;
        for (const server of servers) this.kill(server, false, server === leader ? 20 * tick : 0);
        break;
      }
      case 'powerOfMany':
        for (const server of servers) if (random.below(2) === 0) this.kill(server, random.below(3) === 0);
        break;
      case 'isolate':
        this.separate([victim], others);
        break;
      case 'split': {
        const some = servers.filter(() => random.below(2) === 0);
        this.separate(
          some,
          servers.filter((server) => !some.includes(server)),
        );
        break;
      }
      case 'oneWay':
        for (const other of others) {
          if (random.below(2) === 0) continue;
          const link =
            random.below(2) === 0
              ? world.link(victim.host.name, other.host.name)
              : world.link(other.host.name, victim.host.name);
          link.cut();
          this.later(random.between(1, 10) * tick, () => link.heal());
        }
        break;
      case 'slowLinks':
        for (const other of others) {
          const link = world.link(other.host.name, victim.host.name);
          const { delayMs } = link;
          const more = random.between(0.1, 3) * tick;
          link.delayMs = () => random.between(0, more);
          this.later(random.between(2, 15) * tick, () => {
            link.delayMs = delayMs;
          });
        }
        break;
      case 'flapping': {
        // The network falls apart in another way again and again, in the middle of elections.
        let times = 3 + random.below(8);
        const again = (): void => {
          if (this.isOver || times-- <= 0) return;
          for (const one of servers)
            for (const other of servers) {
              if (one === other) continue;
              const link = world.link(one.host.name, other.host.name);
              if (random.below(3) === 0) link.cut();
              else link.heal();
            }
          world.after(random.between(0.3, 5) * tick, again);
        };
        this.mending.push(() => world.heal());
        again();
        break;
      }
      case 'freeze':
        if (victim.host.alive) victim.host.freeze(random.between(0.2, 12) * tick);
        break;
      case 'wallClock':
        victim.host.setWallClock(Math.floor(random.between(-7_200_000, 7_200_000)));
        break;
      case 'diskFull':
        this.excused.add(victim);
        victim.host.disk.capacityBytes = victim.host.disk.usedBytes + random.below(3000);
        this.later(random.between(2, 12) * tick, () => {
          victim.host.disk.capacityBytes = Number.MAX_SAFE_INTEGER;
        });
        break;
      case 'readErrors':
        this.failing(victim, 'read', 0.2);
        if (random.below(2) === 0) this.kill(victim, true);
        break;
      case 'syncErrors':
        this.failing(victim, 'sync', 0.3);
        break;
      case 'diesAtTheDisk': {
        // In the middle of what takes several operations, such as the installation of a leader's tree.
        const { disk } = victim.host;
        let left = random.below(random.below(2) === 0 ? 12 : 60);
        disk.before = (_, path) => {
          if (left-- > 0) return;
          disk.before = null;
          this.kill(victim, random.below(3) === 0);
          throw new FileError('EIO', path, `${path}: the process is dead`);
        };
        if (random.below(2) === 0) {
          this.ensemble.kill(victim, random.below(2) === 0);
          world.after(random.between(0, 2) * tick, () => this.start(victim));
        }
        break;
      }
      case 'leftBehind': {
        // One misses a few transactions, and then all begin at once: it may not lead them back to where it was.
        const behind = random.below(2) === 0 ? servers[servers.length - this.plan.observers - 1]! : victim;
        if (behind.host.alive) ensemble.kill(behind, random.below(2) === 0);
        world.after(random.between(1, 8) * tick, () => {
          if (this.isOver) return;
          for (const server of servers) if (server.host.alive) ensemble.kill(server, random.below(2) === 0);
          world.after(random.between(0.1, 2) * tick, () => {
            for (const server of servers) this.start(server);
          });
        });
        break;
      }
      case 'twoDeaths': {
        // What the first, right before a sync, leaves in the page cache, the second takes: but not from under what was built upon it.
        const both = random.below(2) === 0 ? servers : [victim];
        const { disk } = victim.host;
        const first = (): void => {
          if (this.isOver) return;
          for (const server of both) {
            if (server.host.alive) ensemble.kill(server, true);
            world.after(random.between(0, 2) * tick, () => this.start(server));
          }
          world.after(random.between(2, 9) * tick, () => {
            if (!this.isOver) for (const server of both) this.kill(server, false);
          });
        };
        disk.before = (operation, path) => {
          if (operation !== 'sync' || !path.includes('/log.')) return;
          disk.before = null;
          first();
          throw new FileError('EIO', path, `${path}: the process is dead`);
        };
        break;
      }
      case 'churn': {
        let times = 2 + random.below(4);
        const again = (): void => {
          if (this.isOver) return;
          if (victim.host.alive) this.ensemble.kill(victim, random.below(2) === 0);
          else this.start(victim);
          if (times-- > 0) world.after(random.between(0, random.below(2) === 0 ? 4 : 0.3) * tick, again);
          else this.startLater(victim);
        };
        again();
        break;
      }
      case 'slowDisk': {
        // Others come and go faster than it writes: what it does for one of them isn't done when the next one asks.
        const slowestMs = random.between(0.5, 6) * tick;
        for (const { host } of random.below(3) === 0 ? servers : [victim]) {
          host.disk.syncMs = [0.1, slowestMs];
          this.later(random.between(4, 20) * tick, () => {
            host.disk.syncMs = [0.1, this.plan.slowestSyncMs];
          });
        }
        let deaths = random.below(6);
        const next = (): void => {
          const other = others[random.below(others.length)];
          if (this.isOver || other === undefined || deaths-- <= 0) return;
          if (other.host.alive) ensemble.kill(other, true);
          world.after(random.between(0, 1) * tick, () => this.start(other));
          world.after(random.between(1, 6) * tick, next);
        };
        next();
        break;
      }
      case 'wipeObserver': {
        const { servers: count, observers } = this.plan;
        const observer = servers[count - 1]!;
        if (observers === 0 || !observer.host.alive) break;
        this.kill(observer, true);
        observer.host.disk.files.remove('/data/version-2');
        this.wiped(observer);
        break;
      }
    }
  }

  /** Often the leader: there more goes on. */
  private victim(servers: readonly EnsembleServer[]): EnsembleServer {
    const { random } = this;
    const { leader } = this.ensemble;
    return leader !== undefined && random.below(2) === 0 ? leader : servers[random.below(servers.length)]!;
  }

  /** So many events pass: so that what goes wrong doesn't go wrong when nothing else happens. */
  private async events(count: number): Promise<void> {
    let left = count;
    await this.ensemble.world.run(() => left-- <= 0, 20 * this.plan.tickTimeMs);
  }

  private kill(server: EnsembleServer, keepCache: boolean, longerMs = 0): void {
    if (!server.host.alive) return;
    // Of a machine without power the others hear nothing, not even that its connections are gone.
    this.ensemble.kill(server, keepCache, !keepCache && this.random.below(2) === 0);
    this.startLater(server, longerMs);
  }

  private start(server: EnsembleServer): void {
    if (!server.host.alive && this.isWanted(server) && !this.away.has(server)) this.ensemble.start(server);
  }

  private startLater(server: EnsembleServer, longerMs = 0): void {
    const { random, plan, ensemble } = this;
    ensemble.world.after(random.between(0.1, 8) * plan.tickTimeMs + longerMs, () => this.start(server));
  }

  private separate(some: readonly EnsembleServer[], others: readonly EnsembleServer[]): void {
    const { world } = this.ensemble;
    const forMs = this.random.between(1, 14) * this.plan.tickTimeMs;
    for (const one of some)
      for (const other of others)
        for (const link of [
          world.link(one.host.name, other.host.name),
          world.link(other.host.name, one.host.name),
        ]) {
          link.cut();
          this.later(forMs, () => link.heal());
        }
    world.trace(`${some.map(({ host }) => host.name).join(', ')} are alone`);
  }

  private failing(server: EnsembleServer, what: 'read' | 'sync', often: number): void {
    this.excused.add(server);
    const { disk } = server.host;
    disk.before = (operation, path) => {
      if (operation === what && this.random.chance(often))
        throw new FileError('EIO', path, `${path}: the disk does not answer (EIO)`);
    };
    this.later(this.random.between(1, 12) * this.plan.tickTimeMs, () => {
      disk.before = null;
    });
  }

  /** Ends something at its time, or with everything else. */
  private later(ms: number, mend: () => void): void {
    this.mending.push(mend);
    this.ensemble.world.after(ms, mend);
  }
}
