import { expect, test } from 'vitest';
import { testConfig } from '../../../test/support/data-directories.ts';
import { TestWorld } from '../../../test/support/tree-world.ts';
import { createNodeCodecs } from '../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../runtime/node/digests.ts';
import { FileError } from '../../runtime/runtime.ts';
import { SimulatedWorld, type SimulatedHost } from '../../runtime/simulated/simulated-world.ts';
import { CreateFlag } from '../jute/constants.ts';
import { DataTree } from '../tree/data-tree.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { listLogs, listSnapshots } from './files.ts';
import { StorageError } from './storage-error.ts';
import { ZooKeeperStorage } from './storage.ts';

const folder = '/data/version-2';
const digests = createNodeDigests();
/** Snapshots are written here, and a new log file begins behind each. */
const SNAPSHOTS = [0, 20, 40];
const LAST = 60;
/** The second session ends here, with its ephemerals. */
const SESSION_ENDS = 50;

/** A server that has stopped with three log files on its disk. */
async function stopped(seed = 1): Promise<{
  world: SimulatedWorld;
  host: SimulatedHost;
  history: Transaction[];
}> {
  const world = new SimulatedWorld({
    seed,
    digests,
    codecs: createNodeCodecs(),
    afterPromises: (run) => void setImmediate(run),
  });
  const host = world.host('server');
  const history: Transaction[] = [];
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    const requests = TestWorld.over(storage.tree, { skipAcl: true });
    const made = (zxid: number): Transaction => {
      if (zxid === SESSION_ENDS) return requests.close(2n);
      if (zxid % 3 === 0) return requests.create(`/e${zxid}`, { flags: CreateFlag.ephemeral, session: 2n });
      return requests.create(`/n${zxid}`, { data: `data ${zxid}` });
    };
    const write = (transaction: Transaction): void => {
      history.push(transaction);
      storage.append(transaction);
      requests.run(transaction);
    };
    await storage.snapshot();
    requests.sessions().forEach(write);
    while (requests.zxid < LAST) {
      write(made(requests.zxid + 1));
      await storage.sync();
      if (SNAPSHOTS.includes(requests.zxid)) await storage.snapshot();
    }
    await storage.close();
  });
  expect(listLogs(host.runtime.files, folder).map(({ zxid }) => zxid)).toEqual([1, 21, 41]);
  return { world, host, history };
}

function contents(tree: DataTree): unknown {
  return {
    lastZxid: tree.lastZxid,
    digest: tree.digest,
    znodes: [...tree.store.entries()].map(([path]) => path).sort(),
    sessions: [...tree.sessions],
    ephemerals: [...tree.ephemeralsOf(2n)].sort(),
  };
}

/** What the tree was at `zxid`. */
function at(history: readonly Transaction[], zxid: number): unknown {
  const tree = new DataTree(digests);
  for (const transaction of history.slice(0, zxid)) tree.apply(transaction);
  return contents(tree);
}

test.each([
  ['in the middle of the last file, where a session goes on that had ended', 45],
  ['in the middle of an older file', 30],
  ["at a file's border", 40],
  ['behind the first transaction of a file', 41],
  ['before the last transaction of a file', 39],
  ['in the first file', 1],
  ['at the very end', LAST],
  ['of all that there is', 0],
])('a cut %s leaves tree, sessions, log and snapshots as they were then', async (_, zxid) => {
  const { world, host, history } = await stopped();
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    const { tree } = storage;
    const replayed: number[] = [];
    await storage.truncate(zxid, ({ header }) => void replayed.push(header.zxid));
    expect(storage.tree).toBe(tree);
    expect(contents(tree)).toEqual(at(history, zxid));
    // What is told is what the log has behind the snapshot, for the history in memory.
    const kept = SNAPSHOTS.filter((snapshot) => snapshot <= zxid);
    expect(replayed).toEqual(history.slice(kept.at(-1)!, zxid).map(({ header }) => header.zxid));
    expect(listSnapshots(host.runtime.files, folder).map((file) => file.zxid)).toEqual(kept);
    expect(listLogs(host.runtime.files, folder).every((file) => file.zxid <= zxid)).toBe(true);

    // The disk has forgotten it, too; and what comes next goes on from there.
    host.kill();
    const again = ZooKeeperStorage.open(host.restart(), testConfig);
    expect(contents(again.tree)).toEqual(at(history, zxid));
    const requests = TestWorld.over(again.tree, { skipAcl: true });
    if (zxid === 0) return;
    again.append(requests.create('/instead'));
    await again.close();
    const last = ZooKeeperStorage.open(host.runtime, testConfig);
    expect(last.tree.find('/instead')).toBeDefined();
    expect(last.tree.lastZxid).toBe(zxid + 1);
  });
});

