import { expect, test } from 'vitest';
import { TestWorld } from '../../../../../test/support/tree-world.ts';
import { createNodeDigests } from '../../../../runtime/node/digests.ts';
import { Writer } from '../../../../wire/writer.ts';
import { digestAfter } from '../../../tree/digest/predicted-digest.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { History, proposalOf } from '../history.ts';
import { PacketType, type Packet } from '../packets/packets.ts';
import { isLeadersTree } from './first-digest.ts';

const digests = createNodeDigests();

/** A leader that has made `paths`. */
function leader(...paths: string[]): TestWorld {
  const world = new TestWorld({ skipAcl: true });
  for (const path of paths) world.run(world.create(path));
  return world;
}

function proposed(
  transaction: Transaction,
  digest: bigint | null,
  type: number = PacketType.PROPOSAL,
): Packet {
  const { zxid, payload } = proposalOf(transaction, new Writer(), digest);
  return { type, zxid, data: payload };
}

const told = (world: TestWorld, transaction: Transaction): bigint =>
  digestAfter(world.tree, digests, transaction)!;

test("the first digest tells whether a tree is the leader's, of one that is as long by chance, too", () => {
  const theirs = leader('/a', '/b');
  const next = theirs.create('/c');
  for (const type of [PacketType.PROPOSAL, PacketType.INFORM]) {
    const packet = proposed(next, told(theirs, next), type);
    const same = leader('/a', '/b').tree;
    expect(isLeadersTree(packet, new History(same.lastZxid), same, digests)).toBe(true);
    const other = leader('/x', '/y').tree;
    expect(isLeadersTree(packet, new History(other.lastZxid), other, digests)).toBe(false);
  }
});

test('nothing is said where nothing can be: no digest, another kind of it, more on its way, what is here already, a hole, another packet', () => {
  const theirs = leader('/a', '/b');
  const next = theirs.create('/c');
  const packet = proposed(next, told(theirs, next));
  const { tree } = leader('/x', '/y');
  const at = (zxid: number): History => new History(zxid);
  expect(isLeadersTree(proposed(next, null), at(tree.lastZxid), tree, digests)).toBe(null);
  const otherKind = Buffer.from(packet.data!);
  otherKind.writeInt32BE(3, otherKind.length - 12);
  expect(isLeadersTree({ ...packet, data: otherKind }, at(tree.lastZxid), tree, digests)).toBe(null);
  expect(isLeadersTree(packet, at(packet.zxid), tree, digests)).toBe(null);
  expect(isLeadersTree(packet, at(tree.lastZxid - 1), tree, digests)).toBe(null);
  expect(isLeadersTree({ ...packet, type: PacketType.COMMIT }, at(tree.lastZxid), tree, digests)).toBe(null);
  const cut = packet.data!.subarray(0, 20);
  expect(isLeadersTree({ ...packet, data: cut }, at(tree.lastZxid), tree, digests)).toBe(null);
  const busy = at(tree.lastZxid - 1);
  busy.add(proposalOf({ ...next, header: { ...next.header, zxid: tree.lastZxid } }, new Writer()));
  expect(isLeadersTree(packet, busy, tree, digests)).toBe(null);
});
