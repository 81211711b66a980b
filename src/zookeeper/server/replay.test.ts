import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Reader } from '../../wire/reader.ts';
import { Writer } from '../../wire/writer.ts';
import * as data from '../jute/data.ts';
import * as messages from '../jute/messages.ts';
import type { Fields, RecordType } from '../jute/record.ts';
import { OpCode } from '../jute/op-code.ts';
import { sessionPassword } from './sessions/session-id.ts';
import { startTestServer, TestPeer, type TestServer } from '../../../test/zookeeper/test-server.ts';

// What Apache's clients sent to Apache's servers is sent to ours, and what ours answers is compared with what theirs did.

interface Frame {
  conn: number;
  dir: 'client' | 'server';
  step: string;
  kind: 'connect' | 'connected' | 'request' | 'reply' | 'event' | 'length only' | 'closed';
  xid?: number;
  type?: number;
  op?: string;
  record?: string;
  header?: { xid: number; zxid: string; err: number };
  body?: unknown;
  note?: string;
  hex?: string;
}

interface Trace {
  trace: string;
  frames: Frame[];
}

type Plain = { [name: string]: unknown };

function load(version: string): Trace[] {
  const file = `test/fixtures/zookeeper-wire/traces-${version}.json.gz`;
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Trace[];
}

const records = new Map<string, RecordType<Fields>>();
for (const record of Object.values({ ...data, ...messages }) as unknown as RecordType<Fields>[])
  if (!records.has(record.name.replace(/^.*\./, ''))) records.set(record.name.replace(/^.*\./, ''), record);

/** Values that differ from run to run. */
const varying = new Set([
  'czxid',
  'mzxid',
  'pzxid',
  'ctime',
  'mtime',
  'ephemeralOwner',
  'sessionId',
  'passwd',
  'zxid',
]);

/** What must be equal in both: not what varies, not the number of nodes beside the trace's own. */
function comparable(value: unknown, name = ''): unknown {
  if (varying.has(name)) {
    // Whether there is an owner, and whether a node was ever touched, must agree all the same.
    if (name === 'ephemeralOwner' || name.endsWith('zxid')) return BigInt(String(value)) === 0n ? 0 : 'some';
    return 'varies';
  }
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item));
    return ['children', 'ephemerals', 'clientInfo'].includes(name)
      ? items.map((item) => JSON.stringify(item)).sort()
      : items;
  }
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, comparable((value as Plain)[key], key)]),
    );
  return value;
}

function decodeMulti(r: Reader): unknown[] {
  const parts: unknown[] = [];
  const bodies: Record<number, string> = {
    [OpCode.create]: 'CreateResponse',
    [OpCode.create2]: 'Create2Response',
    [OpCode.setData]: 'SetDataResponse',
    [OpCode.error]: 'ErrorResponse',
    [OpCode.getData]: 'GetDataResponse',
    [OpCode.getChildren]: 'GetChildrenResponse',
  };
  for (;;) {
    const header = messages.multiHeader.decode(r);
    if (header.done) return [...parts, { header }];
    const record = bodies[header.type];
    parts.push(record === undefined ? { header } : { header, body: records.get(record)!.decode(r) });
  }
}

/** Our frame, read as what theirs was. */
function decode(frame: Buffer, theirs: Frame): unknown {
  const r = new Reader(frame);
  let header: unknown;
  let body: unknown = null;
  if (theirs.kind === 'connected')
    body = (
      theirs.note === undefined && !('readOnly' in (theirs.body as Plain))
        ? messages.connectResponseOf34
        : records.get('ConnectResponse')!
    ).decode(r);
  else {
    const decoded = messages.replyHeader.decode(r);
    header = { xid: decoded.xid, err: decoded.err };
    if (theirs.op === 'multi' || theirs.op === 'multiRead') {
      if (r.remaining > 0) body = decodeMulti(r);
    } else if (theirs.record !== undefined && r.remaining > 0) body = records.get(theirs.record)!.decode(r);
  }
  return comparable({ kind: theirs.kind, header, body, rest: r.remaining });
}

function expected(theirs: Frame): unknown {
  const header = theirs.header === undefined ? undefined : { xid: theirs.header.xid, err: theirs.header.err };
  const body = Array.isArray(theirs.body)
    ? (theirs.body as Plain[]).map(({ header: of, body: inner }) =>
        inner === undefined ? { header: of } : { header: of, body: inner },
      )
    : (theirs.body ?? null);
  return comparable({ kind: theirs.kind, header, body, rest: 0 });
}

