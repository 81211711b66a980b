import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { startEnsemble, type Ensemble, type EnsembleMember } from '../support/ensembles.ts';

const runtime = createNodeRuntime({ log: createLog({ format: 'json', write: () => {} }) });

function connect(members: readonly EnsembleMember[]): ZooKeeperClient {
  const client = new ZooKeeperClient(runtime, {
    servers: members.map(({ port }) => ({ host: '127.0.0.1', port })),
    sessionTimeoutMs: 15_000,
  });
  client.start();
  return client;
}

/** All of a server's znodes but the built-in ones. */
async function treeAt(member: EnsembleMember): Promise<Record<string, string>> {
  const client = connect([member]);
  await client.connected();
  await client.sync('/');
  const tree: Record<string, string> = {};
  const walk = async (path: string): Promise<void> => {
    const { data, stat } = await client.getData(path);
    if (path !== '/')
      tree[path] =
        `${data?.toString() ?? 'null'} ${stat.czxid} ${stat.mzxid} ${stat.pzxid} ${stat.version} ${stat.cversion} ${stat.ephemeralOwner}`;
    for (const name of await client.getChildren(path))
      if (name !== 'zookeeper') await walk(path === '/' ? `/${name}` : `${path}/${name}`);
  };
  await walk('/');
  await client.close();
  return tree;
}

/** Writes all the time, and remembers what was acknowledged. */
class Load {
  readonly acknowledged: string[] = [];
  private isOver = false;
  private readonly done: Promise<void>;
  private readonly client: ZooKeeperClient;

  constructor(ensemble: Ensemble) {
    this.client = connect(ensemble.members);
    this.done = this.write();
  }

  async more(count: number): Promise<void> {
    const until = this.acknowledged.length + count;
    while (this.acknowledged.length < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** @returns the state of the session that all was written in. */
  async end(): Promise<string> {
    this.isOver = true;
    await this.done;
    const { state } = this.client;
    await this.client.close();
    return state;
  }

  private async write(): Promise<void> {
    await this.client.connected();
    await this.client.create('/load', null);
    await this.client.create('/load/mine', null, { mode: 'ephemeral' });
    for (let n = 0; !this.isOver; n++) {
      try {
        const path = `/load/n${n}`;
        await this.client.create(path, Buffer.from(`v${n}`));
        if (n % 3 === 0) await this.client.setData(path, Buffer.from(`w${n}`));
        this.acknowledged.push(path);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

const mixtures: readonly (readonly ZooKeeperMaker[])[] = [
  ['gregor', 'gregor', 'gregor'],
  ['apache 3.4.14', 'apache 3.4.14', 'gregor'],
  ['apache 3.9.5', 'gregor', 'apache 3.9.5'],
  ['gregor', 'gregor', 'apache 3.4.14'],
  ['gregor', 'apache 3.4.14', 'apache 3.9.5'],
];

describe('three servers in one ensemble', () => {
  test.each(mixtures.map((makers) => ({ makers })))(
    '$makers: leader and follower die under load, and all is there on all servers',
    async ({ makers }) => {
      const ensemble = await startEnsemble(makers);
      try {
        await ensemble.serving();
        const load = new Load(ensemble);
        await load.more(50);
        for (const victim of [await ensemble.leader(), await ensemble.leader()]) {
          await victim.kill();
          await load.more(100);
          victim.start();
          await ensemble.serving();
          await load.more(20);
        }
        const leader = await ensemble.leader();
        const follower = ensemble.members.find((member) => member !== leader)!;
        await follower.kill();
        await load.more(50);
        follower.start();
        await ensemble.serving();
        await load.more(20);
        expect(await load.end()).toBe('connected');
        const [first, ...others] = await Promise.all(ensemble.members.map((member) => treeAt(member)));
        for (const other of others) expect(other).toEqual(first);
        expect(load.acknowledged.filter((path) => first![path] === undefined)).toEqual([]);
        expect(first!['/load/mine']).toBeUndefined();
      } catch (error) {
        throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
      } finally {
        await ensemble.stop();
      }
    },
  );
});
