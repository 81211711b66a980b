import { expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { behavesAsRuntime, Heard } from '../../../test/runtime-behaviour.ts';
import { createNodeCodecs } from '../node/codecs.ts';
import { createNodeDigests } from '../node/digests.ts';
import { FileError, type Connection } from '../runtime.ts';
import { SimulatedWorld, type SimulatedHost, type WorldOptions } from './simulated-world.ts';

function makeWorld(seed: number, options: Partial<WorldOptions> = {}): SimulatedWorld {
  return new SimulatedWorld({
    seed,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises: (run) => void setImmediate(run),
    ...options,
  });
}

behavesAsRuntime('a simulated world', () => {
  const world = makeWorld(1);
  const there = world.host('there').runtime;
  const here = world.host('here').runtime;
  return { here, there, thereHost: 'there', folder: '/', play: (body) => world.play(body) };
});

/** Counts up to `limit` between two hosts, each answer after a random while, reconnecting when the connection breaks. */
async function pingPong(world: SimulatedWorld, limit: number): Promise<number> {
  const server = world.host('server');
  const client = world.host('client');
  const serve = async (): Promise<void> => {
    const { network, clock, random, files } = server.runtime;
    const file = files.open('/count', 'write');
    await network.listen({ host: '', port: 1 }, (connection) => {
      connection.start({
        data: (bytes) => {
          clock.after(random.below(5), () => {
            file.write(bytes, 0);
            void file.sync().then(() => connection.write(bytes));
          });
        },
        closed: () => undefined,
      });
    });
  };
  const { runtime } = client;
  await serve();
  world.after(40, () => {
    server.kill();
    world.after(30, () => {
      server.restart();
      void serve();
    });
  });
  let count = 0;
  while (count < limit)
    try {
      const connection = await runtime.network.connect({ host: 'server', port: 1 }, { timeoutMs: 100 });
      const heard = new Heard(connection);
      for (; count < limit && heard.closes.length === 0; count++) {
        const from = heard.bytes;
        connection.write(Buffer.from([count]));
        await heard.until(() => heard.bytes > from || heard.closes.length > 0);
      }
      connection.destroy();
    } catch {
      runtime.log.info('connecting again');
      await new Promise<void>((resolve) => runtime.clock.after(10, resolve));
    }
  return count;
}

test('a seed tells the same story each time, to the byte; another seed tells another one', async () => {
  const tell = async (seed: number): Promise<string[]> => {
    const lines: string[] = [];
    const world = makeWorld(seed, { lossRate: 0.05 });
    world.onTrace = (line) => lines.push(line);
    expect(await world.play(() => pingPong(world, 40))).toBe(40);
    return [world.traceHash, ...lines];
  };
  const [first, again, other] = [await tell(7), await tell(7), await tell(8)];
  expect(again).toEqual(first);
  expect(other[0]).not.toBe(first[0]);
  expect(first.some((line) => line.endsWith('server loses its power'))).toBe(true);
});

test('an hour passes in no time', async () => {
  const world = makeWorld(1);
  const { clock } = world.host('a').runtime;
  const wall = clock.wallMs();
  await world.play(() => new Promise<void>((resolve) => clock.after(3_600_000, resolve)));
  expect(clock.wallMs() - wall).toBe(3_600_000);
});

test('promises settle before time goes on, however long their chain', async () => {
  const world = makeWorld(1);
  const { clock } = world.host('a').runtime;
  const order: string[] = [];
  clock.after(1, () => {
    void (async () => {
      for (let i = 0; i < 200; i++) await Promise.resolve();
      order.push(`chain at ${clock.monotonicMs()}`);
    })();
  });
  clock.after(1.5, () => order.push('timer'));
  await world.run(10);
  expect(order).toEqual(['chain at 1', 'timer']);
});

test('a story that waits for what can never happen is said to', async () => {
  await expect(makeWorld(1).play(() => new Promise(() => undefined))).rejects.toThrow('the story waits');
});

test('a cut may go one way only; what was held back arrives after healing', async () => {
  const world = makeWorld(3);
  const [a, b] = [world.host('a'), world.host('b')];
  await world.play(async () => {
    let server!: Connection;
    await b.runtime.network.listen({ host: '', port: 1 }, (connection) => (server = connection));
    const client = await a.runtime.network.connect({ host: 'b', port: 1 });
    const [atClient, atServer] = [new Heard(client), new Heard(server)];
    world.link('a', 'b').cut();
    client.write(Buffer.from('held back'));
    server.write(Buffer.from('passes'));
    await atClient.until(() => atClient.text === 'passes');
    await expect(a.runtime.network.connect({ host: 'b', port: 1 }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    expect(atServer.bytes).toBe(0);
    world.heal();
    await atServer.until(() => atServer.text === 'held back');
  });
});

test('a machine that goes out silently is noticed by timeouts only, and by a reset once it is back', async () => {
  const world = makeWorld(3);
  const [a, b] = [world.host('a'), world.host('b')];
  await world.play(async () => {
    const { clock, network } = a.runtime;
    await b.runtime.network.listen({ host: '', port: 1 }, () => undefined);
    const heard = new Heard(await network.connect({ host: 'b', port: 1 }));
    const other = await network.connect({ host: 'b', port: 1 });
    const atOther = new Heard(other);
    b.kill({ silent: true });
    other.write(Buffer.from('anybody?'));
    await expect(network.connect({ host: 'b', port: 1 }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    });
    await new Promise<void>((resolve) => clock.after(60_000, resolve));
    expect([heard.closes, atOther.closes]).toEqual([[], []]);
    b.restart();
    await expect(network.connect({ host: 'b', port: 1 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    other.write(Buffer.from('anybody?'));
    await atOther.until(() => atOther.closes.length > 0);
    expect(atOther.closes[0]).toMatchObject({ code: 'ECONNRESET' });
  });
});

const content = (host: SimulatedHost, path: string): string => {
  const file = host.runtime.files.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0, bytes.length, 0);
  return bytes.toString('latin1');
};

test('a loss of power keeps what was synced, and of the rest a beginning, perhaps torn', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const world = makeWorld(seed);
    const host = world.host('a');
    await world.play(async () => {
      const { files } = host.runtime;
      const file = files.open('/log', 'create');
      await files.syncFolder('/');
      file.write(Buffer.from('SAFE'), 0);
      await file.sync();
      file.write(Buffer.from('abc'), 4);
      file.write(Buffer.from('def'), 7);
    });
    host.kill();
    host.restart();
    outcomes.add(content(host, '/log'));
  }
  for (const outcome of outcomes) {
    // What is torn may end with zeros.
    expect('SAFEabcdef'.startsWith(outcome.replace(/\0+$/, ''))).toBe(true);
    expect(outcome.length).toBeLessThanOrEqual(10);
  }
  expect(outcomes.has('SAFE')).toBe(true);
  expect(outcomes.size).toBeGreaterThan(4);
});

test('a kill that spares the machine loses no write; a sync that was under way tells nobody', async () => {
  const world = makeWorld(1);
  const host = world.host('a');
  const file = host.runtime.files.open('/log', 'create');
  file.write(Buffer.from('cached'), 0);
  let told = false;
  void file.sync().then(() => (told = true));
  host.kill({ keepCache: true });
  await world.run(100);
  expect(told).toBe(false);
  host.restart();
  expect(content(host, '/log')).toBe('cached');
});

test('names are safe after their folder was synced, and are lost in the reverse of their order', async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const world = makeWorld(seed);
    const host = world.host('a');
    await world.play(async () => {
      const { files } = host.runtime;
      files.makeFolder('/d');
      files.open('/d/old', 'create');
      await files.syncFolder('/d');
      files.open('/d/new', 'create');
      files.rename('/d/new', '/d/renamed');
      files.remove('/d/old');
    });
    host.kill();
    seen.add(host.restart().files.list('/d').join(' '));
  }
  expect([...seen].sort()).toEqual(['new old', 'old', 'old renamed', 'renamed']);
});

test('a disk can be full: what fits is written, the rest is an error', () => {
  const host = makeWorld(1).host('a', { disk: { capacityBytes: 10 } });
  const file = host.runtime.files.open('/f', 'create');
  expect(() => file.write(Buffer.from('0123456789ab'), 0)).toThrow('ENOSPC');
  expect(file.size()).toBe(10);
  file.write(Buffer.from('xx'), 0);
  host.disk.capacityBytes = 20;
  file.write(Buffer.from('ab'), 10);
  expect(content(host, '/f')).toBe('xx23456789ab');
});

test('every operation on a disk can be made to fail', () => {
  const host = makeWorld(1).host('a');
  host.disk.before = (operation, path) => {
    if (operation === 'read') throw new FileError('EIO', path, 'the disk is broken');
  };
  const file = host.runtime.files.open('/f', 'create');
  file.write(Buffer.from('x'), 0);
  expect(() => file.read(Buffer.alloc(1), 0, 1, 0)).toThrow('broken');
});

test('events happen by time, and in the order of planning at one time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ at: fc.nat(20), cancel: fc.boolean() }), { maxLength: 60 }),
      async (plan) => {
        const world = makeWorld(1);
        const { clock } = world.host('a').runtime;
        const seen: number[] = [];
        for (const [i, { at, cancel }] of plan.entries()) {
          const timer = clock.after(at, () => seen.push(i));
          if (cancel) timer.cancel();
        }
        await world.run(100);
        const expected = [...plan.entries()]
          .filter(([, one]) => !one.cancel)
          .sort(([i, a], [j, b]) => a.at - b.at || i - j);
        expect(seen).toEqual(expected.map(([i]) => i));
      },
    ),
    { numRuns: 50 },
  );
});

test('a process that stands still does nothing until it wakes, and a clock on the wall may be wrong', async () => {
  const world = makeWorld(5);
  const host = world.host('a');
  const seen: number[] = [];
  host.runtime.clock.after(10, () => seen.push(world.nowMs));
  const cancelled = host.runtime.clock.after(20, () => seen.push(-1));
  host.freeze(100);
  await world.run(50);
  expect(seen).toEqual([]);
  cancelled.cancel();
  await world.run(200);
  expect(seen).toEqual([100]);
  const before = host.runtime.clock.wallMs();
  host.setWallClock(-3_600_000);
  expect(host.runtime.clock.wallMs()).toBe(before - 3_600_000);
  expect(host.runtime.clock.monotonicMs()).toBe(200);
});
