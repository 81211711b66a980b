import { expect, test } from 'vitest';
import { TestWorld, encoded, int32 } from '../../../test/support/tree-world.ts';
import { Writer } from '../../wire/writer.ts';
import * as messages from '../jute/messages.ts';
import { Reader } from '../../wire/reader.ts';
import { OpCode } from '../jute/op-code.ts';
import { CreateFlag, WatcherType } from '../jute/constants.ts';
import { restoreWatches } from './watches/restore-watches.ts';

test('a created znode is there with its data and Stat, and its parent counts it', () => {
  const world = new TestWorld();
  world.timeMs = 5000;
  expect(world.do(world.create('/a', { data: 'hello' }))).toBe('/a');
  expect(world.data('/a')).toBe('hello');
  expect(world.stat('/a')).toEqual({
    czxid: 3,
    mzxid: 3,
    pzxid: 3,
    ctime: 5000,
    mtime: 5000,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength: 5,
    numChildren: 0,
  });
  expect(world.stat('/')).toMatchObject({ numChildren: 2, cversion: 0, pzxid: 3 });
});

test('an answer to getData is the data and the Stat as the generic codec reads them', () => {
  const world = new TestWorld();
  for (const data of ['x'.repeat(5), '', null, 'y'.repeat(20_000), 'z'.repeat(70_000)]) {
    world.do(world.create('/a', { data: '1' }));
    world.do(world.setData('/a', data));
    const writer = new Writer();
    const node = world.tree.find('/a')!;
    world.tree.writeDataAndStat(node, writer);
    const { data: read, stat } = messages.getDataResponse.decode(new Reader(writer.finish()));
    expect(read?.toString() ?? null).toBe(data);
    expect(stat).toMatchObject({ version: 1, dataLength: data?.length ?? 0, mzxid: BigInt(world.zxid) });
    world.do(world.delete('/a'));
  }
});

test('sequential names count every create below the parent, deletes and failures not', () => {
  const world = new TestWorld();
  const sequential = { flags: CreateFlag.persistentSequential };
  world.do(world.create('/q'));
  expect(world.do(world.create('/q/a-', sequential))).toBe('/q/a-0000000000');
  expect(world.do(world.create('/q/plain'))).toBe('/q/plain');
  expect(world.do(world.create('/q/plain'))).toBe('NodeExists');
  expect(world.do(world.delete('/q/plain'))).toBe('/q/plain');
  expect(world.do(world.create('/q/', sequential))).toBe('/q/0000000002');
});

test('requests are checked against what was prepared but not applied yet', () => {
  const world = new TestWorld();
  const sequential = { flags: CreateFlag.persistentSequential };
  const transactions = [
    world.create('/a'),
    world.create('/a/s', sequential),
    world.create('/a/s', sequential),
    world.setData('/a', 'one', 0),
    world.setData('/a', 'late', 0),
    world.delete('/a'),
    world.delete('/a/s0000000000'),
    world.delete('/a/s0000000001'),
    world.delete('/a'),
    world.create('/a/b'),
  ];
  expect(world.tree.find('/a')).toBeUndefined();
  expect(transactions.map((transaction) => world.do(transaction))).toEqual([
    '/a',
    '/a/s0000000000',
    '/a/s0000000001',
    '/a',
    'BadVersion',
    'NotEmpty',
    '/a/s0000000000',
    '/a/s0000000001',
    '/a',
    'NoNode',
  ]);
  expect(world.preparer.outstanding).toBe(0);
});

test('a multi is all or nothing, in the tree and in what later requests are checked against', () => {
  const world = new TestWorld();
  const create = (path: string): [number, Buffer] => [
    OpCode.create,
    encoded(messages.createRequest, {
      path,
      data: null,
      acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
      flags: 0,
    }),
  ];
  const check = (path: string, version: number): [number, Buffer] => [
    OpCode.check,
    encoded(messages.checkVersionRequest, { path, version }),
  ];
  const bad = world.multi(create('/m'), create('/m/x'), check('/m', 7), create('/n'));
  const good = world.multi(create('/m'), create('/m/x'), check('/m', 0));
  expect(world.run(bad).parts!.map((part) => [part.type, part.error])).toEqual([
    [-1, 0],
    [-1, 0],
    [-1, -103],
    [-1, -2],
  ]);
  expect(world.tree.find('/m')).toBeUndefined();
  const parts = world.run(good).parts!;
  expect(parts.map((part) => [part.type, part.error, part.path])).toEqual([
    [1, 0, '/m'],
    [1, 0, '/m/x'],
    [13, 0, '/m'],
  ]);
  expect(parts[1]!.stat).toHaveLength(68);
});

