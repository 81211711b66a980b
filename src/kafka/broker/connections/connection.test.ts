import { afterEach, expect, test } from 'vitest';
import { createNodeCodecs } from '../../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import { silentLog } from '../../../runtime/node/log.ts';
import type { Connection, Runtime } from '../../../runtime/runtime.ts';
import { SimulatedWorld } from '../../../runtime/simulated/simulated-world.ts';
import { Reader } from '../../../wire/reader.ts';
import type { Api, RequestDraft } from '../../protocol/api.ts';
import { decodeResponse, decodeResponseHeader, encodeRequest } from '../../protocol/codec.ts';
import { produce } from '../../protocol/messages/00-produce.ts';
import { metadata } from '../../protocol/messages/03-metadata.ts';
import { heartbeat } from '../../protocol/messages/12-heartbeat.ts';
import { apiVersions } from '../../protocol/messages/18-api-versions.ts';
import { RequestMetrics } from '../request-metrics.ts';
import { RequestRouter } from '../request-router.ts';
import type { ServedApi } from '../served-api.ts';
import { CloseConnection, serve } from '../served-api.ts';
import { SocketServer } from './socket-server.ts';
import type { SocketServerOptions } from './socket-server.ts';

const warnings: string[] = [];
let server: SocketServer | null = null;

afterEach(async () => {
  await server?.close();
  warnings.length = 0;
});

/** A server with these APIs, and a client's connection to it. */
class Conversation {
  readonly metrics = new RequestMetrics();
  readonly received: Buffer[] = [];
  isClosed = false;
  private readonly world = new SimulatedWorld({
    seed: 1,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises: (run) => void setImmediate(run),
  });
  private readonly broker: Runtime;
  private connection: Connection | null = null;

  constructor() {
    const host = this.world.host('broker').runtime;
    this.broker = { ...host, log: { ...silentLog, warn: (message) => void warnings.push(message) } };
  }

  async start(apis: ServedApi[], options: Partial<SocketServerOptions> = {}): Promise<this> {
    server = new SocketServer(
      this.broker,
      {
        listeners: [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', host: '', port: 9092 }],
        socketRequestMaxBytes: 1024 * 1024,
        connectionsMaxIdleMs: 600_000,
        maxConnections: 100,
        maxConnectionsPerIp: 100,
        maxConnectionsPerIpOverrides: new Map(),
        ...options,
      },
      this.metrics,
    );
    await this.settle(server.bind());
    server.serve(new RequestRouter(apis, this.broker.log));
    await this.connect();
    return this;
  }

  async connect(): Promise<void> {
    const connection = await this.settle(
      this.world
        .host(`client-${this.metrics.connectionsAccepted}`)
        .runtime.network.connect({ host: 'broker', port: 9092 }),
    );
    connection.start({
      data: (bytes) => void this.received.push(bytes),
      closed: () => {
        this.isClosed = true;
      },
    });
    this.connection = connection;
  }

  write(...frames: Buffer[][]): void {
    this.connection?.write(Buffer.concat(frames.flat()));
  }

  /** Lets ms of the world's time go by. */
  async pass(ms: number): Promise<void> {
    await this.world.run(() => false, ms);
  }

  /** Correlation ids of the answers that came. */
  get answered(): number[] {
    const ids: number[] = [];
    const all = Buffer.concat(this.received);
    for (let at = 0; at < all.length; at += 4 + all.readInt32BE(at)) ids.push(all.readInt32BE(at + 4));
    return ids;
  }

  private async settle<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = promise.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined); // it is returned, too
    await this.world.run(() => isOver, 60_000);
    return over;
  }
}

function ask<A extends Api>(api: A, version: number, correlationId: number, body: RequestDraft<A>): Buffer[] {
  return encodeRequest(api, version, correlationId, 'test', body);
}

const askHeartbeat = (id: number): Buffer[] =>
  ask(heartbeat, 0, id, { groupId: 'g', generationId: id, memberId: 'm' });
const askProduce = (id: number, acks = -1): Buffer[] =>
  ask(produce, 3, id, { acks, timeoutMs: id, topicData: [] });

/** An API that answers when the test says so. */
function later(): { api: ServedApi; handled: number[]; answer(generation: number): void } {
  const waiting = new Map<number, () => void>();
  const handled: number[] = [];
  const api = serve(heartbeat, ({ generationId }) => {
    handled.push(generationId);
    return new Promise((resolve) => {
      waiting.set(generationId, () => resolve({ errorCode: 0 }));
    });
  });
  return { api, handled, answer: (generation) => waiting.get(generation)?.() };
}

test('requests of one read are handled in one go and answered with one write, in order', async () => {
  const talk = await new Conversation().start([serve(heartbeat, () => ({ errorCode: 0 }))]);
  talk.write(askHeartbeat(1), askHeartbeat(2), askHeartbeat(3));
  await talk.pass(100);
  expect(talk.answered).toEqual([1, 2, 3]);
  expect(talk.received).toHaveLength(1);
  expect(talk.metrics.of('Heartbeat').requests).toBe(3);
});

test('a request waits until the one before it is answered', async () => {
  const slow = later();
  const talk = await new Conversation().start([slow.api]);
  talk.write(askHeartbeat(1), askHeartbeat(2));
  await talk.pass(100);
  expect(slow.handled).toEqual([1]);
  slow.answer(1);
  await talk.pass(100);
  expect(slow.handled).toEqual([1, 2]);
  slow.answer(2);
  await talk.pass(100);
  expect(talk.answered).toEqual([1, 2]);
});

