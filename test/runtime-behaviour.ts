import { expect, test } from 'vitest';
import {
  FileError,
  NetworkError,
  type Connection,
  type Endpoint,
  type Listener,
  type Runtime,
} from '../src/runtime/runtime.ts';

/** A world to try: two hosts (which may be one), what the first calls the second, and a folder that both may use. */
export interface World {
  here: Runtime;
  there: Runtime;
  thereHost: string;
  folder: string;
  /** Runs a test in this world's time. */
  play(body: () => Promise<void>): Promise<void>;
}

/** All that came over a connection, and how it closed. */
export class Heard {
  chunks: Buffer[] = [];
  closes: (Error | undefined)[] = [];
  drains = 0;
  private waiters: { met: () => boolean; resolve: () => void }[] = [];

  constructor(connection: Connection, onData: (bytes: Buffer) => void = () => undefined) {
    connection.start({
      data: (bytes) => {
        this.chunks.push(bytes);
        onData(bytes);
        this.look();
      },
      drained: () => {
        this.drains++;
        this.look();
      },
      closed: (error) => {
        this.closes.push(error);
        this.look();
      },
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  until(met: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.push({ met, resolve });
      this.look();
    });
  }

  private look(): void {
    for (const waiter of this.waiters) if (waiter.met()) waiter.resolve();
  }
}

function pause(runtime: Runtime, ms: number): Promise<void> {
  return new Promise((resolve) => runtime.clock.after(ms, resolve));
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(NetworkError);
    return (error as NetworkError).code;
  }
  return 'none';
}

interface Joined {
  listener: Listener;
  to: Endpoint;
  client: Connection;
  server: Connection;
}

async function join(world: World): Promise<Joined> {
  let accepted: (connection: Connection) => void;
  const server = new Promise<Connection>((resolve) => (accepted = resolve));
  const listener = await world.there.network.listen({ host: '0.0.0.0', port: 0 }, (c) => accepted(c));
  const to = { host: world.thereHost, port: listener.endpoint.port };
  const client = await world.here.network.connect(to);
  return { listener, to, client, server: await server };
}