test("a closing session takes its ephemerals with it, those that aren't applied yet included", () => {
  const world = new TestWorld();
  const ephemeral = { flags: CreateFlag.ephemeral, session: 2n };
  world.do(world.create('/e1', ephemeral));
  const transactions = [
    world.create('/e2', ephemeral),
    world.delete('/e1'),
    world.close(2n),
    world.create('/e3', ephemeral),
    world.create('/e2/child'),
  ];
  expect(transactions[2]!.record).toEqual({ kind: 'closeSession', paths: ['/e2'] });
  expect(transactions.map((transaction) => world.do(transaction))).toEqual([
    '/e2',
    '/e1',
    '',
    'SessionExpired',
    'NoNode',
  ]);
  expect(world.tree.ephemeralCount).toBe(0);
  expect(world.tree.sessions.has(2n)).toBe(false);
});

test('ephemerals have no children', () => {
  const world = new TestWorld();
  world.do(world.create('/e', { flags: CreateFlag.ephemeral }));
  expect(world.do(world.create('/e/x'))).toBe('NoChildrenForEphemerals');
  expect(world.stat('/e').ephemeralOwner).toBe(1n);
});

test('who may do what is as the ACL says; auth stands for the creator', () => {
  const world = new TestWorld();
  const bob = [{ scheme: 'digest', id: 'bob:x' }];
  const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
  expect(world.do(world.create('/p', { acl }))).toBe('InvalidACL');
  expect(world.do(world.create('/p', { acl, ids: bob }))).toBe('/p');
  expect(world.tree.aclOf(world.tree.find('/p')!)).toEqual([{ perms: 31, id: bob[0] }]);
  expect(world.do(world.setData('/p', 'x'))).toBe('NoAuth');
  expect(world.do(world.create('/p/c'))).toBe('NoAuth');
  expect(world.do(world.setAcl('/p', acl, -1, bob))).toBe('/p');
  expect(world.do(world.setData('/p', 'x', -1, bob))).toBe('/p');
  expect(world.do(world.setData('/p', 'x', -1, [{ scheme: 'super', id: '' }]))).toBe('/p');
  expect(world.stat('/p')).toMatchObject({ version: 2, aversion: 1 });
  expect(world.do(world.setAcl('/p', [], -1, bob))).toBe('InvalidACL');
});

test('paths that Apache refuses are refused with its error', () => {
  const world = new TestWorld();
  expect(
    ['', 'x', '//', '/a//b', '/a/', '/\u0000', '/\u001f', '/ok\ufeff', '/.', '/x/..', '/'].map((path) =>
      world.do(world.create(path)),
    ),
  ).toEqual([
    'BadArguments',
    'BadArguments',
    'BadArguments',
    'NoNode',
    'NoNode',
    'BadArguments',
    'BadArguments',
    '/ok\ufeff',
    'BadArguments',
    'NoNode',
    'NodeExists',
  ]);
  expect(world.do(world.delete('/'))).toBe('BadArguments');
  expect(world.do(world.delete('/zookeeper/quota'))).toBe('BadArguments');
});

test('a request that was cut short is a marshalling error and uses up its zxid', () => {
  const world = new TestWorld();
  const transaction = world.prepare(OpCode.create, int32(100));
  expect(transaction).toMatchObject({ header: { zxid: 3, type: -1 }, record: { kind: 'error', error: -5 } });
  expect(world.do(transaction)).toBe('MarshallingError');
  expect(world.tree.lastZxid).toBe(3);
});

test('containers and TTL nodes keep their kind, show no owner and are found when their time is over', () => {
  const world = new TestWorld();
  world.do(world.create('/c', { op: OpCode.createContainer, flags: CreateFlag.container }));
  world.do(world.create('/t', { op: OpCode.createTTL, flags: CreateFlag.persistentWithTTL, ttl: 500n }));
  expect(world.stat('/t').ephemeralOwner).toBe(0n);
  expect(world.tree.expiredContainers(world.timeMs + 500, 0)).toEqual([]);
  world.do(world.create('/c/x'));
  world.do(world.delete('/c/x'));
  expect(world.tree.expiredContainers(world.timeMs + 501, 0)).toEqual(['/c', '/t']);
  expect(world.do(world.prepare(OpCode.deleteContainer, Buffer.from('/c'), 0n))).toBe('/c');
  expect(
    world.do(world.create('/t2', { op: OpCode.createTTL, flags: CreateFlag.persistentWithTTL, ttl: 0n })),
  ).toBe('BadArguments');
  const without = new TestWorld({ extendedTypesEnabled: false });
  expect(
    without.do(without.create('/t', { op: OpCode.createTTL, flags: CreateFlag.persistentWithTTL, ttl: 5n })),
  ).toBe('Unimplemented');
});

