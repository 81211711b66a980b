import { expect, test } from 'vitest';
import { testConfig } from '../../../test/support/data-directories.ts';
import { TestWorld } from '../../../test/support/tree-world.ts';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import type { Random, Runtime } from '../../runtime/runtime.ts';
import { SimulatedWorld, type SimulatedHost } from '../../runtime/simulated/simulated-world.ts';
import { CreateFlag } from '../jute/constants.ts';
import { OpCode } from '../jute/op-code.ts';
import { DataTree } from '../tree/data-tree.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { listLogs, listSnapshots } from './files.ts';
import { readLog } from './log-reader.ts';
import { recover } from './recovery.ts';
import { writeSnapshot } from './snapshot-writer.ts';
import { StorageError } from './storage-error.ts';
import { ZooKeeperStorage, type StorageConfig } from './storage.ts';

const folder = '/data/version-2';

function simulated(seed: number): { world: SimulatedWorld; host: SimulatedHost } {
  const world = new SimulatedWorld({
    seed,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises: (run) => void setImmediate(run),
  });
  return { world, host: world.host('server') };
}

/** Any write, most of them on the same few znodes. */
function someWrite(tree: TestWorld, random: Random): Transaction {
  const path = `/n${random.below(12)}`;
  const child = `${path}/c${random.below(4)}`;
  const data = 'x'.repeat(random.below(10) === 0 ? random.below(9000) : random.below(40));
  const session = BigInt(1 + random.below(2));
  switch (random.below(10)) {
    case 0:
    case 1:
      return tree.create(path, { data, acl: [{ perms: random.below(32), id: { scheme: 'ip', id: '::1' } }] });
    case 2:
      return tree.create(child, { data, flags: CreateFlag.ephemeral, session });
    case 3:
      return tree.create(`${path}/s`, { data, flags: CreateFlag.persistentSequential, op: OpCode.create2 });
    case 4:
      return tree.delete(path);
    case 5:
      return tree.delete(child);
    case 6:
      return tree.setAcl(path, [{ perms: 31, id: { scheme: 'digest', id: `u${random.below(50)}` } }]);
    default:
      return tree.setData(random.below(2) === 0 ? path : child, data);
  }
}

function replayed(digests: Runtime['digests'], history: readonly Transaction[]): DataTree {
  const tree = new DataTree(digests);
  for (const transaction of history) tree.apply(transaction);
  return tree;
}

test('what a killed process had written, but not synced, is on the disk before anything is built upon it', async () => {
  const { world, host } = simulated(3);
  const tree = TestWorld.over(new DataTree(host.runtime.digests), { skipAcl: true });
  const open = (): ZooKeeperStorage => ZooKeeperStorage.open(host.runtime, testConfig);
  await world.play(async () => {
    const first = open();
    await first.snapshot();
    for (const transaction of tree.sessions()) {
      first.append(transaction);
      tree.run(transaction);
    }
    first.append(tree.create('/a', { data: 'a' }));
    first.flush();
    host.kill({ keepCache: true });
    host.restart();
    const second = open();
    expect(second.tree.find('/a')).toBeDefined();
    await second.secure();
    second.append(tree.create('/b', { data: 'b' }));
    await second.sync();
    host.kill();
    host.restart();
    const third = open();
    expect([...third.tree.store.entries()].map(([path]) => path)).toEqual(
      expect.arrayContaining(['/a', '/b']),
    );
  });
});

test.each(['/data', '/log'])(
  'what dirs tells is the size of a folder, with all in it: logs in %s',
  async (dataLogDir) => {
    const { world, host } = simulated(4);
    const tree = TestWorld.over(new DataTree(host.runtime.digests), { skipAcl: true });
    await world.play(async () => {
      const storage = ZooKeeperStorage.open(host.runtime, { ...testConfig, dataLogDir });
      await storage.snapshot();
      for (const transaction of tree.sessions()) storage.append(transaction);
      await storage.sync();
      const [log] = listLogs(host.runtime.files, `${dataLogDir}/version-2`);
      const [snapshot] = listSnapshots(host.runtime.files, folder);
      const sizes = [snapshot!, log!].map(({ path }) => host.runtime.files.stat(path).sizeBytes);
      const all = sizes[0]! + sizes[1]!;
      expect([storage.snapshotBytes, storage.logBytes]).toEqual(dataLogDir === '/data' ? [all, all] : sizes);
    });
  },
);

