import { expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import {
  connectFrame,
  readReply,
  requestFrame,
  requests,
  startTestServer,
  TestPeer,
  type TestServer,
} from '../../../test/zookeeper/test-server.ts';
import type { Writer } from '../../wire/writer.ts';
import type { ZooKeeperConfig } from './config/config.ts';
import { sessionPassword } from './sessions/session-id.ts';

async function session(zk: TestServer, host?: string): Promise<TestPeer> {
  const peer = new TestPeer(zk.server, host);
  peer.send(connectFrame());
  await zk.clock.settle();
  return peer;
}

async function ask(zk: TestServer, word: string): Promise<string> {
  const peer = new TestPeer(zk.server);
  peer.send(Buffer.from(word));
  await zk.clock.settle();
  expect(peer.isClosed).toBe(true);
  return peer.raw.toString();
}

/** xid and error of each answer after the first frame, which is the greeting. */
function answers(peer: TestPeer): string[] {
  return peer.frames.slice(1).map((frame) => {
    const { xid, error } = readReply(frame);
    return error === 0 ? String(xid) : `${xid}:${error}`;
  });
}

test('one sync serves all writes of a turn, and those that come meanwhile share the next', async () => {
  const zk = startTestServer();
  const [one, two] = [await session(zk), await session(zk)];
  const before = zk.storage.syncs;
  zk.storage.isStalled = true;
  for (let i = 1; i <= 5; i++) {
    one.send(requests.create(i, `/one-${i}`));
    two.send(requests.create(i, `/two-${i}`));
  }
  await zk.clock.settle();
  expect(zk.storage.syncs - before).toBe(1);
  expect(answers(one)).toEqual([]);
  for (let i = 6; i <= 20; i++) one.send(requests.create(i, `/one-${i}`));
  await zk.clock.settle();
  expect(zk.storage.syncs - before).toBe(1);
  zk.storage.release();
  await zk.clock.settle();
  expect(zk.storage.syncs - before).toBe(2);
  expect(answers(one)).toHaveLength(20);
  expect(answers(two)).toHaveLength(5);
});

test('requests of one read are answered in one write', async () => {
  const zk = startTestServer();
  const peer = await session(zk);
  const before = peer.writes;
  peer.send(Buffer.concat(Array.from({ length: 50 }, (_, i) => requests.getData(i, '/zookeeper'))));
  await zk.clock.settle();
  expect(peer.writes - before).toBe(1);
  expect(answers(peer)).toHaveLength(50);
});

test("a session's reads wait for its writes, those of others don't", async () => {
  const zk = startTestServer();
  const [writer, reader] = [await session(zk), await session(zk)];
  zk.storage.isStalled = true;
  writer.send(
    Buffer.concat([
      requests.exists(1, '/a'),
      requests.create(2, '/a'),
      requests.exists(3, '/a'),
      requests.setData(4, '/a', Buffer.from('x')),
      requests.getData(5, '/a'),
    ]),
  );
  reader.send(requests.exists(1, '/a'));
  await zk.clock.settle();
  expect(answers(writer)).toEqual(['1:-101']);
  expect(answers(reader)).toEqual(['1:-101']);
  zk.storage.release();
  await zk.clock.settle();
  expect(answers(writer)).toEqual(['1:-101', '2', '3', '4', '5']);
  expect(readReply(writer.frames[5]!).body.utf8(5).slice(4)).toBe('x');
});

test('frames are put together however the bytes are cut', async () => {
  const bytes = Buffer.concat([
    connectFrame(),
    requests.create(1, '/a', Buffer.from('abc')),
    requests.getData(2, '/a'),
    requests.create(3, '/a'),
    requests.getData(4, '/none'),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }),
      async (cuts) => {
        const zk = startTestServer();
        const peer = new TestPeer(zk.server);
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (let i = 1; i < places.length; i++) {
          const part = bytes.subarray(places[i - 1], places[i]);
          if (part.length > 0) peer.send(Buffer.from(part));
          if (i % 3 === 0) await zk.clock.settle();
        }
        await zk.clock.settle();
        expect(answers(peer)).toEqual(['1', '2', '3:-110', '4:-101']);
      },
    ),
    { numRuns: 60 },
  );
});

