/**
 * What many small znodes cost and whether anything about them stalls a server: bytes a znode and a watch, the longest single transaction while
 * the tables grow, the longest turn while a snapshot is written.
 * `node --expose-gc --import tsx bench/micro/zk-memory.ts [znodes] [bytes]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { silentLog } from '../../src/runtime/silent-log.ts';
import { OpCode } from '../../src/zookeeper/jute/op-code.ts';
import { ZooKeeperStorage } from '../../src/zookeeper/storage/storage.ts';
import { openAcl } from '../../src/zookeeper/tree/acl/acl.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import type { TransactionRecord } from '../../src/zookeeper/tree/transactions/transaction.ts';

const ZNODES = Number(process.argv[2] ?? 1_000_000);
const BYTES = Number(process.argv[3] ?? 100);
const CHILDREN = 1000;

const folder = mkdtempSync(join(tmpdir(), 'zk-memory-'));
const runtime = createNodeRuntime({ log: silentLog });
const storage = ZooKeeperStorage.open(runtime, {
  dataDir: folder,
  dataLogDir: folder,
  preAllocBytes: 0,
  snapCount: 1e12,
  snapSizeLimitBytes: 0,
  snapshotCompression: 'none',
  trustEmptySnapshot: false,
  forceSync: false,
  fsyncWarningThresholdMs: 1000,
});
const tree: DataTree = storage.tree;

const memory = () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

/** ms of the three longest calls. */
class Longest {
  private top = [0, 0, 0];
  add(ms: number): void {
    if (ms > this.top[2]!) this.top = [...this.top, ms].sort((a, b) => b - a).slice(0, 3);
  }
  get text(): string {
    return this.top.map((ms) => ms.toFixed(1)).join(', ');
  }
}

let zxid = 0;
const longest = new Longest();
function apply(type: number, record: TransactionRecord): void {
  const begin = performance.now();
  tree.apply({ header: { sessionId: 1n, cxid: 1, zxid: ++zxid, timeMs: 1_700_000_000_000, type }, record });
  longest.add(performance.now() - begin);
}
const data = Buffer.alloc(BYTES, 7);
const create = (path: string) =>
  apply(OpCode.create, { kind: 'create', path, data, acl: openAcl, owner: 0n, parentCversion: -1 });
// As a server gets them: strings of their own, cut from what came in.
const received = (path: string) => Buffer.from(path).toString('latin1');
const nodePath = (i: number) =>
  received(`/m/p${Math.floor(i / CHILDREN)}/node-${String(i).padStart(8, '0')}`);

const before = memory();
create('/m');
for (let i = 0; i < ZNODES; i++) {
  if (i % CHILDREN === 0) create(received(`/m/p${i / CHILDREN}`));
  create(nodePath(i));
}
const filled = memory();
console.log(
  `${ZNODES} znodes of ${BYTES} bytes: ${Math.round((filled - before) / ZNODES)} bytes each (${megabytes(tree.store.capacityBytes)} MB of cells); ` +
    `process ${megabytes(process.memoryUsage().rss)} MB; longest transactions ${longest.text} ms`,
);

const watcher = { notify: () => undefined };
for (let i = 0; i < ZNODES; i++) tree.watches.addData(nodePath(i), watcher);
const watched = memory();
console.log(`as many watches: ${Math.round((watched - filled) / ZNODES)} bytes each`);

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const begin = performance.now();
await storage.snapshot();
const ms = performance.now() - begin;
delay.disable();
console.log(
  `snapshot: ${ms.toFixed(0)} ms, longest turn ${(delay.max / 1e6).toFixed(1)} ms, 99 % of turns within ${(delay.percentile(99) / 1e6).toFixed(1)} ms`,
);
await storage.close();
rmSync(folder, { recursive: true });