test('one sync runs at a time, also when the next is asked for in the very moment in which one ends', async () => {
  const { world, host } = simulated(4);
  const tree = new TestWorld();
  let running = 0;
  let most = 0;
  const { files } = host.runtime;
  const counting: Runtime['files'] = Object.assign(Object.create(files) as Runtime['files'], {
    open: (path: string, mode: 'read' | 'write' | 'create') => {
      const file = files.open(path, mode);
      const sync = async (): Promise<void> => {
        most = Math.max(most, ++running);
        await file.sync();
        running -= 1;
      };
      return Object.assign(Object.create(file) as typeof file, { sync });
    },
  });
  await world.play(async () => {
    const storage = ZooKeeperStorage.open({ ...host.runtime, files: counting }, testConfig);
    storage.append(tree.create('/a', { data: 'a' }));
    const first = storage.sync();
    storage.append(tree.create('/b', { data: 'b' }));
    const third = first.then(() => {
      storage.append(tree.create('/c', { data: 'c' }));
      return storage.sync();
    });
    await Promise.all([first, storage.sync(), third]);
    expect(storage.syncedZxid).toBe(storage.lastZxid);
  });
  expect(most).toBe(1);
});

test('nothing is logged before what must be on the disk first: not by a sync that waits already, nor by a snapshot', async () => {
  const { world, host } = simulated(9);
  const tree = new TestWorld();
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    let before: Promise<void> | null = null;
    const wait = (): (() => void) => {
      let release = (): void => {};
      before = new Promise<void>((resolve) => (release = resolve));
      return release;
    };
    storage.writeAfter(() => before);
    const releaseFirst = wait();
    storage.append(tree.create('/a'));
    const synced = storage.sync();
    const releaseSecond = wait();
    storage.append(tree.create('/b'));
    const snapshot = storage.snapshot();
    releaseFirst();
    await new Promise<void>((resolve) => void host.runtime.clock.after(1000, resolve));
    expect(storage.writtenBytes).toBe(0);
    before = null;
    releaseSecond();
    await Promise.all([synced, snapshot]);
    expect(storage.writtenBytes).toBeGreaterThan(0);
    expect(storage.syncedZxid).toBe(storage.lastZxid);
  });
});

test('a new log file gets nothing before the last one is on the disk to its end, so that a loss of power leaves no hole', async () => {
  const { world, host } = simulated(6);
  const tree = new TestWorld();
  const unsynced = new Set<string>();
  const written = new Set<string>();
  const { files } = host.runtime;
  const watched: Runtime['files'] = Object.assign(Object.create(files) as Runtime['files'], {
    open: (path: string, mode: 'read' | 'write' | 'create') => {
      const file = files.open(path, mode);
      if (!path.includes('/log.')) return file;
      const write = (bytes: Buffer, position: number): void => {
        expect([...unsynced].filter((other) => other !== path)).toEqual([]);
        unsynced.add(path);
        written.add(path);
        file.write(bytes, position);
      };
      const sync = async (): Promise<void> => {
        await file.sync();
        unsynced.delete(path);
      };
      return Object.assign(Object.create(file) as typeof file, { write, sync });
    },
  });
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(
      { ...host.runtime, files: watched },
      { ...testConfig, snapCount: 4 },
    );
    const syncs: Promise<void>[] = [];
    for (let i = 0; i < 40; i++) {
      storage.append(tree.create(`/n${i}`, { data: 'x' }));
      syncs.push(storage.sync());
      storage.maybeSnapshot();
      if (i % 3 === 0) await syncs.at(-1);
    }
    await Promise.all(syncs);
    expect(storage.syncedZxid).toBe(storage.lastZxid);
    await storage.close();
  });
  expect(written.size).toBeGreaterThan(3);
});

test('epochs that are set at once are written one after the other: the last one stays', async () => {
  const { world, host } = simulated(5);
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    await Promise.all([5, 6, 7].map((epoch) => storage.setEpoch('acceptedEpoch', epoch)));
    expect(storage.epoch('acceptedEpoch')).toBe(7);
  });
});