/** What happened beside the recorded connections, before the first frame of a step. */
type Aside = {
  create?: Record<string, string>;
  setData?: Record<string, string>;
  delete?: string[];
  wait?: number;
};

class Player {
  readonly world: TestServer = startTestServer({
    extendedTypesEnabled: true,
    enforceQuota: true,
    fourLetterWords: '*',
  });
  private readonly sessions = new Map<string, bigint>();
  private readonly zxids = new Map<string, bigint>();
  private helper: TestPeer | null = null;
  private xid = 0;

  /** One line for each answer that isn't as recorded. */
  async play(trace: Trace, asides: Record<string, Aside>): Promise<string[]> {
    const peers = new Map<number, TestPeer>();
    const read = new Map<number, number>();
    const differences: string[] = [];
    const closes: [step: string, peer: TestPeer][] = [];
    const done = new Set<string>();
    for (const frame of trace.frames) {
      // What goes on beside a cut connection happens while it is cut.
      if (!done.has(frame.step) && frame.kind !== 'closed') {
        done.add(frame.step);
        await this.aside(asides[frame.step]);
      }
      if (frame.dir === 'client') {
        if (frame.kind === 'connect') peers.set(frame.conn, new TestPeer(this.world.server));
        const peer = peers.get(frame.conn)!;
        if (frame.kind === 'closed') peer.close();
        else peer.send(this.translate(frame));
        await this.world.clock.settle();
        if (frame.kind === 'closed' && !done.has(frame.step)) {
          done.add(frame.step);
          await this.aside(asides[frame.step]);
        }
        continue;
      }
      const peer = peers.get(frame.conn)!;
      await this.world.clock.settle();
      if (frame.kind === 'closed') {
        closes.push([frame.step, peer]);
        continue;
      }
      const at = read.get(frame.conn) ?? 0;
      read.set(frame.conn, at + 1);
      const ours = peer.frames[at];
      const wanted = JSON.stringify(expected(frame));
      const got = ours === undefined ? 'nothing' : JSON.stringify(decode(ours, frame));
      if (got !== wanted)
        differences.push(`${frame.step} (${frame.op}): ${got}, and Apache's says ${wanted}`);
      if (ours !== undefined) this.learn(frame, ours);
    }
    // Either side may have been the first.
    for (const [step, peer] of closes)
      if (!peer.isClosed) differences.push(`${step}: the connection should be closed`);
    for (const [conn, peer] of peers)
      if (peer.frames.length > (read.get(conn) ?? 0))
        differences.push(`connection ${conn} got more than was recorded`);
    for (const peer of peers.values()) peer.close();
    return differences;
  }

  /** Puts our session ids, passwords and zxids where theirs are. */
  private translate(frame: Frame): Buffer {
    const bytes = Buffer.from(frame.hex!, 'hex');
    if (frame.kind === 'connect') {
      const body = frame.body as { sessionId: string; passwd: string; lastZxidSeen: string };
      bytes.writeBigInt64BE(this.zxid(body.lastZxidSeen), 8);
      const ours = this.sessions.get(body.sessionId);
      if (ours !== undefined) {
        const isRight = sessionPassword(BigInt(body.sessionId)).toString('base64') === body.passwd;
        bytes.writeBigInt64BE(ours, 20);
        sessionPassword(ours).copy(bytes, 32);
        if (!isRight) bytes[40]! ^= 1;
      }
    }
    if (frame.op === 'setWatches' || frame.op === 'setWatches2')
      bytes.writeBigInt64BE(this.zxid((frame.body as { relativeZxid: string }).relativeZxid), 12);
    return bytes;
  }

  private zxid(theirs: string): bigint {
    if (this.zxids.has(theirs)) return this.zxids.get(theirs)!;
    return BigInt(theirs) > 1n << 62n ? BigInt(theirs) : 0n;
  }

  private learn(theirs: Frame, ours: Buffer): void {
    if (theirs.kind === 'connected' && ours.readBigInt64BE(8) !== 0n)
      this.sessions.set((theirs.body as { sessionId: string }).sessionId, ours.readBigInt64BE(8));
    else if (theirs.header !== undefined) this.zxids.set(theirs.header.zxid, ours.readBigInt64BE(4));
  }

