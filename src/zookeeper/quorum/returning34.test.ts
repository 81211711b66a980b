import { expect, test } from 'vitest';
import { PlayedConnection } from '../../../test/zookeeper/played-ensemble.ts';
import { dataOf, kindOf, zxidOf } from '../../../test/zookeeper/quorum-traces.ts';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { transactionIn } from '../../../test/zookeeper/recorded-reigns.ts';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';
import { requestFrame } from '../../../test/zookeeper/test-server.ts';
import { CreateFlag } from '../jute/constants.ts';
import { ErrorCode } from '../jute/error-code.ts';
import * as messages from '../jute/messages.ts';
import { OpCode } from '../jute/op-code.ts';
import { openAcl } from '../tree/acl/acl.ts';
import { firstZxid } from '../tree/transactions/zxid.ts';
import { encodePacket } from './zab/packets/packet-encoder.ts';
import { PROTOCOL_VERSION, PacketType } from './zab/packets/packets.ts';

// A leader that was started anew doesn't know that a server of 3.4 belongs to the ensemble, until it comes.

const encode = (type: number, zxid: number, data: Buffer | null): Buffer =>
  encodePacket({ type, zxid, data });

/** Server 3, of 3.4, follows with a log that ends with `zxid` of epoch 1. @returns what it is told, up to UPTODATE */
async function follow(ensemble: SimulatedEnsemble, zxid: number): Promise<PlayedConnection> {
  const { world } = ensemble;
  const { network } = ensemble.servers[2]!.host.runtime;
  const to = { host: ensemble.leader!.host.name, port: 2888 };
  const c = new PlayedConnection(await world.play(() => network.connect(to)));
  const told = async (kind: string): Promise<Buffer> => {
    expect(await world.run(() => c.heard.some((bytes) => kindOf(bytes) === kind), 2000), kind).toBe(true);
    return c.heard.find((bytes) => kindOf(bytes) === kind)!;
  };
  const info = Buffer.alloc(12);
  info.writeBigInt64BE(3n);
  info.writeInt32BE(PROTOCOL_VERSION, 8);
  c.send(encode(PacketType.FOLLOWERINFO, firstZxid(1), info));
  const epoch = zxidOf(await told('LEADERINFO'));
  c.send(encode(PacketType.ACKEPOCH, zxid, Buffer.from([0, 0, 0, 1])));
  expect(dataOf(await told('NEWLEADER'))).toHaveLength(0);
  c.send(encode(PacketType.ACK, epoch, null));
  await told('UPTODATE');
  return c;
}

/** Without the trees, which stand behind SNAP. */
const packetsOf = ({ heard }: PlayedConnection): Buffer[] =>
  heard.filter((_, i) => i === 0 || kindOf(heard[i - 1]!) !== 'SNAP');

/** The types of the transactions that it was told. */
function typesTold(c: PlayedConnection): number[] {
  const proposals = packetsOf(c).filter((bytes) => kindOf(bytes) === 'PROPOSAL');
  return proposals.map((bytes) => transactionIn(bytes).header.type);
}

/** Asks for a znode in one of the ways that 3.4 doesn't know. */
async function create(ensemble: SimulatedEnsemble, path: string, op: number): Promise<number | null> {
  const { world } = ensemble;
  const { runtime } = world.host(`client for ${path}`);
  const client = await RawClient.connect(world, runtime, ensemble.leader!.host.name);
  await client.open();
  const flags = op === OpCode.createContainer ? CreateFlag.container : CreateFlag.persistent;
  return client.ask(
    requestFrame(1, op, (w) =>
      messages.createRequest.encode(w, { path, data: Buffer.alloc(0), acl: [...openAcl], flags }),
    ),
  );
}

/** Servers 1 and 2 of three; what is done while nobody has heard of 3.4; then both are started anew. */
async function restartedAfter(
  seed: number,
  op: number,
): Promise<{ ensemble: SimulatedEnsemble; before: number }> {
  const ensemble = new SimulatedEnsemble({ seed, servers: 3 });
  const two = ensemble.servers.slice(0, 2);
  for (const server of two) ensemble.start(server);
  expect(await ensemble.untilServing(2)).toBe(true);
  expect(await create(ensemble, '/known', OpCode.create)).toBe(ErrorCode.Ok);
  const before = ensemble.leader!.member!.storage.tree.lastZxid;
  expect(await create(ensemble, '/missed', op)).toBe(ErrorCode.Ok);
  for (const server of two) ensemble.kill(server);
  for (const server of two) ensemble.start(server);
  expect(await ensemble.untilServing(2)).toBe(true);
  return { ensemble, before };
}

test('a server of 3.4 that comes back to a restarted leader gets the create2 that it missed as a create', async () => {
  const { ensemble, before } = await restartedAfter(1, OpCode.create2);
  const c = await follow(ensemble, before);
  expect(packetsOf(c).map(kindOf)).toContain('DIFF');
  expect(typesTold(c)).toContain(OpCode.create);
  expect(typesTold(c)).not.toContain(OpCode.create2);
});

test('it gets a tree where it missed what has no form that it can read, follows, and is heeded from then on', async () => {
  const { ensemble, before } = await restartedAfter(2, OpCode.createContainer);
  const c = await follow(ensemble, before);
  expect(packetsOf(c).map(kindOf)).toContain('SNAP');
  expect(typesTold(c)).toEqual([]);
  expect(await create(ensemble, '/container', OpCode.createContainer)).toBe(ErrorCode.Unimplemented);
  expect(await create(ensemble, '/plain', OpCode.create2)).toBe(ErrorCode.Ok);
  expect(typesTold(c)).toContain(OpCode.create);
  expect(typesTold(c)).not.toContain(OpCode.create2);
  expect(typesTold(c)).not.toContain(OpCode.createContainer);
});