test.each([0, 1, 4, 7, 8, 15])(
  'a log whose header stops after %i bytes was never written to its end',
  (written) => {
    const { host } = simulated(6);
    const { files } = host.runtime;
    files.makeFolder(folder);
    const log = files.open(`${folder}/log.1`, 'write');
    const header = Buffer.from('5a4b4c47000000020000000000000000', 'hex');
    log.write(header.fill(0, written), 0);
    log.write(Buffer.alloc(100), header.length);
    expect(readLog(log, () => {})).toEqual(
      written < 8 ? { offset: 0, reason: 'torn' } : { offset: 16, reason: 'padding' },
    );
    log.write(Buffer.from('no log'), 0);
    expect(() => readLog(log, () => {})).toThrow(/doesn't begin as a transaction log/);
  },
);

/** Writes as a server does until the machine dies, again and again. @returns restarts that found something lost that had to be. */
async function writeAndDie(seed: number, config: StorageConfig, lives: number): Promise<number> {
  const { world, host } = simulated(seed);
  const { random } = world;
  let history: Transaction[] = [];
  let acknowledged = 0;
  let lost = 0;
  await world.play(async () => {
    for (let life = 0; life < lives; life++) {
      const runtime = life === 0 ? host.runtime : host.restart();
      const storage = ZooKeeperStorage.open(runtime, config);
      const found = storage.tree.lastZxid;
      expect(found, `seed ${seed}, life ${life}: what was synced is there`).toBeGreaterThanOrEqual(
        acknowledged,
      );
      if (found < history.length) lost++;
      history = history.slice(0, found);
      const model = replayed(runtime.digests, history);
      expect(storage.tree.digest, `seed ${seed}, life ${life}`).toBe(model.digest);
      expect([...storage.tree.sessions]).toEqual([...model.sessions]);
      expect([...storage.tree.ephemerals.keys()].sort()).toEqual([...model.ephemerals.keys()].sort());
      if (life === 0) await storage.snapshot();

      const requests = TestWorld.over(storage.tree, { skipAcl: true });
      const machine = { dead: false };
      world.after(random.below(60) + 1, () => {
        machine.dead = true;
        host.kill();
      });
      const steps = (async () => {
        while (!machine.dead) {
          const batch: Transaction[] = [];
          if (found === 0 && history.length === 0) batch.push(...requests.sessions());
          for (let left = 1 + random.below(8); left > 0; left--) batch.push(someWrite(requests, random));
          for (const transaction of batch) storage.append(transaction);
          history.push(...batch);
          await storage.sync();
          acknowledged = batch.at(-1)!.header.zxid;
          for (const transaction of batch) requests.run(transaction);
          storage.maybeSnapshot();
        }
      })();
      // A dead machine answers nothing; so the story goes on without it.
      await Promise.race([
        steps.catch((error: unknown) => {
          if (!machine.dead) throw error;
        }),
        new Promise<void>((resolve) => {
          const look = (): void => (machine.dead ? resolve() : world.after(1, look));
          look();
        }),
      ]);
    }
  });
  return lost;
}

test('whenever the machine dies, what was synced is there, and the tree is one that was', async () => {
  let lost = 0;
  for (let seed = 1; seed <= 10; seed++) lost += await writeAndDie(seed, { ...testConfig, snapCount: 40 }, 5);
  expect(lost).toBeGreaterThan(0);
});

test('the same with compressed snapshots and the log in a folder of its own', async () => {
  for (const snapshotCompression of ['gz', 'snappy'] as const)
    await writeAndDie(99, { ...testConfig, dataLogDir: '/logs', snapCount: 20, snapshotCompression }, 6);
});

async function written(
  count: number,
  config = testConfig,
): Promise<{ world: SimulatedWorld; runtime: Runtime }> {
  const { world, host } = simulated(7);
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, config);
    await storage.snapshot();
    const requests = TestWorld.over(storage.tree, { skipAcl: true });
    for (const transaction of requests.sessions()) {
      storage.append(transaction);
      requests.run(transaction);
    }
    for (let i = 0; i < count; i++) {
      const transaction = requests.create(`/n${i}`, { data: `data ${i}` });
      storage.append(transaction);
      requests.run(transaction);
      if (i % 10 === 9) await storage.sync();
    }
    await storage.close();
  });
  return { world, runtime: host.runtime };
}

