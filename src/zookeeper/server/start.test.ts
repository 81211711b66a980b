import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../runtime/node/log.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { VirtualNetwork } from '../../runtime/virtual/virtual-network.ts';
import { ZooKeeperClient } from '../client/client.ts';
import { zooKeeperDefaults, type ZooKeeperConfig } from './config/config.ts';
import { startZooKeeper } from './start.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gregor-zookeeper-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function config(): ZooKeeperConfig {
  return {
    ...zooKeeperDefaults,
    dataDir: folder,
    dataLogDir: folder,
    preAllocKiB: 64,
    tickTimeMs: 100,
    minSessionTimeoutMs: 200,
    maxSessionTimeoutMs: 60_000,
    clientPort: 2181,
    adminPort: 0,
  };
}

function connect(runtime: Runtime): ZooKeeperClient {
  const client = new ZooKeeperClient(runtime, {
    servers: [{ host: 'zk', port: 2181 }],
    sessionTimeoutMs: 20_000,
  });
  client.start();
  return client;
}

test('what was acknowledged is there after a stop, and the session goes on', async () => {
  const network = new VirtualNetwork(createNodeRuntime({ log: silentLog }));
  const zk = network.host('zk');
  const client = connect(network.host('client').runtime);
  const first = await startZooKeeper(zk.runtime, config());
  await client.create('/kept', Buffer.from('1'));
  await client.create('/mine', null, { mode: 'ephemeral' });
  const session = client.sessionId;
  const back = new Promise<void>((resolve) => {
    client.onState((state) => (state === 'connected' ? resolve() : undefined));
  });
  await first.stop();
  const second = await startZooKeeper(zk.runtime, config());
  await back;
  expect(client.sessionId).toBe(session);
  expect((await client.getData('/kept')).data?.toString()).toBe('1');
  expect((await client.exists('/mine'))?.ephemeralOwner).toBe(session);
  await client.close();
  await second.stop();
});

test('a server killed in the middle of writes loses nothing that it acknowledged', async () => {
  const network = new VirtualNetwork(createNodeRuntime({ log: silentLog }));
  const zk = network.host('zk');
  const here = network.host('client');
  await startZooKeeper(zk.runtime, config());
  const client = connect(here.runtime);
  const acknowledged: string[] = [];
  await client.create('/n', null);
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 50; i++) {
      const path = `/n/${round}-${i}`;
      client.create(path, Buffer.alloc(100)).then(
        () => acknowledged.push(path),
        () => {},
      );
    }
    if (round < 19) await client.exists('/n');
    else zk.kill();
  }
  expect(acknowledged.length).toBeGreaterThan(900);
  const server = await startZooKeeper(zk.restart(), config());
  const again = connect(here.runtime);
  const names = new Set(await again.getChildren('/n'));
  expect(acknowledged.filter((path) => !names.has(path.slice(3)))).toEqual([]);
  await Promise.all([client.close(), again.close()]);
  await server.stop();
});

test('a taken client port is an error, and nothing stays open', async () => {
  const network = new VirtualNetwork(createNodeRuntime({ log: silentLog }));
  const zk = network.host('zk');
  const listener = await zk.runtime.network.listen({ host: '', port: 2181 }, () => {});
  await expect(startZooKeeper(zk.runtime, config())).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await listener.close();
  const server = await startZooKeeper(zk.runtime, config());
  await server.stop();
});

test('a taken admin port costs the admin server only', async () => {
  const network = new VirtualNetwork(createNodeRuntime({ log: silentLog }));
  const zk = network.host('zk');
  await zk.runtime.network.listen({ host: '', port: 8080 }, () => {});
  const server = await startZooKeeper(zk.runtime, { ...config(), adminPort: 8080 });
  expect(server.endpoint.port).toBe(2181);
  await server.stop();
});