test('a quota counts what is below and refuses what is beyond its hard limits', () => {
  const world = new TestWorld();
  world.do(world.create('/x', { data: '12' }));
  for (const path of ['/zookeeper/quota/x', '/zookeeper/quota/x/zookeeper_limits'])
    world.do(world.create(path, { data: 'count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3' }));
  world.do(world.create('/zookeeper/quota/x/zookeeper_stats', { data: 'count=0,bytes=0' }));
  const stats = (): string | null => world.data('/zookeeper/quota/x/zookeeper_stats');
  expect(stats()).toBe('count=1,bytes=2');
  expect(world.do(world.create('/x/y', { data: '345' }))).toBe('/x/y');
  expect(stats()).toBe('count=2,bytes=5');
  expect(world.do(world.setData('/x/y', '3456789012'))).toBe('QuotaExceeded');
  expect(world.do(world.create('/x/z'))).toBe('/x/z');
  expect(world.do(world.create('/x/zz'))).toBe('QuotaExceeded');
  world.do(world.delete('/x/z'));
  expect(stats()).toBe('count=2,bytes=5');
  expect(world.stat('/zookeeper/quota/x/zookeeper_stats').version).toBe(0);
});

test('one-shot watches fire once, a watcher of data and children hears once of a deletion', () => {
  const world = new TestWorld();
  const { watches } = world.tree;
  const a = world.watcher('a');
  watches.addData('/n', a);
  watches.addChildren('/', a);
  world.do(world.create('/n'));
  world.do(world.setData('/n', 'x'));
  watches.addData('/n', a);
  watches.addChildren('/n', a);
  watches.addChildren('/', world.watcher('b'));
  world.do(world.delete('/n'));
  expect(world.told).toEqual([
    'a: NodeCreated /n',
    'a: NodeChildrenChanged /',
    'a: NodeDeleted /n',
    'b: NodeChildrenChanged /',
  ]);
  expect(watches.size).toBe(0);
});

test('persistent and recursive watches stay until they are removed or their connection ends', () => {
  const world = new TestWorld();
  const { watches } = world.tree;
  const p = world.watcher('p');
  const r = world.watcher('r');
  watches.addPersistent('/n', p, 0);
  watches.addPersistent('/', r, 1);
  world.do(world.create('/n'));
  world.do(world.create('/n/c'));
  world.do(world.setData('/n/c', 'x'));
  world.do(world.setData('/n', 'x'));
  expect(world.told).toEqual([
    'p: NodeCreated /n',
    'r: NodeCreated /n',
    'r: NodeCreated /n/c',
    'p: NodeChildrenChanged /n',
    'r: NodeDataChanged /n/c',
    'p: NodeDataChanged /n',
    'r: NodeDataChanged /n',
  ]);
  expect(watches.has('/n', WatcherType.Persistent, p)).toBe(true);
  expect(watches.remove('/n', WatcherType.Any, p)).toBe(true);
  expect(watches.remove('/n', WatcherType.Any, p)).toBe(false);
  watches.removeWatcher(r);
  expect(watches.isEmpty).toBe(true);
});

test('after a reconnect what changed meanwhile is told at once, all else is watched', () => {
  const world = new TestWorld();
  for (const path of ['/changed', '/same', '/parent']) world.do(world.create(path));
  const seen = world.zxid;
  world.do(world.setData('/changed', 'x'));
  world.do(world.create('/parent/new'));
  restoreWatches(world.tree, world.watcher('w'), seen, {
    data: ['/changed', '/same', '/gone'],
    exist: ['/parent/new', '/never'],
    children: ['/parent', '/same', '/gone'],
    persistent: [],
    persistentRecursive: [],
  });
  expect(world.told).toEqual([
    'w: NodeDataChanged /changed',
    'w: NodeDeleted /gone',
    'w: NodeCreated /parent/new',
    'w: NodeChildrenChanged /parent',
    'w: NodeDeleted /gone',
  ]);
  expect(world.tree.watches.size).toBe(3);
});
