import { firstZxid } from '../../src/zookeeper/tree/transactions/zxid.ts';
import { encodePacket } from '../../src/zookeeper/quorum/zab/packets/packet-encoder.ts';
import { PacketType } from '../../src/zookeeper/quorum/zab/packets/packets.ts';
import type { PlayedConnection, PlayedEnsemble } from './played-ensemble.ts';
import { logUpTo, type QuorumTrace } from './quorum-traces.ts';

const encode = (type: number, zxid: number, data: Buffer | null = null): Buffer =>
  encodePacket({ type, zxid, data });

/** Server `leader` is in place, and its followers, too. */
export function inPlace(ensemble: PlayedEnsemble, leader: number, epoch: number): void {
  ensemble.answer = (peer, { round }) => ({
    state: peer === leader ? 'leading' : 'following',
    vote: { leader, zxid: 0, epoch },
    round,
  });
}

export async function nextDialed(ensemble: PlayedEnsemble, count: number): Promise<PlayedConnection> {
  if (!(await ensemble.world.run(() => ensemble.dialed.length > count, 20_000)))
    throw new Error(`it doesn't dial: ${ensemble.said.slice(-3).join(' / ')}`);
  return ensemble.dialed[count]!;
}

/** Brings ours to where Apache's server was: a log up to `last`, and the two epochs. */
export async function bringTo(
  ensemble: PlayedEnsemble,
  trace: QuorumTrace,
  leader: number,
  last: number,
  currentEpoch: number,
  acceptedEpoch: number,
): Promise<void> {
  const heard = async (c: PlayedConnection, count: number): Promise<void> => {
    if (!(await ensemble.world.run(() => c.heard.length >= count, 5000)))
      throw new Error(`${c.heard.length} of ${count}: ${ensemble.said.slice(-3).join(' / ')}`);
  };
  if (currentEpoch > 0) {
    inPlace(ensemble, leader, currentEpoch);
    const c = await nextDialed(ensemble, 0);
    await heard(c, 1);
    const version = Buffer.from([0, 1, 0, 0]);
    c.send(encode(PacketType.LEADERINFO, firstZxid(currentEpoch), version));
    await heard(c, 2);
    c.send(encode(PacketType.DIFF, last));
    for (const { zxid, packet } of logUpTo(trace, last)) {
      c.send(packet);
      c.send(encode(PacketType.COMMIT, zxid));
    }
    c.send(encode(PacketType.NEWLEADER, firstZxid(currentEpoch)));
    await heard(c, 3);
    c.send(encode(PacketType.UPTODATE, -1));
    await heard(c, 4);
    ensemble.answer = () => null;
    c.close();
    await ensemble.world.run(ensemble.world.nowMs + 500);
  }
  if (acceptedEpoch > currentEpoch) {
    inPlace(ensemble, leader, acceptedEpoch);
    const c = await nextDialed(ensemble, ensemble.dialed.length);
    await heard(c, 1);
    c.send(encode(PacketType.LEADERINFO, firstZxid(acceptedEpoch), Buffer.from([0, 1, 0, 0])));
    await heard(c, 2);
    ensemble.answer = () => null;
    c.close();
  }
  await ensemble.restart();
}