function change(runtime: Runtime, path: string, at: number): void {
  const file = runtime.files.open(path, 'write');
  const byte = Buffer.alloc(1);
  file.read(byte, 0, 1, at);
  byte[0]! ^= 0xff;
  file.write(byte, at);
  file.close();
}

test('a log that is damaged in its middle is refused: the error says where and what to do', async () => {
  const { runtime } = await written(50);
  const log = listLogs(runtime.files, folder).at(-1)!;
  const offsets: number[] = [];
  const file = runtime.files.open(log.path, 'read');
  readLog(file, (_, __, offset) => void offsets.push(offset));
  change(runtime, log.path, offsets[20]! + 30);
  expect(() => ZooKeeperStorage.open(runtime, testConfig)).toThrow(StorageError);
  expect(() => ZooKeeperStorage.open(runtime, testConfig)).toThrow(
    `${log.path} is damaged at byte ${offsets[20]}`,
  );
});

test('an entry cut anywhere ends the log; what comes after a restart goes on in a file of its own', async () => {
  const { world, runtime } = await written(20);
  const log = listLogs(runtime.files, folder).at(-1)!;
  const file = runtime.files.open(log.path, 'write');
  const offsets: number[] = [];
  const { offset: end } = readLog(file, (_, __, offset) => void offsets.push(offset));
  file.truncate(end - 1);
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(runtime, testConfig);
    expect(storage.tree.lastZxid).toBe(21);
    const requests = TestWorld.over(storage.tree, { skipAcl: true });
    const transaction = requests.create('/after');
    storage.append(transaction);
    await storage.close();
    expect(listLogs(runtime.files, folder).map(({ name }) => name)).toEqual(['log.1', 'log.16']);
    expect(ZooKeeperStorage.open(runtime, testConfig).tree.find('/after')).toBeDefined();
  });
});

test('a broken snapshot is passed over for an older one', async () => {
  const { world, runtime } = await written(30);
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(runtime, testConfig);
    await storage.snapshot();
    await storage.close();
  });
  const newest = listSnapshots(runtime.files, folder).at(-1)!;
  change(runtime, newest.path, 100);
  const { tree, recovered } = ZooKeeperStorage.open(runtime, testConfig);
  expect(recovered.snapshot?.name).toBe('snapshot.0');
  expect(tree.lastZxid).toBe(32);
  expect(tree.find('/n29')).toBeDefined();
});

test('a folder that is in use is refused', async () => {
  const { runtime } = await written(1);
  const first = ZooKeeperStorage.open(runtime, testConfig);
  expect(() => ZooKeeperStorage.open(runtime, testConfig)).toThrow('another server uses /data/version-2');
  void first.close();
});

test('create2 is logged as create, which 3.4 knows; all else as it is', async () => {
  const { world, host } = simulated(3);
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    const requests = TestWorld.over(storage.tree, {});
    for (const transaction of requests.sessions()) {
      storage.append(transaction);
      requests.run(transaction);
    }
    storage.append(requests.create('/a', { op: OpCode.create2 }));
    await storage.close();
  });
  const types: number[] = [];
  const log = listLogs(host.runtime.files, folder)[0]!;
  readLog(host.runtime.files.open(log.path, 'read'), ({ header }) => void types.push(header.type));
  expect(types).toEqual([OpCode.createSession, OpCode.createSession, OpCode.create]);
});

test('purge keeps the newest snapshots and every log that one of them needs', async () => {
  const { world, host } = simulated(5);
  const { runtime } = host;
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(runtime, testConfig);
    const requests = TestWorld.over(storage.tree, { skipAcl: true });
    for (let i = 0; i < 6; i++) {
      await storage.snapshot();
      const batch = i === 0 ? requests.sessions() : [requests.create(`/${i}`), requests.create(`/${i}/x`)];
      for (const transaction of batch) {
        storage.append(transaction);
        requests.run(transaction);
      }
      await storage.sync();
    }
    expect(storage.purge(3).map((path) => path.slice(folder.length + 1))).toEqual([
      'snapshot.0',
      'snapshot.2',
      'snapshot.4',
      'log.1',
      'log.3',
    ]);
    await storage.close();
    expect(ZooKeeperStorage.open(runtime, testConfig).tree.find('/5/x')).toBeDefined();
  });
});