test('whatever comes, the server goes on', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ op: fc.integer({ min: -12, max: 110 }), body: fc.uint8Array({ maxLength: 60 }) }),
        {
          maxLength: 20,
        },
      ),
      async (frames) => {
        const zk = startTestServer({ extendedTypesEnabled: true });
        const peer = await session(zk);
        for (const { op, body } of frames) peer.send(requestFrame(1, op, (w) => w.bytes(Buffer.from(body))));
        await zk.clock.settle();
        const other = await session(zk);
        other.send(requests.create(1, '/still-there'));
        await zk.clock.settle();
        expect(answers(other)).toEqual(['1']);
      },
    ),
    { numRuns: 200 },
  );
});

test.each(['globalOutstandingLimit', 'requestThrottleLimit'] as const)(
  'reading stops while more than %s writes are in work',
  async (limit) => {
    const zk = startTestServer({ [limit]: 10 });
    const peer = await session(zk);
    zk.storage.isStalled = true;
    for (let i = 1; i <= 11; i++) peer.send(requests.create(i, `/n-${i}`));
    expect(peer.isPaused).toBe(true);
    await zk.clock.settle();
    zk.storage.release();
    await zk.clock.settle();
    expect(peer.isPaused).toBe(false);
    expect(answers(peer)).toHaveLength(11);
  },
);

test('who does not read what is sent is not read either', async () => {
  const zk = startTestServer();
  const peer = await session(zk);
  peer.isFull = true;
  peer.send(requests.getData(1, '/zookeeper'));
  expect(peer.isPaused).toBe(true);
  peer.drain();
  expect(peer.isPaused).toBe(false);
});

test('small questions with large answers are answered as fast as the client takes them, in their order', async () => {
  const zk = startTestServer();
  const peer = await session(zk);
  peer.send(requests.create(1, '/large', Buffer.alloc(500_000)));
  await zk.clock.settle();
  peer.isFull = true;
  // The second half waits behind a write.
  const questions = Array.from({ length: 40 }, (_, i) => requests.getData(i + 2, '/large'));
  questions.splice(20, 0, requests.create(100, '/small'));
  peer.send(Buffer.concat(questions));
  await zk.clock.settle();
  let most = peer.raw.length;
  for (let i = 0; i < 100 && answers(peer).length < 42; i++) {
    const before = peer.raw.length;
    peer.takeSome();
    await zk.clock.settle();
    most = Math.max(most, peer.raw.length - before);
  }
  expect(most).toBeLessThan(3_000_000);
  const xids = Array.from({ length: 40 }, (_, i) => String(i + 2));
  xids.splice(20, 0, '100');
  expect(answers(peer)).toEqual(['1', ...xids]);
  peer.drain();
  expect(peer.isPaused).toBe(false);
});

test('connections of one address are counted, and more than maxClientCnxns are closed', async () => {
  const zk = startTestServer({ maxClientCnxns: 2 });
  const peers = [await session(zk), await session(zk), await session(zk)];
  expect(peers.map((peer) => peer.isClosed)).toEqual([false, false, true]);
  expect((await session(zk, '10.0.0.2')).isClosed).toBe(false);
  peers[0]!.close();
  expect((await session(zk)).isClosed).toBe(false);
});

test('connections of all addresses together are no more than maxCnxns', async () => {
  const zk = startTestServer({ maxCnxns: 2 });
  const peers = [await session(zk, '10.0.0.1'), await session(zk, '10.0.0.2'), await session(zk, '10.0.0.3')];
  expect(peers.map((peer) => peer.isClosed)).toEqual([false, false, true]);
  expect(zk.server.metrics.counters.connection_rejected).toBe(1);
});

test('the timeout that a client asks for is kept between minSessionTimeout and maxSessionTimeout', async () => {
  const zk = startTestServer({ minSessionTimeoutMs: 3000, maxSessionTimeoutMs: 9000 });
  const granted: number[] = [];
  for (const timeoutMs of [-1, 0, 2999, 5000, 9001, 0x7fffffff]) {
    const peer = new TestPeer(zk.server);
    peer.send(connectFrame({ timeoutMs }));
    await zk.clock.settle();
    granted.push(peer.frames[0]!.readInt32BE(4));
  }
  expect(granted).toEqual([3000, 3000, 3000, 5000, 9000, 9000]);
});

test('old snapshots are purged at the start and each purgeInterval, and snapRetainCount are kept', async () => {
  const zk = startTestServer({ purgeIntervalHours: 1, snapRetainCount: 5, tickTimeMs: 600_000 });
  await zk.clock.settle();
  expect(zk.storage.purges).toEqual([5]);
  await zk.clock.advance(2 * 3_600_000);
  expect(zk.storage.purges).toEqual([5, 5, 5]);
  const never = startTestServer({ tickTimeMs: 600_000 });
  await never.clock.advance(2 * 3_600_000);
  expect(never.storage.purges).toEqual([]);
});

