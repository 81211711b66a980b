import { expect, test } from 'vitest';
import { TestClock } from '../../../../../test/zookeeper/test-server.ts';
import { createNodeDigests } from '../../../../runtime/node/digests.ts';
import type { Log } from '../../../../runtime/runtime.ts';
import { Writer } from '../../../../wire/writer.ts';
import { OpCode } from '../../../jute/op-code.ts';
import { openAcl } from '../../../tree/acl/acl.ts';
import { DataTree } from '../../../tree/data-tree.ts';
import { encodeTransaction } from '../../../tree/transactions/transaction-codec.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { DigestCheck } from './digest-check.ts';
import { readProposal } from '../history.ts';

const create = (zxid: number, data: string): Transaction => ({
  header: { sessionId: 1n, cxid: 1, zxid, timeMs: 5, type: OpCode.create },
  record: {
    kind: 'create',
    path: `/n${zxid}`,
    data: Buffer.from(data),
    acl: openAcl,
    owner: 0n,
    parentCversion: zxid,
  },
});

/** As a leader of 3.6 or later sends it. */
function withDigest(transaction: Transaction, digest: bigint, version = 2): Buffer {
  const w = new Writer();
  encodeTransaction(w, transaction, false);
  w.int32(version);
  w.int64(digest);
  return w.finish();
}

function follower(after = 0): { follow(payload: Buffer): number; readonly said: string[] } {
  const tree = new DataTree(createNodeDigests());
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const log: Log = { debug: say, info: say, warn: say, error: say, with: () => log };
  const check = new DigestCheck(tree, after, log, new TestClock());
  return {
    said,
    follow(payload) {
      const { transaction, digest, zxid } = readProposal(payload);
      tree.apply(transaction);
      if (digest !== null) check.applied(zxid, digest);
      return check.mismatches;
    },
  };
}

test("a follower whose znodes differ from the leader's says so once, counts, and goes on", () => {
  const leader = new DataTree(createNodeDigests());
  const { follow, said } = follower();
  const proposed = (transaction: Transaction): Buffer => {
    leader.apply(transaction);
    return withDigest(transaction, leader.digest);
  };
  expect(follow(proposed(create(1, 'a')))).toBe(0);
  expect(follow(proposed(create(2, 'b')))).toBe(0);
  leader.apply(create(3, 'c'));
  expect(follow(proposed(create(4, 'd')))).toBe(1);
  expect(follow(proposed(create(5, 'e')))).toBe(2);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('as of transaction 0x4 (1 transactions so far)');
});

test('digests of another kind, and what came with a tree over the wire, are not compared', () => {
  const { follow } = follower(2);
  expect(follow(withDigest(create(1, 'a'), 77n))).toBe(0);
  expect(follow(withDigest(create(2, 'a'), 77n))).toBe(0);
  expect(follow(withDigest(create(3, 'a'), 77n, 3))).toBe(0);
  expect(follow(withDigest(create(4, 'a'), 77n))).toBe(1);
});
