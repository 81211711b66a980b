import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { connectFrame, requestFrame } from '../../../test/zookeeper/test-server.ts';
import type { Connection, Network } from '../../runtime/runtime.ts';
import { OpCode } from '../jute/op-code.ts';
import { writeUstring } from '../jute/primitives.ts';
import type { Server } from '../server/server.ts';
import { encodeInitial, encodeNotification } from './election/messages.ts';
import { encodePacket } from './zab/packets/packet-encoder.ts';
import { PacketType } from './zab/packets/packets.ts';

const MIB = 1024 * 1024;
const TRANSACTION_BYTES = 900_000;

interface Ports {
  readonly ensemble: SimulatedEnsemble;
  readonly network: Network;
  /** What serves clients at each server. */
  readonly made: Map<EnsembleServer, Server>;
}

async function threeServers(seed: number, zooCfg = ''): Promise<Ports> {
  const made = new Map<EnsembleServer, Server>();
  const equip = (server: EnsembleServer, one: Server) => void made.set(server, one);
  const ensemble = new SimulatedEnsemble({ seed, servers: 3, zooCfg, equip });
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  return { ensemble, network: ensemble.world.host('strange').runtime.network, made };
}

/** It says that and reads nothing, until `resume`. */
async function deaf(
  { ensemble, network }: Ports,
  { host }: EnsembleServer,
  port: number,
  says: Buffer,
): Promise<{ connection: Connection; isClosed: boolean }> {
  const connection = await ensemble.world.play(() => network.connect({ host: host.name, port }));
  const reader = { connection, isClosed: false };
  connection.start({ data: () => {}, closed: () => (reader.isClosed = true) });
  connection.pause();
  connection.write(says);
  return reader;
}

test('a client that watches and never reads is cut off with 64 MiB of events, and the others are served on', async () => {
  const ports = await threeServers(31);
  const { ensemble, made } = ports;
  const { world } = ensemble;
  const server = ensemble.servers[0]!;
  const persistentRecursive = requestFrame(1, OpCode.addWatch, (w) => {
    writeUstring(w, '/');
    w.int32(1);
  });
  const client = ensemble.client('client', [server]);
  await world.play(() => client.exists('/'));
  const { connection } = await deaf(ports, server, 2181, connectFrame());
  const { connections } = made.get(server)!;
  expect(await world.run(() => connections.size === 2 && [...connections][1]!.session !== null, 1000)).toBe(
    true,
  );
  const watcher = [...connections][1]!;
  connection.write(persistentRecursive);
  const name = 'x'.repeat(500_000);
  let most = 0;
  let written = 0;
  await world.play(async () => {
    for (; written < 100 && connections.has(watcher); written++) {
      await client.create(`/${written}${name}`, null);
      await client.delete(`/${written}${name}`);
      most = Math.max(most, watcher.connection.bufferedBytes);
    }
  });
  expect(written).toBeLessThan(100);
  expect(most).toBeGreaterThan(60 * MIB);
  expect(most).toBeLessThanOrEqual(64 * MIB);
  expect(watcher.connection.bufferedBytes).toBe(0);
  await world.play(() => client.create('/after', null));
  expect(ensemble.serving).toHaveLength(3);
}, 60_000);

test('guests of the quorum port that ping and never read are cut off when all together have left 256 MiB', async () => {
  const ports = await threeServers(32);
  const { ensemble } = ports;
  const { world } = ensemble;
  const leader = ensemble.leader!;
  const epoch = leader.member!.currentEpoch;
  const guests = await Promise.all(
    Array.from({ length: 40 }, (_, i) => {
      const info = Buffer.alloc(20);
      info.writeBigInt64BE(BigInt(1000 + i), 0);
      info.writeInt32BE(0x10000, 8);
      const packets = [
        { type: PacketType.OBSERVERINFO, zxid: 0, data: info },
        { type: PacketType.ACKEPOCH, zxid: 0, data: Buffer.alloc(4) },
        { type: PacketType.ACK, zxid: epoch * 2 ** 32, data: null },
      ];
      return deaf(ports, leader, 2888, Buffer.concat(packets.map(encodePacket)));
    }),
  );
  const ping = encodePacket({ type: PacketType.PING, zxid: 0, data: null });
  const pings = (): void => {
    for (const { connection } of guests) connection.write(ping);
    world.after(500, pings);
  };
  pings();
  const { stats } = leader.member!;
  const client = ensemble.client('client');
  const write = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await client.setData('/large', Buffer.alloc(TRANSACTION_BYTES, i));
  };
  await world.play(async () => {
    await client.create('/large', null);
    await write(5);
  });
  expect(stats.quorumConnectionsDropped).toBe(0);
  await world.play(() => write(10));
  for (const { connection } of guests) connection.resume();
  await world.run(world.nowMs + 100);
  const left = guests.filter(({ isClosed }) => !isClosed).length;
  expect(left).toBeGreaterThan(0);
  expect(left * 15 * TRANSACTION_BYTES).toBeLessThan(256 * MIB);
  expect(ensemble.leader).toBe(leader);
  expect(ensemble.serving).toHaveLength(3);
});

test('who asks on at the election port and never reads is cut off with 4 MiB of answers', async () => {
  const ports = await threeServers(33);
  const { ensemble } = ports;
  const { world } = ensemble;
  const server = ensemble.servers[0]!;
  const vote = { leader: 200, zxid: 0, epoch: 0 };
  const question = encodeNotification({ state: 'looking', vote, round: 1 }, '');
  const questions = Buffer.concat(Array<Buffer>(1000).fill(question));
  const guest = await deaf(ports, server, 3888, encodeInitial(200, [{ host: 'strange', port: 3888 }]));
  const { stats } = server.member!;
  let asked = 0;
  const isCut = (): boolean => stats.electionConnectionsDropped > 0;
  for (; asked < 100 && !isCut(); asked++) {
    guest.connection.write(questions);
    await world.run(world.nowMs + 20);
  }
  expect(isCut()).toBe(true);
  const answer = encodeNotification({ state: 'looking', vote, round: 1 }, server.member!.ensemble.text);
  expect(asked * 1000 * answer.length).toBeLessThan(5 * MIB);
  guest.connection.resume();
  expect(await world.run(() => guest.isClosed, 1000)).toBe(true);
  expect(ensemble.serving).toHaveLength(3);
});