test('Produce needn’t wait for earlier ones, yet answers keep their order, and what comes behind waits', async () => {
  const waiting = new Map<number, () => void>();
  const slow = serve(
    produce,
    ({ timeoutMs }) =>
      new Promise((resolve) => {
        waiting.set(timeoutMs, () => resolve({ responses: [] }));
      }),
    { pipelined: true },
  );
  const behind: number[] = [];
  const other = serve(heartbeat, ({ generationId }) => {
    behind.push(generationId);
    return { errorCode: 0 };
  });
  const talk = await new Conversation().start([slow, other]);
  talk.write(askProduce(1), askProduce(2), askHeartbeat(3));
  await talk.pass(100);
  expect([...waiting.keys()]).toEqual([1, 2]);
  waiting.get(2)?.();
  await talk.pass(100);
  expect(talk.answered).toEqual([]);
  expect(behind).toEqual([]);
  waiting.get(1)?.();
  await talk.pass(100);
  expect(talk.answered).toEqual([1, 2, 3]);
});

test('no answer is a possible answer, and what can’t be answered closes the connection', async () => {
  const quiet = serve(produce, ({ timeoutMs }) => {
    if (timeoutMs === 2) throw new CloseConnection('failed');
    return null;
  });
  const talk = await new Conversation().start([quiet, serve(heartbeat, () => ({ errorCode: 0 }))]);
  talk.write(askProduce(1, 0), askHeartbeat(5));
  await talk.pass(100);
  expect(talk.answered).toEqual([5]);
  expect(talk.isClosed).toBe(false);
  talk.write(askProduce(2, 0));
  await talk.pass(100);
  expect(talk.isClosed).toBe(true);
});

test('ApiVersions lists what is served, and answers an unknown version in version 0', async () => {
  const talk = await new Conversation().start([
    serve(heartbeat, () => ({ errorCode: 0 }), { versions: [1, 3] }),
  ]);
  talk.write(ask(apiVersions, 3, 1, { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }));
  await talk.pass(100);
  const first = new Reader(talk.received[0]!, 4);
  expect(decodeResponseHeader(apiVersions, 3, first).correlationId).toBe(1);
  expect(
    decodeResponse(apiVersions, 3, first).apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
      apiKey,
      minVersion,
      maxVersion,
    ]),
  ).toEqual([
    [12, 1, 3],
    [18, 0, 4],
  ]);
  const [frame] = ask(apiVersions, 0, 2, {});
  frame!.writeInt16BE(99, 6);
  talk.write([frame!]);
  await talk.pass(100);
  const second = new Reader(talk.received[1]!, 4);
  expect(decodeResponseHeader(apiVersions, 0, second).correlationId).toBe(2);
  expect(decodeResponse(apiVersions, 0, second)).toMatchObject({
    errorCode: 35,
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
  });
});

test.each([
  ['an API that isn’t served', () => ask(metadata, 0, 1, { topics: [] })],
  ['a version that isn’t served', () => ask(heartbeat, 0, 1, { groupId: '', generationId: 0, memberId: '' })],
  ['bytes that are no request', () => [Buffer.from([0, 0, 0, 4, 0, 12, 0, 1])]],
  ['a length that can’t be', () => [Buffer.from([0x7f, 0, 0, 0])]],
])('%s closes the connection', async (_, frames) => {
  const talk = await new Conversation().start([
    serve(heartbeat, () => ({ errorCode: 0 }), { versions: [1, 3] }),
  ]);
  talk.write(frames());
  await talk.pass(100);
  expect(talk.isClosed).toBe(true);
  expect(warnings).toHaveLength(1);
});

test.each([
  ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0])],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
])('%s on a plaintext listener is named in the log', async (name, bytes) => {
  const talk = await new Conversation().start([]);
  talk.write([bytes]);
  await talk.pass(100);
  expect(talk.isClosed).toBe(true);
  expect(warnings[0]).toContain(name);
});

test('a handler’s work ends with its connection', async () => {
  let isOver = false;
  const waits = serve(heartbeat, (_, context) => {
    context.onClosed(() => {
      isOver = true;
    });
    return new Promise(() => undefined);
  });
  const talk = await new Conversation().start([waits]);
  talk.write(askHeartbeat(1));
  await talk.pass(100);
  expect(isOver).toBe(false);
  talk.write([Buffer.from([0x7f, 0, 0, 0])]);
  await talk.pass(100);
  expect(isOver).toBe(true);
});

test('an idle connection is closed, one with a request in work isn’t', async () => {
  const slow = later();
  const talk = await new Conversation().start([slow.api], { connectionsMaxIdleMs: 5000 });
  talk.write(askHeartbeat(1));
  await talk.pass(20_000);
  expect(talk.isClosed).toBe(false);
  slow.answer(1);
  await talk.pass(20_000);
  expect(talk.isClosed).toBe(true);
  expect(talk.metrics.connectionsExpired).toBe(1);
});

test('more connections than are allowed from an address are refused', async () => {
  const talk = await new Conversation().start([], { maxConnections: 1 });
  await talk.connect();
  await talk.pass(100);
  expect(talk.metrics.connectionsRefused).toBe(1);
  expect(talk.isClosed).toBe(true);
  expect(warnings[0]).toContain('max.connections');
});

test('a listener with a protocol that isn’t served is a sentence', async () => {
  const start = new Conversation().start([], {
    listeners: [{ name: 'SECURE', protocol: 'SSL', host: '', port: 9093 }],
  });
  await expect(start).rejects.toThrow(/listener SECURE has the security protocol SSL/);
});
