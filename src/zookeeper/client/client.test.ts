import { describe, expect, test } from 'vitest';
import { silentLog } from '../../runtime/node/log.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Connection } from '../../runtime/runtime.ts';
import { VirtualNetwork, type Host } from '../../runtime/virtual/virtual-network.ts';
import { startTestServer, TestClock, type TestServer } from '../../../test/zookeeper/test-server.ts';
import { ZooKeeperClient, type ZooKeeperClientOptions } from './client.ts';
import { ZooKeeperError } from './errors.ts';
import { creatorAcl, type WatchEvent } from './types.ts';

interface World {
  clock: TestClock;
  network: VirtualNetwork;
  zk: TestServer;
  /** What the server has accepted and not lost yet. */
  accepted: Connection[];
  here: Host;
  client(options?: Partial<ZooKeeperClientOptions>): ZooKeeperClient;
}

async function world(): Promise<World> {
  const clock = new TestClock();
  const network = new VirtualNetwork({ ...createNodeRuntime({ log: silentLog }), clock });
  const zk = startTestServer({}, clock);
  const accepted: Connection[] = [];
  await network.host('zk').runtime.network.listen({ host: '', port: 2181 }, (connection) => {
    accepted.push(connection);
    zk.server.accept(connection);
  });
  const here = network.host('here');
  const client = (options: Partial<ZooKeeperClientOptions> = {}): ZooKeeperClient => {
    const made = new ZooKeeperClient(here.runtime, {
      servers: [{ host: 'zk', port: 2181 }],
      sessionTimeoutMs: 6000,
      ...options,
    });
    made.start();
    return made;
  };
  return { clock, network, zk, accepted, here, client };
}

/** The outcome of a promise, after all that can happen now has happened. */
async function outcome<T>(clock: TestClock, promise: Promise<T>): Promise<T | string> {
  let result: T | string = 'pending';
  promise.then(
    (value) => (result = value),
    (error: unknown) => (result = error instanceof Error ? error.message : String(error)),
  );
  await clock.settle();
  return result;
}