test('a snapshot written while transactions go on becomes, with the log from its start on, the tree as it is', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { world, host } = simulated(seed);
    const { random } = world;
    await world.play(async () => {
      const storage = ZooKeeperStorage.open(host.runtime, { ...testConfig, snapCount: 1e9 });
      await storage.snapshot();
      const requests = TestWorld.over(storage.tree, { skipAcl: true });
      const write = (transaction: Transaction): void => {
        storage.append(transaction);
        requests.run(transaction);
      };
      requests.sessions().forEach(write);
      for (let i = 0; i < 300; i++) write(someWrite(requests, random));
      for (let i = 0; i < 40; i++) write(requests.create(`/big${i}`, { data: 'x'.repeat(20_000) }));
      const startZxid = storage.tree.lastZxid;
      // Between any two slices some more is applied; sessions end and come anew, too.
      const clock = {
        ...host.runtime.clock,
        soon: (run: () => void) => {
          for (let i = 0; i < 20; i++) write(someWrite(requests, random));
          write(requests.close(2n));
          write(requests.prepare(OpCode.createSession, Buffer.from([0, 0, 1, 0]), 2n));
          host.runtime.clock.soon(run);
        },
      };
      const runtime = { ...host.runtime, clock };
      const done = await writeSnapshot(runtime, folder, storage.tree, 'none', () => storage.sync());
      expect(done.zxid).toBe(startZxid);
      expect(storage.tree.lastZxid).toBeGreaterThan(startZxid + 100);
      for (let i = 0; i < 20; i++) write(someWrite(requests, random));
      await storage.close();
      const again = ZooKeeperStorage.open(host.runtime, testConfig);
      expect(again.recovered.snapshot?.zxid).toBe(startZxid);
      expect(contents(again.tree)).toEqual(contents(storage.tree));
      expect(again.tree.digest).toBe(storage.tree.digest);
    });
  }
});

function contents(tree: DataTree): unknown {
  const znodes = [...tree.store.entries()].map(([path, node]) => [
    path,
    tree.statOf(node),
    tree.aclOf(node),
    tree.dataOf(node)?.toString('latin1'),
  ]);
  znodes.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  return { znodes, sessions: [...tree.sessions], ephemerals: [...tree.ephemeralsOf(2n)].sort() };
}

test('files with any byte changed open, or are refused with a StorageError; nothing hangs or gets through unseen', async () => {
  const { world, runtime } = await written(30);
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(runtime, testConfig);
    await storage.snapshot();
    await storage.close();
  });
  const whole = replayedContents(runtime);
  const targets = [...listLogs(runtime.files, folder), ...listSnapshots(runtime.files, folder)];
  const { random } = world;
  for (let i = 0; i < 150; i++) {
    const target = targets[random.below(targets.length)]!;
    const at = random.below(runtime.files.stat(target.path).sizeBytes);
    change(runtime, target.path, at);
    try {
      const found = replayedContents(runtime);
      // The newest snapshot is named for all that there is, so either it or the log brings everything back.
      expect(found, `${target.name}, byte ${at}`).toEqual(whole);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
    change(runtime, target.path, at);
  }
});

function replayedContents(runtime: Runtime): unknown {
  const tree = new DataTree(runtime.digests);
  recover(runtime, tree, { snapshots: folder, logs: folder }, false);
  return contents(tree);
}

test('a log that lacks transactions in its middle is refused: nothing is replayed onto an older tree', async () => {
  const { runtime } = await written(20);
  const { path } = listLogs(runtime.files, folder)[0]!;
  const log = runtime.files.open(path, 'read');
  const offsets: number[] = [];
  const { offset: end } = readLog(log, (_, __, offset) => void offsets.push(offset));
  const bytes = Buffer.alloc(end);
  log.read(bytes, 0, end, 0);
  log.close();
  runtime.files.remove(path);
  const holed = runtime.files.open(path, 'create');
  holed.write(Buffer.concat([bytes.subarray(0, offsets[5]), bytes.subarray(offsets[8])]), 0);
  holed.close();
  expect(() => ZooKeeperStorage.open(runtime, testConfig)).toThrow('behind zxid 0x5 comes 0x9 at byte');
});