test('what was appended and not applied yet is cut, too', async () => {
  const { world, host, history } = await stopped();
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    const requests = TestWorld.over(storage.tree, { skipAcl: true });
    storage.append(requests.create('/never'));
    await storage.truncate(LAST, () => {});
    expect(contents(storage.tree)).toEqual(at(history, LAST));
    await storage.close();
    expect(ZooKeeperStorage.open(host.runtime, testConfig).tree.lastZxid).toBe(LAST);
  });
});

test('what was never committed and got into a snapshot goes with that (ZOOKEEPER-1549)', async () => {
  const { world, host, history } = await stopped();
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    await storage.snapshot();
    await storage.truncate(LAST - 1, () => {});
    expect(contents(storage.tree)).toEqual(at(history, LAST - 1));
    await storage.close();
    expect(contents(ZooKeeperStorage.open(host.runtime, testConfig).tree)).toEqual(at(history, LAST - 1));
  });
});

test('a cut waits for a snapshot that is being written, and takes it away', async () => {
  const { world, host, history } = await stopped();
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    const written = storage.snapshot();
    await storage.truncate(45, () => {});
    await written;
    expect(listSnapshots(host.runtime.files, folder).map(({ zxid }) => zxid)).toEqual(SNAPSHOTS);
    expect(contents(storage.tree)).toEqual(at(history, 45));
  });
});

test('where the log has no such transaction nothing is cut: the error says what to do', async () => {
  const { world, host, history } = await stopped();
  await world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    const cut = storage.truncate(2 ** 32 + 5, () => {});
    await expect(cut).rejects.toThrow(StorageError);
    await expect(cut).rejects.toThrow(
      `${folder} doesn't have that transaction; move ${folder} and ${folder} away, and this server syncs anew`,
    );
    await storage.close();
    expect(contents(ZooKeeperStorage.open(host.runtime, testConfig).tree)).toEqual(at(history, LAST));
  });
});

/** The machine dies at its so-many-th access to the disk. @returns what it has then, and whether the cut was done before. */
async function cutAndDie(cutTo: number, dieAt: number): Promise<{ found: number; isDone: boolean }> {
  const { world, host, history } = await stopped(dieAt);
  return world.play(async () => {
    const storage = ZooKeeperStorage.open(host.runtime, testConfig);
    let operations = 0;
    host.disk.before = (_, path) => {
      if (++operations < dieAt) return;
      host.kill();
      throw new FileError('EIO', path, `${path}: the machine is dead`);
    };
    let isDone = false;
    const cut = storage
      .truncate(cutTo, () => {})
      .then(
        () => (isDone = true),
        () => {},
      );
    // A dead machine answers nothing; so the story goes on without it.
    const died = new Promise<void>((resolve) => {
      const look = (): void => (host.alive ? void world.after(1, look) : resolve());
      look();
    });
    await Promise.race([cut, died]);
    host.disk.before = null;
    host.kill();
    const again = ZooKeeperStorage.open(host.restart(), testConfig);
    const found = again.tree.lastZxid;
    expect(contents(again.tree)).toEqual(at(history, found));
    await again.truncate(cutTo, () => {});
    expect(contents(again.tree)).toEqual(at(history, cutTo));
    await again.close();
    expect(contents(ZooKeeperStorage.open(host.runtime, testConfig).tree)).toEqual(at(history, cutTo));
    return { found, isDone };
  });
}

test('a machine that dies during a cut has a whole beginning of its history that reaches to the cut at least, and can cut again', async () => {
  const found: number[] = [];
  for (let dieAt = 1; dieAt < 100; dieAt++) {
    const death = await cutAndDie(15, dieAt);
    found.push(death.found);
    if (death.isDone) break;
  }
  expect(Math.min(...found)).toBe(15);
  expect(Math.max(...found)).toBe(LAST);
  expect(found.at(-1)).toBe(15);
  expect(found.length).toBeLessThan(99);
});