test('who says nothing is closed, and so is who sends a packet of jute.maxbuffer', async () => {
  const zk = startTestServer({ juteMaxBuffer: 2000 });
  const silent = new TestPeer(zk.server);
  const large = await session(zk);
  large.send(requests.create(1, '/a', Buffer.alloc(1900)));
  await zk.clock.settle();
  expect(answers(large)).toEqual(['1']);
  large.send(Buffer.from([0, 0, 0x07, 0xd0]));
  expect(large.isClosed).toBe(true);
  await zk.clock.advance(11_000);
  expect(silent.isClosed).toBe(true);
});

test('a session outlives its connection, and an expired one does not come back', async () => {
  const zk = startTestServer();
  const peer = await session(zk);
  const id = peer.frames[0]!.readBigInt64BE(8);
  peer.send(requests.create(1, '/e', Buffer.alloc(0), 1));
  await zk.clock.settle();
  peer.close();
  const again = new TestPeer(zk.server);
  again.send(connectFrame({ sessionId: id, password: sessionPassword(id), timeoutMs: 4000 }));
  await zk.clock.settle();
  expect(again.frames[0]!.readInt32BE(4)).toBe(4000);
  again.close();
  await zk.clock.advance(6000);
  expect(zk.storage.tree.find('/e')).toBeUndefined();
  const late = new TestPeer(zk.server);
  late.send(connectFrame({ sessionId: id, password: sessionPassword(id) }));
  await zk.clock.settle();
  expect(late.frames[0]!.readInt32BE(4)).toBe(0);
  expect(late.isClosed).toBe(true);
});

