import type { Digests } from '../../../../runtime/runtime.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import type { DataTree } from '../../../tree/data-tree.ts';
import { digestAfter } from '../../../tree/digest/predicted-digest.ts';
import { DIGEST_VERSION } from '../../../tree/digest/tree-digest.ts';
import { follows } from '../../../tree/transactions/zxid.ts';
import { readProposal, type History, type Proposal } from '../history.ts';
import { PacketType, type Packet } from '../packets/packets.ts';

/**
 * Whether a packet tells that the own tree is the leader's; null: it doesn't tell. A server with another ensemble's data may come with
 * a zxid that this one has, too, and what it lacks would be put on top of a stranger's tree. So what its log told to be right when it
 * stopped must be right for the leader that it follows first: that leader's first digest is compared before its transaction is logged,
 * let alone acknowledged. It can be compared where all that came before is here and applied: a hole is another matter (ZOOKEEPER-4925).
 */
export function isLeadersTree(
  { type, zxid, data }: Packet,
  history: History,
  tree: DataTree,
  digests: Digests,
): boolean | null {
  if (type !== PacketType.PROPOSAL && type !== PacketType.INFORM) return null;
  if (data === null || history.last !== history.lastCommitted || !follows(zxid, history.last)) return null;
  const proposal = readable(data);
  if (proposal?.digest?.version !== DIGEST_VERSION) return null;
  const own = digestAfter(tree, digests, proposal.transaction);
  return own === null ? null : own === proposal.digest.digest;
}

/** What can't be read is another's to tell. */
function readable(data: Buffer): Proposal | null {
  try {
    return readProposal(data);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
