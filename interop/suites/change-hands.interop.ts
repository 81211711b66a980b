import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ClusterClient, produceTo, readAll, topic, type Ledger } from '../../simulation/clients.ts';
import { whatIsWrong } from '../../simulation/what-is-wrong.ts';
import { offsetCommit } from '../../src/kafka/protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../../src/kafka/protocol/messages/09-offset-fetch.ts';
import { findCoordinator } from '../../src/kafka/protocol/messages/10-find-coordinator.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import {
  makeBroker,
  startZooKeeper,
  world,
  type Maker,
  type ZooKeeper,
  type ZooKeeperMaker,
} from '../support/clusters.ts';
import { freePorts, until } from '../support/processes.ts';

async function inFolder(story: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-hands-'));
  try {
    await story(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is written to ZooKeeper in one turn: nodes of several kinds, changes and deletions. */
async function write(client: ZooKeeperClient, turn: number): Promise<void> {
  const base = `/turn-${turn}`;
  await client.create(base, null);
  await client.create(`${base}/empty`, Buffer.alloc(0));
  await client.create(`${base}/large`, Buffer.alloc(100_000, turn));
  await client.create(`${base}/owned`, Buffer.from('x'), {
    acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }],
  });
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      client.create(`${base}/n-`, Buffer.from(`${i}`), { mode: 'persistentSequential' }),
    ),
  );
  await client.multi([
    { kind: 'create', path: `${base}/multi`, data: Buffer.from('one') },
    { kind: 'setData', path: `${base}/multi`, data: Buffer.from('two') },
    { kind: 'delete', path: `${base}/n-0000000007`, version: 0 },
    { kind: 'check', path: base, version: 0 },
  ]);
  await client.create(`${base}/passing`, null, { mode: 'ephemeral' });
}

/** Every node that a client made, with its value, ACL and Stat. */
async function tree(client: ZooKeeperClient, path = '/'): Promise<Record<string, unknown>> {
  const children = (await client.getChildren(path)).filter((name) => path !== '/' || name !== 'zookeeper');
  const below = await Promise.all(
    children.map((name) => tree(client, path === '/' ? `/${name}` : `${path}/${name}`)),
  );
  const { data, stat } = await client.getData(path);
  const node = { stat, value: data?.toString('hex') ?? null, acl: await client.getAcl(path) };
  return Object.assign({ [path]: node }, ...below) as Record<string, unknown>;
}

async function withClient<T>(server: ZooKeeper, use: (client: ZooKeeperClient) => Promise<T>): Promise<T> {
  const servers = [{ host: '127.0.0.1', port: server.port }];
  const auth = [{ scheme: 'digest', auth: Buffer.from('somebody:secret') }];
  const client = new ZooKeeperClient(world, { servers, sessionTimeoutMs: 10_000, auth });
  client.start();
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

describe('files change hands', () => {
  test('a ZooKeeper data directory goes from gregor to 3.4.14 and 3.9.5 and back', () =>
    inFolder(async (folder) => {
      const turns: readonly ZooKeeperMaker[] = [
        'gregor',
        'apache 3.4.14',
        'gregor',
        'apache 3.9.5',
        'gregor',
        'apache 3.9.5',
      ];
      let last: Record<string, unknown> = {};
      for (const [turn, maker] of turns.entries()) {
        const server = await startZooKeeper(maker, 'snapCount=60\n', folder);
        try {
          if (turn > 0) expect(await withClient(server, (client) => tree(client))).toEqual(last);
          await withClient(server, (client) => write(client, turn));
          last = await withClient(server, (client) => tree(client));
        } finally {
          await server.service.stop(turn % 4 < 2 ? 'SIGKILL' : 'SIGTERM');
        }
      }
      expect(Object.keys(last).length).toBeGreaterThan(turns.length * 50);
    }));

  test("a broker's log directory goes from gregor to 2.3.0 and 3.9.1 and back, records and committed offsets", () =>
    inFolder(async (folder) => {
      const turns: readonly Maker[] = [
        'gregor',
        'apache 2.3.0',
        'gregor',
        'apache 3.9.1',
        'gregor',
        'apache 2.3.0',
      ];
      const zookeeper = await startZooKeeper('gregor');
      const [port] = await freePorts(1);
      const ledgers = [0, 1, 2].map((): Ledger => ({ acknowledged: [] }));
      try {
        for (const [turn, maker] of turns.entries()) {
          const properties = `zookeeper.connect=${zookeeper.connect}
zookeeper.session.timeout.ms=3000
inter.broker.protocol.version=2.3
offsets.topic.replication.factor=1
log.segment.bytes=4096
`;
          const broker = makeBroker(maker, { id: 1, port: port!, folder, zookeeper, properties });
          const endpoint = { host: '127.0.0.1', port: port! };
          const client = new ClusterClient(world, [endpoint]);
          try {
            await broker.start();
            await client.createTopic(ledgers.length, 1);
            for (const [p, ledger] of ledgers.entries())
              expect(whatIsWrong(p, ledger, await readAll(client, p))).toEqual([]);
            if (turn > 0) expect(await committed(client)).toBe(turn - 1);
            await Promise.all(
              ledgers.map(async (ledger, p) => {
                const enough = ledger.acknowledged.length + 150;
                await produceTo(client, p, ledger, () => ledger.acknowledged.length < enough);
              }),
            );
            await commit(client, turn);
          } finally {
            client.close();
            if (turn % 4 < 2) await broker.kill();
            else await broker.stop();
          }
        }
      } finally {
        await zookeeper.stop();
      }
    }));
});

const GROUP = { groupId: 'hands', memberId: '', generationIdOrMemberEpoch: -1 };

async function commit(client: ClusterClient, committedOffset: number): Promise<void> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }];
  await until('the commit', async () => {
    await client.any().send(findCoordinator, 0, { key: GROUP.groupId }); // makes the topic of offsets
    const { topics } = await client.any().send(offsetCommit, 2, {
      ...GROUP,
      topics: [{ name: topic, topicId: '', partitions }],
    });
    return topics[0]?.partitions[0]?.errorCode === 0;
  });
}

async function committed(client: ClusterClient): Promise<number> {
  return until('the committed offset', async () => {
    const { topics, errorCode } = await client
      .any()
      .send(offsetFetch, 2, { groupId: GROUP.groupId, topics: [{ name: topic, partitionIndexes: [0] }] });
    const found = topics[0]?.partitions[0];
    return errorCode === 0 && found?.errorCode === 0 ? { offset: Number(found.committedOffset) } : false;
  }).then(({ offset }) => offset);
}