test('the super user passes all ACLs', async () => {
  const text = (w: Writer, value: string): void => {
    w.int32(value.length);
    w.utf8(value, value.length);
  };
  // The base64 of SHA-1 of super:test.
  const zk = startTestServer({ superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' });
  const peer = await session(zk);
  const createForNobody = requestFrame(1, 1, (w) => {
    text(w, '/locked');
    w.int32(0);
    w.int32(1);
    w.int32(31);
    text(w, 'digest');
    text(w, 'nobody:x');
    w.int32(0);
  });
  const addAuth = requestFrame(-4, 100, (w) => {
    w.int32(0);
    text(w, 'digest');
    text(w, 'super:test');
  });
  peer.send(Buffer.concat([createForNobody, requests.getData(2, '/locked')]));
  await zk.clock.settle();
  peer.send(Buffer.concat([addAuth, requests.getData(3, '/locked')]));
  await zk.clock.settle();
  expect(answers(peer)).toEqual(['1', '2:-102', '-4', '3']);
});

test("containers go when they are empty and once weren't", async () => {
  const zk = startTestServer({ containerCheckIntervalMs: 1000 });
  const peer = await session(zk);
  const container = (xid: number, path: string): Buffer => {
    const frame = requests.create(xid, path, Buffer.alloc(0), 4);
    frame.writeInt32BE(19, 8);
    return frame;
  };
  peer.send(Buffer.concat([container(1, '/used'), container(2, '/new'), requests.create(3, '/used/child')]));
  await zk.clock.advance(1500);
  expect(zk.storage.tree.find('/used')).toBeDefined();
  peer.send(requestFrame(4, 2, (w) => (w.int32(11), w.utf8('/used/child', 11), w.int32(-1))));
  await zk.clock.advance(1500);
  expect(zk.storage.tree.find('/used')).toBeUndefined();
  expect(zk.storage.tree.find('/new')).toBeDefined();
});

const everything: Partial<ZooKeeperConfig> = { fourLetterWords: '*' };

test('srvr, stat and cons tell what clients did', async () => {
  const zk = startTestServer(everything);
  const peer = await session(zk);
  peer.send(requests.exists(4, '/zookeeper'));
  await zk.clock.settle();
  expect(await ask(zk, 'srvr')).toBe(
    'Zookeeper version: 3.9.5-gregor, built on 2026-11-23 00:00 UTC\nLatency min/avg/max: 0/0.0/0\n' +
      'Received: 3\nSent: 2\nConnections: 2\nOutstanding: 0\nZxid: 0x1\nMode: standalone\nNode count: 5\n',
  );
  expect(await ask(zk, 'stat')).toContain(
    'UTC\nClients:\n /127.0.0.1:40000[1](queued=0,recved=2,sent=2)\n /127.0.0.1:40000[0](queued=0,recved=1,sent=0)\n\nLatency',
  );
  expect(await ask(zk, 'cons')).toMatch(
    /^ \/127\.0\.0\.1:40000\[1\]\(queued=0,recved=2,sent=2,sid=0x1[0-9a-f]+,lop=EXIS,est=\d+,to=10000,lcxid=0x4,lzxid=0x1,lresp=\d+,llat=0,minlat=0,avglat=0,maxlat=0\)\n \/127\.0\.0\.1:40000\[0\]\(queued=0,recved=1,sent=0\)\n\n$/,
  );
});

test('watches and ephemerals are told by wchs, wchc, wchp and dump', async () => {
  const zk = startTestServer(everything);
  const peer = await session(zk);
  const id = `0x${peer.frames[0]!.readBigInt64BE(8).toString(16)}`;
  peer.send(
    Buffer.concat([
      requests.create(1, '/four', Buffer.alloc(0), 1),
      requests.exists(2, '/four', true),
      requests.exists(3, '/not-there', true),
    ]),
  );
  await zk.clock.settle();
  expect(await ask(zk, 'wchs')).toBe('1 connections watching 2 paths\nTotal watches:2\n');
  expect(await ask(zk, 'wchc')).toBe(`${id}\n\t/four\n\t/not-there\n\n`);
  // In no order, as Apache's.
  const byPath = await ask(zk, 'wchp');
  expect(byPath.endsWith('\n\n')).toBe(true);
  expect(
    byPath
      .trimEnd()
      .split(/\n(?=\/)/)
      .sort(),
  ).toEqual([`/four\n\t${id}`, `/not-there\n\t${id}`]);
  const dump = await ask(zk, 'dump');
  expect(dump).toMatch(/^SessionTracker dump:\nSession Sets \(1\)\/\(1\):\n1 expire at \w{3} \w{3} \d\d /);
  expect(dump).toContain(
    `ephemeral nodes dump:\nSessions with Ephemerals (1):\n${id}:\n\t/four\nConnections dump:\n`,
  );
});

test('a word may come in parts; stmk takes its mask from the bytes right behind it', async () => {
  const zk = startTestServer(everything);
  const peer = new TestPeer(zk.server);
  for (const part of ['r', 'u', 'ok']) peer.send(Buffer.from(part));
  await zk.clock.settle();
  expect(peer.raw.toString()).toBe('imok');
  expect(await ask(zk, 'gtmk')).toBe('306');
  expect(await ask(zk, 'stmk')).toBe('');
  expect(await ask(zk, 'stmk\0\0\0\0\0\0\0\x07')).toBe('7');
  expect(await ask(zk, 'gtmk')).toBe('7');
});

test('the small words answer as ever, and only those of the whitelist do', async () => {
  const zk = startTestServer({ fourLetterWords: 'ruok, isro,srst' });
  expect(await ask(zk, 'ruok')).toBe('imok');
  expect(await ask(zk, 'isro')).toBe('rw');
  expect(await ask(zk, 'srst')).toBe('Server stats reset.\n');
  expect(await ask(zk, 'conf')).toBe('conf is not executed because it is not in the whitelist.\n');
});

test('ten thousand clients are served at once, and nothing of them is left when they are gone', async () => {
  const zk = startTestServer({ maxClientCnxns: 0 });
  const peers = Array.from({ length: 10_000 }, (_, i) => new TestPeer(zk.server, '127.0.0.1', i));
  for (const peer of peers) peer.send(connectFrame());
  await zk.clock.settle();
  expect(peers.filter((peer) => peer.frames.length === 1)).toHaveLength(10_000);
  peers.at(-1)!.send(requests.create(1, '/last'));
  await zk.clock.settle();
  expect(answers(peers.at(-1)!)).toEqual(['1']);
  for (const peer of peers) peer.close();
  expect(zk.server.connections.size).toBe(0);
  await zk.clock.advance(15_000);
  expect(zk.server.sessions.size).toBe(0);
  expect(zk.server.tree.sessions.size).toBe(0);
});

test('a connection whose other end vanished without a word is closed when its session expires', async () => {
  const zk = startTestServer();
  const peer = await session(zk);
  expect(zk.server.connections.size).toBe(1);
  await zk.clock.advance(15_000);
  expect(peer.isClosed).toBe(true);
  expect(zk.server.connections.size).toBe(0);
});
