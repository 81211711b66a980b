import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { behavesAsRuntime, Heard } from '../../../test/runtime-behaviour.ts';
import { silentLog } from '../node/log.ts';
import { createNodeRuntime } from '../node/node-runtime.ts';
import type { Connection } from '../runtime.ts';
import { mapMounts } from './mapped-files.ts';
import { VirtualNetwork, type Host } from './virtual-network.ts';

const base = createNodeRuntime({ log: silentLog });
const folder = mkdtempSync(join(tmpdir(), 'gregor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

behavesAsRuntime('two virtual hosts', () => {
  const network = new VirtualNetwork(base);
  const here = network.host('here').runtime;
  const there = network.host('there', { aliases: ['alias'] }).runtime;
  return { here, there, thereHost: 'alias', folder: mkdtempSync(`${folder}/w`), play: (body) => body() };
});

/** A service that answers what it gets, and the ends that it accepted. */
async function echo(host: Host, at: string, port = 9092): Promise<Connection[]> {
  const accepted: Connection[] = [];
  await host.runtime.network.listen({ host: at, port }, (connection) => {
    accepted.push(connection);
    connection.start({ data: (bytes) => connection.write(bytes), closed: () => undefined });
  });
  return accepted;
}

async function ask(from: Host, host: string, port = 9092): Promise<string> {
  try {
    const connection = await from.runtime.network.connect({ host, port }, { timeoutMs: 500 });
    const heard = new Heard(connection);
    connection.write(Buffer.from('hi'));
    await heard.until(() => heard.bytes === 2 || heard.closes.length > 0);
    connection.destroy();
    return heard.text;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('a host is reached by its name, aliases and address, and its localhost is itself', async () => {
  const network = new VirtualNetwork(base);
  const a = network.host('a');
  const b = network.host('b', { aliases: ['bee'], hostName: 'b.example' });
  const accepted = await echo(b, '0.0.0.0');
  for (const name of ['b', 'bee', 'b.example', b.address]) expect(await ask(a, name)).toBe('hi');
  expect(accepted[0]!.remote.host).toBe(a.address);
  expect(accepted[0]!.local).toEqual({ host: b.address, port: 9092 });
  expect(a.address).not.toBe(b.address);
  expect(b.runtime.network.hostName).toBe('b.example');
  for (const name of ['localhost', '127.0.0.1', '::1', 'b']) expect(await ask(b, name)).toBe('hi');
  expect(await ask(a, 'localhost')).toBe('ECONNREFUSED');
});

test('what listens on its localhost is reached by nobody else', async () => {
  const network = new VirtualNetwork(base);
  const a = network.host('a');
  const b = network.host('b');
  await echo(b, 'localhost');
  expect(await ask(b, '127.0.0.1')).toBe('hi');
  expect(await ask(b, b.address)).toBe('ECONNREFUSED');
  expect(await ask(a, 'b')).toBe('ECONNREFUSED');
  await expect(a.runtime.network.connect({ host: 'b', port: 9092 })).rejects.toThrow(
    'let it listen on 0.0.0.0',
  );
});

test('the same port may be taken on the own address and on localhost, but not twice', async () => {
  const host = new VirtualNetwork(base).host('a');
  await echo(host, 'localhost');
  await echo(host, host.address);
  await expect(echo(host, 'a')).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(echo(host, '0.0.0.0')).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(echo(host, '10.1.2.3')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  await expect(echo(host, 'nobody')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('hosts see each other in the networks that they share', async () => {
  const network = new VirtualNetwork(base);
  const front = network.host('front', { networks: [{ network: 'outer' }] });
  const middle = network.host('middle', {
    networks: [{ network: 'outer' }, { network: 'inner', aliases: ['store'] }],
  });
  const back = network.host('back', { networks: [{ network: 'inner' }] });
  const accepted = await echo(middle, '');
  expect(await ask(front, 'middle')).toBe('hi');
  expect(await ask(back, 'store')).toBe('hi');
  expect(await ask(front, 'store')).toBe('ENOTFOUND');
  expect(await ask(front, 'back')).toBe('ENOTFOUND');
  expect(accepted.map((end) => end.local.host)).toEqual(middle.runtime.network.addresses());
});

test('a published port leads to the address of the service, and the answer comes back', async () => {
  const service = new VirtualNetwork(base).host('kafka1');
  const accepted = await echo(service, '0.0.0.0');
  const published = await service.publish({ host: '127.0.0.1', port: 0 }, 9092);
  const client = await base.network.connect(published.endpoint);
  const heard = new Heard(client);
  client.write(Buffer.from('hello'));
  await heard.until(() => heard.text === 'hello');
  expect(accepted[0]!.local).toEqual({ host: service.address, port: 9092 });
  expect(accepted[0]!.remote.host).toMatch(/^172\.\d+\.0\.1$/);
  client.destroy();
  await published.close();
});

test('a published port to a service on localhost refuses, and says what to do', async () => {
  const service = new VirtualNetwork(base).host('kafka1');
  await echo(service, 'localhost');
  const messages: string[] = [];
  const published = await service.publish({ host: '127.0.0.1', port: 0 }, 9092, (refusal) =>
    messages.push(refusal.message),
  );
  const heard = new Heard(await base.network.connect(published.endpoint));
  await heard.until(() => heard.closes.length === 1);
  const { port } = published.endpoint;
  expect(messages).toEqual([
    `A connection to port ${port} leads to kafka1:9092, but kafka1 listens on its own localhost only, ` +
      'which nothing outside of it reaches; let it listen on 0.0.0.0:9092.',
  ]);
  await published.close();
});

test('the outside is reached by address, and the machine by host-gateway', async () => {
  const network = new VirtualNetwork(base);
  const inside = network.host('a', { extraHosts: new Map([['machine', 'host-gateway']]) });
  const listener = await base.network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    connection.start({ data: (bytes) => connection.write(bytes), closed: () => undefined });
  });
  expect(await ask(inside, 'machine', listener.endpoint.port)).toBe('hi');
  await listener.close();
});

test('a killed process is silent: no timer, no data, no promise; its peers are reset; its files and locks are free', async () => {
  const network = new VirtualNetwork(base);
  const a = network.host('a', { mapFile: mapMounts([], `${folder}/killed`) });
  const b = network.host('b');
  base.files.makeFolder(`${folder}/killed`);
  const calls: string[] = [];
  const { runtime } = a;
  const accepted: Connection[] = [];
  await runtime.network.listen({ host: '', port: 9092 }, (connection) => {
    accepted.push(connection);
    connection.start({ data: () => calls.push('data'), closed: () => calls.push('closed') });
  });
  const published = await a.publish({ host: '127.0.0.1', port: 0 }, 9092);
  const inner = new Heard(await b.runtime.network.connect({ host: 'a', port: 9092 }));
  const outer = new Heard(await base.network.connect(published.endpoint));
  await eventually(() => accepted.length === 2);
  expect(runtime.files.lock('/lock')).not.toBeNull();
  const file = runtime.files.open('/f', 'write');
  runtime.clock.after(0, () => calls.push('timer'));
  runtime.clock.soon(() => calls.push('soon'));
  void file.sync().then(() => calls.push('sync'));
  void runtime.network.connect({ host: 'b', port: 1 }).then(
    () => calls.push('connected'),
    () => calls.push('refused'),
  );
  a.kill();
  expect(() => file.size()).toThrow('closed');
  await Promise.all([inner, outer].map((heard) => heard.until(() => heard.closes.length > 0)));
  expect(inner.closes[0]).toMatchObject({ code: 'ECONNRESET' });
  expect(await ask(b, 'a')).toBe('ENOTFOUND');
  await expect(base.network.connect(published.endpoint)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await new Promise<void>((resolve) => base.clock.after(20, resolve));
  expect(calls).toEqual([]);

  a.restart();
  expect(a.runtime.files.lock('/lock')).not.toBeNull();
  await echo(a, '');
  expect(await ask(b, 'a')).toBe('hi');
  a.kill();
});

test('a cut link holds back what is sent until it is healed; a connection over it is given up in time', async () => {
  const network = new VirtualNetwork(base);
  const a = network.host('a');
  const b = network.host('b');
  const accepted = await echo(b, '');
  const connection = await a.runtime.network.connect({ host: 'b', port: 9092 });
  const heard = new Heard(connection);
  network.link('a', 'b').cut();
  connection.write(Buffer.from('one '));
  await expect(a.runtime.network.connect({ host: 'b', port: 9092 }, { timeoutMs: 10 })).rejects.toMatchObject(
    {
      code: 'ETIMEDOUT',
    },
  );
  connection.write(Buffer.from('two'));
  await new Promise<void>((resolve) => base.clock.after(10, resolve));
  expect(heard.text).toBe('');
  expect(connection.bufferedBytes).toBe(7);
  network.link('a', 'b').heal();
  await heard.until(() => heard.text === 'one two');
  expect(accepted.length).toBeGreaterThan(0);
  connection.destroy();
});

test('a link can be slowed and watched', async () => {
  const network = new VirtualNetwork(base);
  const a = network.host('a');
  const b = network.host('b');
  await echo(b, '');
  const seen: string[] = [];
  network.link('a', 'b').watch((bytes) => seen.push(String(bytes)));
  network.link('b', 'a').delayMs = () => 15;
  const connection = await a.runtime.network.connect({ host: 'b', port: 9092 });
  const heard = new Heard(connection);
  const from = base.clock.monotonicMs();
  connection.write(Buffer.from('x'));
  await heard.until(() => heard.text === 'x');
  expect(base.clock.monotonicMs() - from).toBeGreaterThanOrEqual(14);
  expect(seen).toEqual(['x']);
  connection.destroy();
});

test('connections over a link can be reset', async () => {
  const network = new VirtualNetwork(base);
  const [a, b] = [network.host('a'), network.host('b')];
  const accepted = await echo(b, '');
  const heard = new Heard(await a.runtime.network.connect({ host: 'b', port: 9092 }));
  network.link('a', 'b').resetConnections();
  await heard.until(() => heard.closes.length > 0);
  expect(heard.closes[0]).toMatchObject({ code: 'ECONNRESET' });
  expect(accepted[0]!.write(Buffer.from('x'))).toBe(false);
  expect(await ask(a, 'b')).toBe('hi');
});

test("a service's paths lead to its volumes, by the longest, or else to its own folder", () => {
  const map = mapMounts(
    [
      { inside: '/data', machine: '/home/me/data' },
      { inside: '/data/logs/', machine: '/mnt/logs' },
    ],
    '/state/kafka1',
  );
  expect(['/data', '/data/x', '/data/logs/a/../b', '/database', 'etc//x', '/../../y'].map(map)).toEqual([
    '/home/me/data',
    '/home/me/data/x',
    '/mnt/logs/b',
    '/state/kafka1/database',
    '/state/kafka1/etc/x',
    '/state/kafka1/y',
  ]);
  const files = new VirtualNetwork(base).host('h', { mapFile: mapMounts([], folder) }).runtime.files;
  files.open('/seen', 'create').write(Buffer.from('from inside'), 0);
  expect(readFileSync(join(folder, 'seen'), 'utf8')).toBe('from inside');
});

test('an exception in a callback ends the process that it was in, and no other', async () => {
  const crashes: unknown[] = [];
  const network = new VirtualNetwork(base);
  const make = (name: string): Host => network.host(name, { crashed: (error) => crashes.push(error) });
  const [a, b, c] = [make('a'), make('b'), make('c')];
  await echo(c, '0.0.0.0');
  const oops = new Error('oops');
  await b.runtime.network.listen({ host: '0.0.0.0', port: 9092 }, (connection) =>
    connection.start({
      data: () => {
        throw oops;
      },
      closed: () => undefined,
    }),
  );
  const connection = await a.runtime.network.connect({ host: 'b', port: 9092 });
  const heard = new Heard(connection);
  connection.write(Buffer.from('hi'));
  await heard.until(() => heard.closes.length > 0);
  expect(crashes).toEqual([oops]);
  expect([a.alive, b.alive, c.alive]).toEqual([true, false, true]);
  expect(await ask(a, 'c')).toBe('hi');
  for (const wait of ['after', 'soon'] as const) {
    b.restart();
    const { clock } = b.runtime;
    const fail = (): void => {
      throw oops;
    };
    if (wait === 'after') clock.after(0, fail);
    else clock.soon(fail);
    await expect.poll(() => b.alive, { timeout: 20_000 }).toBe(false);
  }
  expect(crashes).toEqual([oops, oops, oops]);
});