describe('a client of a server', () => {
  test('calls made before the first connection wait for it, and their answers come in order', async () => {
    const { clock, client } = await world();
    const zk = client();
    const all = Promise.all([
      zk.create('/a', Buffer.from('1')),
      zk.create('/a/s-', null, { mode: 'persistentSequential' }),
      zk.getData('/a'),
      zk.getChildren('/a'),
      zk.exists('/none'),
    ]);
    expect(zk.state).toBe('connecting');
    await clock.settle();
    const [created, sequential, got, children, none] = await all;
    expect(created).toEqual({ path: '/a', stat: null });
    expect(sequential.path).toBe('/a/s-0000000000');
    expect(got.data?.toString()).toBe('1');
    expect(got.stat).toMatchObject({ version: 0, numChildren: 1, dataLength: 1, ephemeralOwner: 0n });
    expect(children).toEqual(['s-0000000000']);
    expect(none).toBeNull();
  });

  test('errors name the code and the path', async () => {
    const { clock, client } = await world();
    const zk = client();
    expect(await outcome(clock, zk.getData('/none'))).toBe('NoNode for /none');
    expect(await outcome(clock, zk.create('/a/b', null))).toBe('NoNode for /a/b');
    await outcome(clock, zk.create('/a', null));
    expect(await outcome(clock, zk.create('/a', null))).toBe('NodeExists for /a');
    expect(await outcome(clock, zk.setData('/a', null, 7))).toBe('BadVersion for /a');
  });

  test('paths are below the chroot in requests, answers, events and multis', async () => {
    const { clock, client } = await world();
    await outcome(clock, client().create('/kafka', null));
    const zk = client({ chroot: '/kafka' });
    const events: WatchEvent[] = [];
    expect(await outcome(clock, zk.create('/b', null))).toMatchObject({ path: '/b' });
    await outcome(
      clock,
      zk.getChildren('/', (event) => events.push(event)),
    );
    expect(await outcome(clock, zk.multi([{ kind: 'create', path: '/c', data: null }]))).toEqual([
      { kind: 'create', path: '/c', stat: null },
    ]);
    expect(events).toEqual([{ type: 'children', path: '/' }]);
    expect(await outcome(clock, client().getChildren('/kafka'))).toEqual(['b', 'c']);
  });

  test('a failed multi rejects with the first error and has all results', async () => {
    const { clock, client } = await world();
    const zk = client();
    let failure: unknown;
    zk.multi([
      { kind: 'create', path: '/m', data: null },
      { kind: 'check', path: '/m', version: 5 },
      { kind: 'delete', path: '/m' },
    ]).catch((error: unknown) => (failure = error));
    await clock.settle();
    expect(failure).toBeInstanceOf(ZooKeeperError);
    expect(failure).toMatchObject({ name: 'BadVersion', path: '/m' });
    expect((failure as ZooKeeperError).results).toEqual([
      { kind: 'error', code: 0 },
      { kind: 'error', code: -103 },
      { kind: 'error', code: -2 },
    ]);
    expect(await outcome(clock, zk.exists('/m'))).toBeNull();
  });

  test('a watcher is called once for the first change, before the answer that shows it', async () => {
    const { clock, client } = await world();
    const zk = client();
    await outcome(clock, zk.create('/w', null));
    const seen: string[] = [];
    await outcome(
      clock,
      zk.getData('/w', (event) => seen.push(event.type)),
    );
    await outcome(
      clock,
      zk.exists('/later', (event) => seen.push(`${event.type} ${event.path}`)),
    );
    zk.setData('/w', Buffer.from('x')).then(
      () => seen.push('answer'),
      () => {},
    );
    zk.setData('/w', Buffer.from('y')).catch(() => {});
    zk.create('/later', null).catch(() => {});
    await clock.settle();
    expect(seen).toEqual(['changed', 'answer', 'created /later']);
  });

  test('after a cut the session goes on: what was in flight is lost, watches tell what was missed, credentials are sent anew', async () => {
    const { clock, client, accepted, zk: server } = await world();
    const zk = client({ auth: [{ scheme: 'digest', auth: Buffer.from('me:secret') }] });
    await outcome(clock, zk.create('/mine', Buffer.from('1'), { acl: creatorAcl }));
    await outcome(clock, zk.create('/open', null));
    const seen: string[] = [];
    await outcome(
      clock,
      zk.exists('/open', (event) => seen.push(`${event.type} ${event.path}`)),
    );
    await outcome(
      clock,
      zk.exists('/new', (event) => seen.push(`${event.type} ${event.path}`)),
    );
    const other = client();
    await outcome(clock, other.connected());
    const session = zk.sessionId;
    const states: string[] = [];
    zk.onState((state) => states.push(state));
    await clock.advance(5000);
    server.storage.isStalled = true;
    let loss = '';
    zk.create('/lost', null).catch((error: Error) => (loss = error.message));
    other.setData('/open', Buffer.from('2')).catch(() => {});
    other.create('/new', null).catch(() => {});
    await clock.settle();
    accepted[0]!.destroy();
    server.storage.release();
    await clock.advance(10);
    expect(loss).toBe('ConnectionLoss for /lost');
    expect(states).toEqual(['connecting', 'connected']);
    expect(seen).toEqual(['changed /open', 'created /new']);
    expect(zk.sessionId).toBe(session);
    expect(await outcome(clock, zk.getData('/mine'))).toMatchObject({ data: Buffer.from('1') });
  });

  test('while disconnected within the session calls reject with ConnectionLoss', async () => {
    const { clock, client, accepted } = await world();
    const zk = client();
    await outcome(clock, zk.connected());
    let loss = '';
    zk.onState((state) => {
      if (state === 'connecting') zk.getData('/').catch((error: Error) => (loss = error.message));
    });
    accepted[0]!.destroy();
    await clock.settle();
    expect(loss).toBe('ConnectionLoss for /');
  });

  test('a silent server is left after two thirds of the timeout', async () => {
    const { clock, client, network } = await world();
    const zk = client();
    await outcome(clock, zk.connected());
    const states: string[] = [];
    zk.onState((state) => states.push(state));
    network.link('zk', 'here').cut();
    await clock.advance(3900);
    expect(states).toEqual([]);
    await clock.advance(200);
    expect(states).toEqual(['connecting']);
  });

  test('an expired session is final', async () => {
    const { clock, client, zk: server } = await world();
    const zk = client();
    await outcome(clock, zk.create('/e', null, { mode: 'ephemeral' }));
    const states: string[] = [];
    zk.onState((state) => states.push(state));
    const session = server.server.sessions.get(zk.sessionId)!;
    // The server forgets it, as after a long pause of the client.
    session.closing = true;
    session.connection!.close();
    await clock.advance(100);
    expect(states).toEqual(['connecting', 'expired']);
    expect(await outcome(clock, zk.getData('/'))).toBe('SessionExpired for /');
  });

  test('an idle client pings and keeps its session', async () => {
    const { clock, client, zk: server } = await world();
    const zk = client();
    await outcome(clock, zk.create('/e', null, { mode: 'ephemeral' }));
    await clock.advance(60_000);
    expect(zk.state).toBe('connected');
    expect(server.storage.tree.find('/e')).toBeDefined();
  });

  test('a client that is gone loses its ephemerals a timeout later, and its watchers hear of it', async () => {
    const { clock, client, here, network, zk: server } = await world();
    const watcher = new ZooKeeperClient(network.host('there').runtime, {
      servers: [{ host: 'zk', port: 2181 }],
      sessionTimeoutMs: 6000,
    });
    watcher.start();
    const zk = client();
    await outcome(clock, zk.create('/e', null, { mode: 'ephemeral' }));
    const seen: string[] = [];
    await outcome(
      clock,
      watcher.exists('/e', (event) => seen.push(event.type)),
    );
    here.kill();
    await clock.advance(5000);
    expect(seen).toEqual([]);
    await clock.advance(3000);
    expect(seen).toEqual(['deleted']);
    expect(server.storage.tree.find('/e')).toBeUndefined();
  });

  test('close ends the session at once', async () => {
    const { clock, client, zk: server } = await world();
    const zk = client();
    await outcome(clock, zk.create('/e', null, { mode: 'ephemeral' }));
    const closed = zk.close();
    await clock.settle();
    await closed;
    expect(zk.state).toBe('closed');
    expect(server.storage.tree.find('/e')).toBeUndefined();
    expect(server.server.sessions.size).toBe(0);
  });

  test('another server is tried when one does not answer', async () => {
    const { clock, client } = await world();
    const zk = client({
      servers: [
        { host: 'zk', port: 9 },
        { host: 'zk', port: 10 },
        { host: 'zk', port: 2181 },
      ],
    });
    const ready = zk.connected();
    await clock.advance(20_000);
    expect(await outcome(clock, ready)).toBeUndefined();
    expect(zk.state).toBe('connected');
  });

  test('refused credentials end the client', async () => {
    const { clock, client } = await world();
    const zk = client({ auth: [{ scheme: 'nosuch', auth: Buffer.alloc(1) }] });
    await outcome(clock, zk.connected());
    await clock.settle();
    expect(zk.state).toBe('closed');
    expect(await outcome(clock, zk.getData('/'))).toBe('AuthFailed for /');
  });
});
