import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { testConfig, unpack } from '../../../test/support/data-directories.ts';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { SimulatedWorld } from '../../runtime/simulated/simulated-world.ts';
import { DataTree } from '../tree/data-tree.ts';
import { getInt32 } from '../tree/znodes/stat-bytes.ts';
import { readLog } from './log-reader.ts';
import { readSnapshot } from './snapshot-reader.ts';
import { listSnapshots } from './files.ts';
import { recover } from './recovery.ts';
import { ZooKeeperStorage } from './storage.ts';

interface Expected {
  readonly recovered: { lastZxid: string; sessions: Record<string, number>; znodes: ExpectedZnode[] };
  readonly logs: { name: string; entries: [zxid: string, type: number, digest: string | null][] }[];
  readonly snapshots: {
    name: string;
    valid: boolean;
    znodes: [path: string, data: string | null, mzxid: string, cversion: number][];
  }[];
}

interface ExpectedZnode {
  readonly path: string;
  readonly data: string | null;
  readonly acl: unknown;
  readonly stat: Record<string, string | number>;
  readonly persisted: Record<string, string | number>;
}

const fixtures = new URL('../../../test/fixtures/zookeeper-wire/datadirs/', import.meta.url);
const names = readdirSync(fixtures)
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.slice(0, -'.tar.gz'.length));

function world(): Runtime {
  const made = new SimulatedWorld({
    seed: 1,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises: (run) => void setImmediate(run),
  });
  return made.host('server').runtime;
}

function load(runtime: Runtime, name: string): Expected {
  unpack(runtime.files, gunzipSync(readFileSync(new URL(`${name}.tar.gz`, fixtures))), '/data');
  return JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, fixtures))).toString()) as Expected;
}

/** As the expectations have it: longs as decimal strings, the quota nodes' stats left out, which live outside of transactions. */
function shown(tree: DataTree, like: ExpectedZnode[]): ExpectedZnode[] {
  return like.map(({ path }) => {
    const node = tree.find(path)!;
    const stat = tree.statOf(node);
    const persisted = Buffer.alloc(60);
    tree.store.copyPersisted(node, persisted, 0);
    const longs = Object.entries(stat).map(([name, value]) => [
      name,
      longNames.has(name) ? String(value) : value,
    ]);
    return {
      path,
      data: tree.dataOf(node)?.toString('base64') ?? null,
      acl: tree.aclOf(node),
      stat: Object.fromEntries(longs) as Record<string, string | number>,
      persisted: {
        ...Object.fromEntries(longs.filter(([name]) => name !== 'dataLength' && name !== 'numChildren')),
        cversion: getInt32(persisted, 36),
        ephemeralOwner: String(persisted.readBigInt64BE(44)),
      },
    };
  });
}

/** The expectations were made without extended types, where a TTL is taken for a session. */
function withoutTtl(znode: ExpectedZnode): ExpectedZnode {
  const isTtl = BigInt(znode.stat['ephemeralOwner']!) < 0n;
  return isTtl ? { ...znode, stat: { ...znode.stat, ephemeralOwner: '0' } } : znode;
}

const longNames = new Set(['czxid', 'mzxid', 'ctime', 'mtime', 'ephemeralOwner', 'pzxid']);

test.each(names)("Apache's data directory %s opens with every znode, Stat, ACL and session", (name) => {
  const runtime = world();
  const { recovered } = load(runtime, name);
  const { tree, lastZxid } = ZooKeeperStorage.open(runtime, testConfig);
  expect(String(lastZxid)).toBe(recovered.lastZxid);
  expect(Object.fromEntries([...tree.sessions].map(([id, timeoutMs]) => [String(id), timeoutMs]))).toEqual(
    recovered.sessions,
  );
  expect(shown(tree, recovered.znodes)).toEqual(recovered.znodes.map(withoutTtl));
  expect(tree.nodeCount).toBe(recovered.znodes.length);
});

test.each(names)('each log of %s reads as Apache reads it', (name) => {
  const runtime = world();
  const { logs } = load(runtime, name);
  for (const log of logs) {
    const entries: [string, number, string | null][] = [];
    readLog(runtime.files.open(`/data/version-2/${log.name}`, 'read'), ({ header }, digest) => {
      entries.push([String(header.zxid), header.type, digest === null ? null : String(digest.digest)]);
    });
    expect(entries, log.name).toEqual(log.entries);
  }
});

test.each(names)('each snapshot of %s reads as Apache reads it', (name) => {
  const runtime = world();
  const { snapshots } = load(runtime, name);
  const files = listSnapshots(runtime.files, '/data/version-2');
  expect(files.map((file) => file.name).sort()).toEqual(snapshots.map((snapshot) => snapshot.name).sort());
  for (const snapshot of snapshots.filter(({ valid }) => valid)) {
    const tree = new DataTree(runtime.digests);
    readSnapshot(
      runtime,
      files.find((file) => file.name === snapshot.name)!,
      tree,
    );
    for (const [path, data, mzxid, cversion] of snapshot.znodes) {
      const node = tree.find(path)!;
      expect([path, String(tree.statOf(node).mzxid), node.cversion]).toEqual([path, mzxid, cversion]);
      if (!path.endsWith('/zookeeper_stats'))
        expect(tree.dataOf(node)?.toString('base64') ?? null, path).toBe(data);
    }
    expect(tree.nodeCount).toBe(snapshot.znodes.length);
  }
});

test.each(names.filter((name) => name.startsWith('3.9')))(
  'replayed from an empty tree, %s comes to the digest that Apache logged after each transaction',
  (name) => {
    const runtime = world();
    load(runtime, name);
    // What snapshot.0 holds is what a new tree has.
    const tree = new DataTree(runtime.digests);
    let compared = 0;
    for (const log of runtime.files
      .list('/data/version-2')
      .filter((file) => file.startsWith('log.'))
      .sort(byZxid))
      readLog(runtime.files.open(`/data/version-2/${log}`, 'read'), (transaction, digest) => {
        tree.apply(transaction);
        if (digest === null) return;
        expect(tree.digest, `zxid ${transaction.header.zxid}`).toBe(digest.digest);
        compared++;
      });
    expect(compared).toBeGreaterThan(100);
  },
);

const byZxid = (a: string, b: string): number =>
  Number.parseInt(a.slice(4), 16) - Number.parseInt(b.slice(4), 16);

test('a log without any snapshot is refused unless the configuration trusts it', () => {
  const runtime = world();
  load(runtime, '3.4.14-clean');
  for (const { path } of listSnapshots(runtime.files, '/data/version-2')) runtime.files.remove(path);
  expect(() => ZooKeeperStorage.open(runtime, testConfig)).toThrow('snapshot.trust.empty=true');
  const folders = { snapshots: '/data/version-2', logs: '/data/version-2' };
  expect(recover(runtime, new DataTree(runtime.digests), folders, true).replayed).toBeGreaterThan(100);
});
