import { PacketType, type Packet } from '../packets/packets.ts';

/** What a leader's first packet after the agreement does to a learner, for the log; null: it is another packet. */
export function syncSentence({ type, zxid }: Packet): string | null {
  if (type < PacketType.DIFF || type > PacketType.SNAP) return null;
  const at = `0x${zxid.toString(16)}`;
  switch (type) {
    case PacketType.DIFF:
      return `gets the transactions that it lacks, up to ${at} (DIFF)`;
    case PacketType.TRUNC:
      return `drops what it has beyond ${at}, which was never committed (TRUNC)`;
    case PacketType.SNAP:
      return `gets the whole tree as of ${at} (SNAP)`;
    default:
      return null;
  }
}
