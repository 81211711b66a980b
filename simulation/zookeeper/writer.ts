import type { SeededRandom } from '../../src/runtime/simulated/seeded-random.ts';
import type { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { ZooKeeperError } from '../../src/zookeeper/client/errors.ts';
import type { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import type { SimulatedEnsemble } from '../../test/zookeeper/simulated-ensemble.ts';
import type { Oracle } from './oracle.ts';
import type { Plan } from './plan.ts';

const SHARED = '/shared';

/** What all writers of a story were told, to be held against the ensemble. */
export class Ledger {
  acknowledged = 0;
  /** What must be there (its data), or must not (null). What is in doubt isn't here. */
  readonly nodes = new Map<string, Buffer | null>();
  /** Who got each version of the node that all of them change. */
  readonly versions = new Map<number, string>();
  /** The last value of each counter that was acknowledged. */
  readonly counters = new Map<string, number>();
  readonly broken: string[] = [];

  check(tree: DataTree): string[] {
    const lost: string[] = [];
    for (const [path, data] of this.nodes) {
      const node = tree.find(path);
      if (data === null) {
        if (node !== undefined) lost.push(`${path} was deleted and is there again`);
      } else if (node === undefined) lost.push(`${path} was acknowledged and is lost`);
      else if (!data.equals(tree.dataOf(node) ?? Buffer.alloc(0)))
        lost.push(`${path} has other data than was acknowledged`);
    }
    for (const [path, value] of this.counters) {
      const node = tree.find(path);
      const is = node === undefined ? -1 : Number(tree.dataOf(node)?.toString('latin1', 0, 8));
      if (is < value) lost.push(`${path} was acknowledged as ${value} and is ${is}`);
    }
    const shared = tree.find(SHARED);
    const version = shared === undefined ? -1 : tree.statOf(shared).version;
    for (const [acknowledged, writer] of this.versions)
      if (acknowledged > version)
        lost.push(`version ${acknowledged} of ${SHARED} was given to ${writer}, and it is at ${version}`);
    return lost;
  }
}

/** A client that writes and reads in bursts, opens a new session when one is over, and remembers what it was told. */
export class Writer {
  private readonly name: string;
  private readonly ensemble: SimulatedEnsemble;
  private readonly plan: Plan;
  private readonly oracle: Oracle;
  private readonly ledger: Ledger;
  private readonly random: SeededRandom;
  private client: ZooKeeperClient;
  private sessions = 0;
  private number = 0;
  private hasEphemeral = false;
  /** Of the counter: asked for, acknowledged. */
  private asked = 0;
  private last: string | null = null;
  private isWanted = true;
  private ended: Promise<void> = Promise.resolve();

  constructor(name: string, ensemble: SimulatedEnsemble, plan: Plan, oracle: Oracle, ledger: Ledger) {
    this.name = name;
    this.ensemble = ensemble;
    this.plan = plan;
    this.oracle = oracle;
    this.ledger = ledger;
    this.random = ensemble.world.random.fork(name);
    this.client = this.connect();
  }

  start(): void {
    this.ended = this.live();
  }

  stop(): Promise<void> {
    this.isWanted = false;
    return this.ended;
  }

  private connect(): ZooKeeperClient {
    const { servers } = this.ensemble;
    // Some know one server only, so that observers and followers have clients, too.
    const some =
      this.plan.leaderServes && this.plan.reconfigurations === 0 && this.random.below(3) === 0
        ? [servers[this.random.below(servers.length)]!]
        : servers;
    this.hasEphemeral = false;
    const { sessionTimeoutMs } = this.plan;
    return this.ensemble.client(`${this.name}-${this.sessions++}`, some, sessionTimeoutMs, 400);
  }

  private async live(): Promise<void> {
    const { world } = this.ensemble;
    const [least, most] = this.plan.pauseMs;
    while (this.isWanted) {
      if (this.client.state === 'expired' || this.client.state === 'closed') this.client = this.connect();
      const burst = 1 + this.random.below(this.random.below(4) === 0 ? 6 : 2);
      await Promise.all(Array.from({ length: burst }, () => this.one()));
      await new Promise<void>((resolve) => world.after(this.random.between(least, most), resolve));
    }
  }

  /** One request. What it was told becomes part of the ledger. */
  private async one(): Promise<void> {
    const { client, ledger } = this;
    const path = `/${this.name}-${this.number++}`;
    const data = Buffer.alloc(this.plan.dataBytes, this.number);
    try {
      switch (this.random.below(11)) {
        case 0:
          if (this.hasEphemeral) break;
          this.hasEphemeral = true;
          await client.create(`${path}e`, data, { mode: 'ephemeral' });
          break;
        case 1:
          await client.create(`${path}s`, data, { mode: 'persistentSequential' });
          break;
        case 2:
          await this.count();
          break;
        case 3:
          await this.change();
          break;
        case 4:
          await client.multi([
            { kind: 'create', path, data },
            { kind: 'create', path: `${path}/under`, data: null },
          ]);
          this.tell(path, data);
          break;
        case 5:
          await this.remove();
          break;
        case 6:
          await this.read();
          break;
        case 7:
          await client.sync('/');
          break;
        default:
          await client.create(path, data);
          this.tell(path, data);
          this.last ??= path;
      }
      ledger.acknowledged += 1;
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
    }
  }

  private tell(path: string, data: Buffer): void {
    this.ledger.nodes.set(path, data);
    if (!this.oracle.created.has(path))
      this.ledger.broken.push(`${path} was acknowledged before it was committed`);
  }

  /** Its own counter only grows, at each server. */
  private async count(): Promise<void> {
    const path = `/${this.name}-counter`;
    const value = (this.asked += 1);
    const { client } = this;
    if (this.ledger.counters.has(path)) await client.setData(path, Buffer.from(String(value)));
    else if ((await client.exists(path)) === null) await client.create(path, Buffer.from(String(value)));
    else await client.setData(path, Buffer.from(String(value)));
    // What a local session asked for before may still come when its client has another one.
    if (!this.plan.localSessions)
      this.ledger.counters.set(path, Math.max(value, this.ledger.counters.get(path) ?? 0));
  }

  private async read(): Promise<void> {
    const path = `/${this.name}-counter`;
    const least = this.ledger.counters.get(path);
    if (least === undefined) return;
    const { client } = this;
    const session = client.sessionId;
    if (this.random.below(2) === 0) await client.sync('/');
    const { data } = await client.getData(path);
    // Another session may be shown an older state.
    if (session !== 0n && client.sessionId === session && this.sessions === 1 && Number(data) < least)
      this.ledger.broken.push(`${path} was acknowledged as ${least} and read as ${data?.toString()} after`);
  }

  /** All change this one, each from the version that it read: no version is given to two. */
  private async change(): Promise<void> {
    const { client, ledger, name } = this;
    const found = await client.exists(SHARED);
    if (found === null) {
      await client.create(SHARED, Buffer.from(name));
      return;
    }
    const { version } = await client.setData(SHARED, Buffer.from(name), found.version);
    const other = ledger.versions.get(version);
    if (other !== undefined)
      ledger.broken.push(`version ${version} of ${SHARED} was given to ${other} and to ${name}`);
    ledger.versions.set(version, name);
  }

  private async remove(): Promise<void> {
    const path = this.last;
    if (path === null) return;
    this.last = null;
    this.ledger.nodes.delete(path);
    await this.client.delete(path);
    this.ledger.nodes.set(path, null);
  }
}
