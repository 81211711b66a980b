/**
 * What one thread can do with ZooKeeper's tree, without sockets: prepare, log, apply and read, 1 KB each; and what a znode costs.
 * `npx tsx bench/micro/zk-tree.ts [znodes]`; with `--expose-gc` the memory is exact, with `--cpu-prof` there is a profile.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { silentLog } from '../../src/runtime/silent-log.ts';
import { Reader } from '../../src/wire/reader.ts';
import { Writer } from '../../src/wire/writer.ts';
import { createRequest, getDataRequest, setDataRequest } from '../../src/zookeeper/jute/messages.ts';
import { OpCode } from '../../src/zookeeper/jute/op-code.ts';
import { readUstring } from '../../src/zookeeper/jute/primitives.ts';
import { ZooKeeperStorage } from '../../src/zookeeper/storage/storage.ts';
import { RequestPreparer, type WriteRequest } from '../../src/zookeeper/tree/requests/request-preparer.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';

const ZNODES = Number(process.argv[2] ?? 20_000);
const BATCH = 64;
const ROUNDS = 3000;

const folder = mkdtempSync(join(tmpdir(), 'zk-tree-'));
const runtime = createNodeRuntime({ log: silentLog });
const storage = ZooKeeperStorage.open(runtime, {
  dataDir: folder,
  dataLogDir: folder,
  preAllocBytes: 64 << 20,
  snapCount: 1e12,
  snapSizeLimitBytes: 0,
  snapshotCompression: 'none',
  trustEmptySnapshot: false,
  forceSync: false,
  fsyncWarningThresholdMs: 1000,
});
const { tree } = storage;
const preparer = new RequestPreparer(tree, {
  schemes: new Map(),
  skipAcl: false,
  enforceQuota: false,
  extendedTypesEnabled: true,
  reconfigEnabled: false,
  reconfigure: null,
});

let zxid = 0;
const session = 0x0100_1234_5678_0000n;
const data = Buffer.alloc(1024, 'x');
const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];

function encode(fill: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  fill(writer);
  return Buffer.from(writer.finish());
}

function request(op: number, body: Buffer): WriteRequest {
  return { op, sessionId: session, cxid: 1, body, start: 0, end: body.length, authIds: [] };
}

function finish(batch: readonly Transaction[]): void {
  for (const transaction of batch) {
    tree.apply(transaction);
    preparer.applied(transaction.header.zxid);
  }
}

function measure(name: string, count: number, run: () => void): void {
  const start = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(cpu);
  const wallUs = Number(process.hrtime.bigint() - start) / 1000;
  console.log(
    `${name.padEnd(34)} ${((user + system) / count).toFixed(2)} µs CPU  ${(wallUs / count).toFixed(2)} µs`,
  );
}

finish([preparer.prepare(request(OpCode.createSession, Buffer.from([0, 0, 117, 48])), ++zxid, 1)]);
finish([
  preparer.prepare(
    request(
      OpCode.create,
      encode((w) => createRequest.encode(w, { path: '/bench', data: null, acl, flags: 0 })),
    ),
    ++zxid,
    1,
  ),
]);
const paths = Array.from({ length: ZNODES }, (_, i) => `/bench/node-${String(i).padStart(10, '0')}`);

const memory = (): number => {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
};
const before = memory();
measure('create 1 KB (prepare, log, apply)', ZNODES, () => {
  const batch: Transaction[] = [];
  for (const path of paths) {
    const body = encode((w) => createRequest.encode(w, { path, data, acl, flags: 0 }));
    const transaction = preparer.prepare(request(OpCode.create, body), ++zxid, 1_700_000_000_000);
    storage.append(transaction);
    batch.push(transaction);
    if (batch.length < BATCH) continue;
    storage.flush();
    finish(batch);
    batch.length = 0;
  }
  storage.flush();
  finish(batch);
});
console.log(`memory: ${Math.round((memory() - before) / ZNODES)} bytes a znode of 1024 bytes`);

const reads = paths.map((path) => encode((w) => getDataRequest.encode(w, { path, watch: false })));
const writes = paths.slice(0, 20_000).map((path) =>
  request(
    OpCode.setData,
    encode((w) => setDataRequest.encode(w, { path, data, version: -1 })),
  ),
);

const out = new Writer(1 << 17);
let bytes = 0;
for (let again = 0; again < 2; again++) {
  measure('getData 1 KB (parse, find, write)', ROUNDS * BATCH, () => {
    let at = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < BATCH; i++) {
        at = (at + 7919) % reads.length;
        const reader = new Reader(reads[at]!);
        const node = tree.find(readUstring(reader)!)!;
        reader.bool();
        const start = out.position;
        out.int32(0);
        out.int32(i);
        out.int64(zxid);
        out.int32(0);
        tree.writeDataAndStat(node, out);
        out.setInt32(start, out.position - start - 4);
      }
      for (const part of out.parts()) bytes += part.length;
      out.reset();
    }
  });
  const phases: [string, boolean][] = [
    ['setData 1 KB (prepare, apply)', false],
    ['setData 1 KB (prepare, log, apply)', true],
  ];
  for (const [name, logged] of phases)
    measure(name, ROUNDS * BATCH, () => {
      let at = 0;
      const batch: Transaction[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < BATCH; i++) {
          at = (at + 7919) % writes.length;
          const transaction = preparer.prepare(writes[at]!, ++zxid, 1_700_000_000_000);
          if (logged) storage.append(transaction);
          batch.push(transaction);
        }
        if (logged) storage.flush();
        finish(batch);
        batch.length = 0;
      }
    });
}
const started = performance.now();
await storage.snapshot();
console.log(`snapshot of ${tree.nodeCount} znodes: ${Math.round(performance.now() - started)} ms`);
console.log(`digest ${tree.digest}, ${bytes} bytes read`);
await storage.close();
rmSync(folder, { recursive: true });