  private async aside(aside: Aside | undefined): Promise<void> {
    if (aside === undefined) return;
    if (aside.wait !== undefined) await this.world.clock.advance(aside.wait);
    for (const [path, base64] of Object.entries(aside.create ?? {}))
      await this.ask(OpCode.create, (w) =>
        messages.createRequest.encode(w, {
          path,
          data: Buffer.from(base64, 'base64'),
          acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
          flags: 0,
        }),
      );
    for (const [path, base64] of Object.entries(aside.setData ?? {}))
      await this.ask(OpCode.setData, (w) =>
        messages.setDataRequest.encode(w, { path, data: Buffer.from(base64, 'base64'), version: -1 }),
      );
    for (const path of aside.delete ?? [])
      await this.ask(OpCode.delete, (w) => messages.deleteRequest.encode(w, { path, version: -1 }));
  }

  private async ask(op: number, encode: (w: Writer) => void): Promise<void> {
    if (this.helper === null || this.helper.isClosed) {
      this.helper = new TestPeer(this.world.server, '10.0.0.9');
      const connect = Buffer.alloc(49);
      connect.writeInt32BE(45, 0);
      connect.writeInt32BE(20_000, 16);
      connect.writeInt32BE(16, 28);
      this.helper.send(connect);
      await this.world.clock.settle();
    }
    const w = new Writer();
    w.int32(0);
    w.int32(++this.xid);
    w.int32(op);
    encode(w);
    w.setInt32(0, w.position - 4);
    this.helper.send(w.finish());
    await this.world.clock.settle();
  }
}

async function differences(version: string): Promise<string[]> {
  const player = new Player();
  const found: string[] = [];
  for (const trace of load(version))
    for (const line of await player.play(trace, besides(trace))) found.push(`${trace.trace}: ${line}`);
  return found;
}

test("clients of 3.9 are answered as by Apache's 3.9", async () => {
  expect(await differences('c3.9-s3.9')).toEqual([]);
});

test("clients of 3.4 are answered as by Apache's 3.9", async () => {
  expect(await differences('c3.4-s3.9')).toEqual([]);
});

test("clients of 3.4 are answered as by Apache's 3.4, but for what 3.9 does otherwise", async () => {
  const steps = (await differences('c3.4-s3.4')).map((line) => line.split(' (')[0]!.split(': {')[0]);
  expect([...new Set(steps)]).toEqual([
    'data: getChildren2 of /zookeeper', // 3.9 has /zookeeper/config there
    'acl: acl of ip', // 3.4 didn't take address/bits
    'acl: getACL with READ only: what of the digest is shown', // the node above is there
    'acl: getChildren with READ',
    'acl: exists without READ: answered by 3.4, NoAuth in 3.9',
    'raw: create with the path "/a\ufff0"', // 3.9 counts the ends of the forbidden ranges in
    'raw: null acl', // InvalidACL instead of MarshallingError
    'raw: createContainer',
    'raw: opcode 13', // 3.4 never answered
    'raw: two requests with the same xid',
    'raw: connection 25 got more than was recorded',
  ]);
});

/** What the recorded sessions were not alone in doing. */
function besides(trace: Trace): Record<string, Aside> {
  const dataOf = (path: string): string => {
    const at = trace.frames.findIndex(
      (frame) => frame.op === 'getData' && (frame.body as Plain)['path'] === path,
    );
    return String((trace.frames[at + 1]!.body as Plain)['data']);
  };
  if (trace.trace === 'reconnect-setwatches') {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => `/bravo31/re/${name}`) as [
      string,
      string,
      string,
      string,
      string,
    ];
    return {
      'watcher connects': {
        create: { '/bravo31/re': '', [a]: dataOf(a), [b]: dataOf(b), [c]: dataOf(c), [d]: '', [e]: '' },
      },
      'connection cut; another client changes a, deletes b and e, creates new; then the client comes back with the same session':
        { setData: { [a]: '' }, delete: [b, e], create: { '/bravo31/re/new': '' } },
      'setData fires the watch that was set again': { setData: { [c]: '' } },
    };
  }
  if (trace.trace === 'sessions')
    return {
      'connection cut for longer than the timeout; comes back to hear that it expired': { wait: 10_000 },
    };
  return {};
}