/** What every runtime does alike. */
export function behavesAsRuntime(name: string, make: () => World | Promise<World>): void {
  const it = (sentence: string, body: (world: World) => Promise<void>): void =>
    test(`${name}: ${sentence}`, async () => {
      const world = await make();
      await world.play(() => body(world));
    });

  it('what one end writes the other reads, and an orderly end closes both once and without an error', async (world) => {
    const { listener, client, server } = await join(world);
    expect(client.remote).toEqual(server.local);
    expect(server.remote).toEqual(client.local);
    const atServer = new Heard(server, (bytes) => server.write(Buffer.from(`echo ${bytes}`)));
    const atClient = new Heard(client);
    client.write(Buffer.from('hello'));
    await atClient.until(() => atClient.text === 'echo hello');
    client.end();
    await Promise.all([atClient, atServer].map((heard) => heard.until(() => heard.closes.length > 0)));
    await pause(world.here, 5);
    expect([atClient.closes, atServer.closes]).toEqual([[undefined], [undefined]]);
    await listener.close();
  });

  it('the writes of a turn arrive together and in order', async (world) => {
    const { listener, client, server } = await join(world);
    const atServer = new Heard(server);
    for (let i = 0; i < 10; i++) client.write(Buffer.from(`${i},`));
    await atServer.until(() => atServer.bytes === 20);
    expect(atServer.chunks.map(String)).toEqual(['0,1,2,3,4,5,6,7,8,9,']);
    client.destroy();
    await atServer.until(() => atServer.closes.length > 0);
    await listener.close();
  });

  it('large and small buffers mixed arrive whole', async (world) => {
    const { listener, client, server } = await join(world);
    const sizes = [3, 70_000, 1, 2, 33_000, 200_000, 31_000, 5, 0, 9];
    const parts = sizes.map((size, i) => Buffer.alloc(size, 65 + i));
    const atServer = new Heard(server);
    const atClient = new Heard(client);
    for (const part of parts) client.write(part);
    client.end();
    await atServer.until(() => atServer.closes.length > 0);
    expect(Buffer.concat(atServer.chunks).equals(Buffer.concat(parts))).toBe(true);
    await atClient.until(() => atClient.closes.length === 1);
    await listener.close();
  });

  it('a writer is told to stop when the reader pauses, and when to go on', async (world) => {
    const { listener, client, server } = await join(world);
    const atServer = new Heard(server);
    const atClient = new Heard(client);
    server.pause();
    server.resume();
    server.pause();
    let sent = 0;
    const chunk = Buffer.alloc(256 * 1024, 1);
    // The network itself takes some; when it takes no more, bytes stay here.
    while (client.bufferedBytes < 1024 * 1024) {
      sent += chunk.length;
      if (!client.write(chunk)) await pause(world.here, 1);
    }
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    expect(atServer.bytes).toBe(0);
    expect(client.bufferedBytes).toBeGreaterThan(0);
    server.resume();
    await atServer.until(() => atServer.bytes === sent);
    await atClient.until(() => atClient.drains > 0 && client.bufferedBytes === 0);
    client.end();
    await atServer.until(() => atServer.closes.length > 0);
    await listener.close();
  });

  it('what was written before an end arrives, also when the reader starts late', async (world) => {
    const { listener, client, server } = await join(world);
    const atClient = new Heard(client);
    client.write(Buffer.from('last words'));
    client.end();
    await pause(world.here, 10);
    const atServer = new Heard(server);
    await atServer.until(() => atServer.closes.length > 0);
    expect(atServer.text).toBe('last words');
    await atClient.until(() => atClient.closes.length === 1);
    await listener.close();
  });

  it('a connection that is paused before it starts gives nothing until it is resumed', async (world) => {
    const { listener, client, server } = await join(world);
    server.pause();
    client.pause();
    client.resume();
    const [atServer, atClient] = [new Heard(server), new Heard(client)];
    client.write(Buffer.from('to the server'));
    server.write(Buffer.from('to the client'));
    await atClient.until(() => atClient.text === 'to the client');
    await pause(world.here, 10);
    expect(atServer.text).toBe('');
    server.resume();
    await atServer.until(() => atServer.text === 'to the server');
    client.destroy();
    await atServer.until(() => atServer.closes.length > 0);
    await listener.close();
  });

  it('after an own destroy no data comes, closed comes once, and the other end closes too', async (world) => {
    const { listener, client, server } = await join(world);
    const atServer = new Heard(server);
    const atClient = new Heard(client);
    server.write(Buffer.from('too late'));
    client.destroy();
    client.destroy();
    expect(client.write(Buffer.from('nobody'))).toBe(false);
    await atServer.until(() => atServer.closes.length > 0);
    await atClient.until(() => atClient.closes.length > 0);
    expect(atClient.chunks).toEqual([]);
    expect([atClient.closes.length, atServer.closes.length]).toEqual([1, 1]);
    await listener.close();
  });

  it('who listens where is kept apart: refused, unknown, taken and foreign addresses', async (world) => {
    const { listener, to, client } = await join(world);
    const { network } = world.there;
    expect(await codeOf(network.listen({ host: '0.0.0.0', port: to.port }, () => undefined))).toBe(
      'EADDRINUSE',
    );
    expect(await codeOf(network.listen({ host: '203.0.113.7', port: 0 }, () => undefined))).toBe(
      'EADDRNOTAVAIL',
    );
    expect(await codeOf(world.here.network.connect({ host: 'no..such..host', port: 1 }))).toBe('ENOTFOUND');
    expect(await codeOf(world.here.network.resolve('no..such..host'))).toBe('ENOTFOUND');
    await listener.close();
    expect(await codeOf(world.here.network.connect(to))).toBe('ECONNREFUSED');
    expect(client.write(Buffer.from('still there'))).toBe(true);
    client.destroy();
  });

  it('files read back what was written, and errors have codes', async (world) => {
    const { files } = world.here;
    const path = `${world.folder}/a/b/file`;
    expect(() => files.open(path, 'write')).toThrow(FileError);
    files.makeFolder(`${world.folder}/a/b`);
    files.makeFolder(`${world.folder}/a/b`);
    const file = files.open(path, 'create');
    file.writeAll([Buffer.from('hello '), Buffer.from('big '), Buffer.from('world')], 0);
    file.write(Buffer.from('BIG'), 6);
    await Promise.all([file.sync(), file.sync(), file.sync()]);
    const target = Buffer.alloc(20, '.');
    expect(file.read(target, 2, 100 - 82, 6)).toBe(9);
    expect(target.toString()).toBe('..BIG world.........');
    file.truncate(5);
    file.allocate(8);
    expect(file.size()).toBe(8);
    expect(file.read(target, 0, 20, 0)).toBe(8);
    expect(target.subarray(0, 8).toString()).toBe('hello\0\0\0');
    file.close();
    file.close();
    expect(() => file.size()).toThrow(FileError);
    expect(() => files.open(path, 'create')).toThrow('EEXIST');
    expect(() => files.open(`${path}x`, 'read')).toThrow('ENOENT');
    expect(() => files.stat(`${path}x`)).toThrow('ENOENT');
    files.rename(path, `${world.folder}/a/moved`);
    await files.syncFolder(`${world.folder}/a`);
    expect(files.list(`${world.folder}/a`)).toEqual(['b', 'moved']);
    expect(files.stat(`${world.folder}/a/moved`)).toMatchObject({ sizeBytes: 8, isFolder: false });
    expect(files.stat(`${world.folder}/a`).isFolder).toBe(true);
    expect(files.space(world.folder).freeBytes).toBeGreaterThan(0);
    files.remove(`${world.folder}/a`);
    files.remove(`${world.folder}/a`);
    expect(files.exists(`${world.folder}/a`)).toBe(false);
  });

  it('a lock is held once until it is released', async (world) => {
    const { files } = world.here;
    const lock = files.lock(`${world.folder}/lock`);
    expect(lock).not.toBeNull();
    expect(files.lock(`${world.folder}/lock`)).toBeNull();
    lock!.release();
    lock!.release();
    const again = files.lock(`${world.folder}/lock`);
    expect(again).not.toBeNull();
    again!.release();
  });

  it('timers run in their order and not after they were cancelled; what is due soon runs before', async (world) => {
    const { clock } = world.here;
    const order: string[] = [];
    clock.after(120, () => order.push('later'));
    clock.after(60, () => order.push('sooner'));
    clock.after(70, () => order.push('never')).cancel();
    clock.soon(() => order.push('soon'));
    const from = clock.monotonicMs();
    await pause(world.here, 200);
    expect(order).toEqual(['soon', 'sooner', 'later']);
    expect(clock.monotonicMs() - from).toBeGreaterThan(190);
  });

  it('hashes and checksums are those of the standards', async ({ here }) => {
    const { digests } = here;
    const data = Buffer.from('123456789');
    expect(digests.crc32c(data)).toBe(0xe3069283);
    expect(digests.crc32c(data.subarray(4), digests.crc32c(data.subarray(0, 4)))).toBe(0xe3069283);
    expect(digests.crc32(data)).toBe(0xcbf43926);
    expect(digests.crc32(data.subarray(4), digests.crc32(data.subarray(0, 4)))).toBe(0xcbf43926);
    expect(digests.hash('sha1', data).toString('hex')).toBe('f7c3bc1d808e04732adf679965ccc34ca7ae3441');
    expect(digests.hmac('sha256', Buffer.from('key'), data).length).toBe(32);
  });

  it('random numbers stay in their range', async ({ here }) => {
    for (let i = 0; i < 100; i++) {
      expect(here.random.below(3)).toBeOneOf([0, 1, 2]);
      expect(here.random.float()).toBeLessThan(1);
    }
    expect(here.random.bytes(33).length).toBe(33);
  });
}
