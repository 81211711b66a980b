import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { connectFrame, requestFrame, requests } from '../../../test/zookeeper/test-server.ts';
import type { Connection, Network } from '../../runtime/runtime.ts';
import type { SeededRandom } from '../../runtime/simulated/seeded-random.ts';
import { FrameSplitter } from '../../wire/frames.ts';
import { ErrorCode } from '../jute/error-code.ts';
import { OpCode } from '../jute/op-code.ts';
import { writeUstring } from '../jute/primitives.ts';
import {
  LARGEST_MESSAGE_BYTES,
  decodeNotification,
  encodeInitial,
  encodeNotification,
} from './election/messages.ts';
import { encodePacket } from './zab/packets/packet-encoder.ts';
import { PacketStream, PacketType, type Packet } from './zab/packets/packets.ts';

const CLIENT_PORT = 2181;
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;

function learnerInfo(sid: number): Buffer {
  const data = Buffer.alloc(20);
  data.writeBigInt64BE(BigInt(sid), 0);
  data.writeInt32BE(0x10000, 8);
  return data;
}

function packets(...list: Packet[]): Buffer {
  return Buffer.concat(list.map(encodePacket));
}

/** What makes sense on each of the ports, more or less. */
const sensible: Record<number, readonly Buffer[]> = {
  [CLIENT_PORT]: [
    Buffer.from('mntr'),
    Buffer.concat([connectFrame(), requests.create(1, '/x'), requests.getData(2, '/x', true)]),
  ],
  [QUORUM_PORT]: [
    packets(
      { type: PacketType.FOLLOWERINFO, zxid: 2 ** 32, data: learnerInfo(9) },
      { type: PacketType.ACKEPOCH, zxid: 0, data: Buffer.from([0, 0, 0, 1]) },
      { type: PacketType.ACK, zxid: 2 ** 33, data: null },
      {
        type: PacketType.REQUEST,
        zxid: -1,
        data: Buffer.alloc(40),
        authIds: [{ scheme: 'ip', id: '1.2.3.4' }],
      },
      { type: PacketType.PING, zxid: 0, data: Buffer.alloc(24) },
    ),
    packets(
      { type: PacketType.OBSERVERINFO, zxid: 0, data: learnerInfo(77) },
      { type: PacketType.ACKEPOCH, zxid: 2 ** 40, data: Buffer.from([0, 0, 0, 9]) },
      { type: PacketType.REVALIDATE, zxid: 0, data: Buffer.alloc(12) },
    ),
    packets({ type: PacketType.SNAP, zxid: 2 ** 45, data: null }),
  ],
  [ELECTION_PORT]: [
    Buffer.concat([
      encodeInitial(9, [{ host: 'stranger', port: 3888 }]),
      encodeNotification(
        { state: 'looking', vote: { leader: 9, zxid: 2 ** 45, epoch: 2 ** 13 }, round: 99 },
        '',
      ),
    ]),
    Buffer.concat([
      encodeInitial(3, [{ host: 'stranger', port: 3888 }]),
      encodeNotification(
        { state: 'leading', vote: { leader: 42, zxid: 2 ** 45, epoch: 2 ** 13 }, round: 1 },
        '',
      ),
    ]),
  ],
};

/** One of them with a few bytes changed, or cut off, or with noise behind it. */
function mutated(random: SeededRandom, port: number): Buffer {
  const choice = sensible[port]!;
  const bytes = Buffer.from(choice[random.below(choice.length)]!);
  for (let i = random.below(6); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
  if (random.chance(0.3)) return bytes.subarray(0, random.below(bytes.length));
  return random.chance(0.3) ? Buffer.concat([bytes, random.bytes(random.below(2000))]) : bytes;
}

test('whatever strangers send to the three ports, no server ends and nothing acknowledged is lost', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 11, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const { network } = world.host('stranger').runtime;
  const client = ensemble.client('client');
  const acknowledged: string[] = [];
  await world.play(async () => {
    for (let i = 0; i < 300; i++) {
      const port = [CLIENT_PORT, QUORUM_PORT, ELECTION_PORT][i % 3]!;
      const connection = await network
        .connect({ host: `zk${1 + world.random.below(3)}`, port })
        .catch(() => null);
      connection?.start({ data: () => {}, closed: () => {} });
      connection?.write(mutated(world.random, port));
      await client.create(`/n${i}`, null).then(
        ({ path }) => acknowledged.push(path),
        () => undefined,
      );
    }
  });
  expect(ensemble.servers.flatMap((server) => server.failures)).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(200);
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 5000);
  const trees = ensemble.servers.map((server) => ensemble.treeOf(server));
  expect(new Set(trees).size).toBe(1);
  for (const path of acknowledged) expect(trees[0]).toContain(`${path} `);
});

/** From now on somebody connects to one of the servers each `pauseMs` and says something. @returns what ends it. */
function harass(
  ensemble: SimulatedEnsemble,
  network: Network,
  pauseMs: number,
  ports: readonly number[],
  says: (random: SeededRandom, port: number) => Buffer,
): () => void {
  const { world } = ensemble;
  const { random } = world;
  let goesOn = true;
  const knock = (): void => {
    if (!goesOn) return;
    world.after(pauseMs, knock);
    const { host } = ensemble.servers[random.below(ensemble.servers.length)]!;
    const port = ports[random.below(ports.length)]!;
    network.connect({ host: host.name, port }).then(
      (connection) => {
        connection.start({ data: () => {}, closed: () => {} });
        connection.write(says(random, port));
      },
      () => undefined,
    );
  };
  knock();
  return () => (goesOn = false);
}

test.each([2 ** 30, 2 ** 20])(
  'a stranger that comes with epoch %i while a leader begins takes no epoch away from the ensemble',
  async (epoch) => {
    const ensemble = new SimulatedEnsemble({ seed: 5, servers: 3, networkMs: [5, 30] });
    const { world } = ensemble;
    const { network } = world.host('stranger').runtime;
    const introduction = encodePacket({
      type: PacketType.OBSERVERINFO,
      zxid: epoch * 2 ** 32,
      data: learnerInfo(77),
    });
    const end = harass(ensemble, network, 1, [QUORUM_PORT], () => introduction);
    ensemble.startAll();
    expect(await ensemble.untilServing(3)).toBe(true);
    end();
    const client = ensemble.client('client');
    await world.play(() => client.create('/a', null));
    for (const { member } of ensemble.servers) expect(member!.acceptedEpoch).toBeLessThan(10);
    expect(ensemble.servers.flatMap((server) => server.failures)).toEqual([]);
  },
);

test.each([21, 22, 23])(
  'whatever strangers send while servers look for a leader, agree on an epoch and synchronize, they serve once it stops (seed %i)',
  async (seed) => {
    const ensemble = new SimulatedEnsemble({ seed, servers: 3, networkMs: [5, 30] });
    const { world } = ensemble;
    const { network } = world.host('stranger').runtime;
    const acknowledged: string[] = [];
    for (let reign = 0; reign < 4; reign++) {
      const end = harass(ensemble, network, 5, [QUORUM_PORT, ELECTION_PORT], mutated);
      for (const server of ensemble.servers) ensemble.start(server);
      await world.run(world.nowMs + 3000);
      end();
      expect(await ensemble.untilServing(3)).toBe(true);
      const client = ensemble.client(`client${reign}`);
      await world.play(async () => {
        acknowledged.push((await client.create(`/n${reign}`, null)).path);
        await client.close();
      });
      expect(ensemble.servers.flatMap((server) => server.failures)).toEqual([]);
      for (const { member } of ensemble.servers) expect(member!.acceptedEpoch).toBeLessThan(100);
      const tree = ensemble.treeOf(ensemble.leader!);
      for (const path of acknowledged) expect(tree).toContain(`${path} `);
      for (const server of ensemble.servers) ensemble.kill(server);
    }
  },
);

test('a learner that was brought up to date and then sends nonsense is cut off, and the leader goes on', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 13, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const leader = ensemble.leader!;
  const epoch = leader.member!.currentEpoch;
  const { network } = world.host('stranger').runtime;
  const { random } = world;
  const kinds = [
    PacketType.REQUEST,
    PacketType.PING,
    PacketType.REVALIDATE,
    PacketType.SYNC,
    PacketType.PROPOSAL,
    99,
  ];
  let cutOff = 0;
  await world.play(async () => {
    for (let i = 0; i < 100; i++) {
      const connection = await network.connect({ host: leader.host.name, port: QUORUM_PORT });
      connection.start({ data: () => {}, closed: () => cutOff++ });
      const ids = random.chance(0.5) ? null : [{ scheme: 'x', id: random.bytes(8).toString('latin1') }];
      const data = random.chance(0.1) ? null : random.bytes(random.below(60));
      if (data !== null && data.length >= 16) data.writeInt32BE(random.below(25) - 12, 12);
      connection.write(
        packets(
          { type: PacketType.OBSERVERINFO, zxid: 0, data: learnerInfo(77) },
          { type: PacketType.ACKEPOCH, zxid: 0, data: Buffer.from([0, 0, 0, 0]) },
          { type: PacketType.ACK, zxid: epoch * 2 ** 32, data: null },
          { type: kinds[i % kinds.length]!, zxid: random.below(1000), data, authIds: ids },
        ),
      );
      await new Promise<void>((resolve) => world.after(20, resolve));
    }
  });
  await world.run(world.nowMs + 10_000);
  expect(cutOff).toBe(100);
  expect(ensemble.servers.flatMap((server) => server.failures)).toEqual([]);
  expect(ensemble.leader).toBe(leader);
  expect(ensemble.serving).toHaveLength(3);
  const trees = ensemble.servers.map((server) => ensemble.treeOf(server));
  expect(new Set(trees).size).toBe(1);
});

test.each([
  ['election', ELECTION_PORT],
  ['quorum', QUORUM_PORT],
])('connections to the %s port that say nothing are few and do not last', async (_name, port) => {
  const ensemble = new SimulatedEnsemble({ seed: 12, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const leader = ensemble.leader!;
  const { network } = world.host('stranger').runtime;
  const open = new Set<Connection>();
  await world.play(async () => {
    for (let i = 0; i < 2000; i++) {
      const connection = await network.connect({ host: leader.host.name, port });
      open.add(connection);
      connection.start({ data: () => {}, closed: () => open.delete(connection) });
    }
  });
  await world.run(world.nowMs + 100);
  expect(open.size).toBeGreaterThan(0);
  expect(open.size).toBeLessThan(300);
  await world.run(world.nowMs + 15_000);
  expect(open.size).toBe(0);
  expect(ensemble.leader).toBe(leader);
  expect(ensemble.serving).toHaveLength(3);
});

/** Connections to the client port that say nothing. */
async function silentClients(
  { world }: SimulatedEnsemble,
  { host }: EnsembleServer,
  count: number,
): Promise<Set<Connection>> {
  const { network } = world.host('silent').runtime;
  const open = new Set<Connection>();
  await world.play(async () => {
    for (let i = 0; i < count; i++) {
      const connection = await network.connect({ host: host.name, port: CLIENT_PORT });
      open.add(connection);
      connection.start({ data: () => {}, closed: () => open.delete(connection) });
    }
  });
  return open;
}

test.each([
  ['that has no leader', '', 1],
  ['that leads and does not serve', 'leaderServes=no\n', 3],
])(
  'a member %s lets in as many clients as one that serves, and keeps those that say nothing no longer',
  async (_name, zooCfg, running) => {
    const ensemble = new SimulatedEnsemble({ seed: 14, servers: 3, zooCfg: `maxClientCnxns=20\n${zooCfg}` });
    const { world } = ensemble;
    for (const server of ensemble.servers.slice(0, running)) ensemble.start(server);
    if (running === 3) expect(await ensemble.untilServing(3)).toBe(true);
    await world.run(world.nowMs + 1000);
    const target = ensemble.leader ?? ensemble.servers[0]!;
    const open = await silentClients(ensemble, target, 500);
    await world.run(world.nowMs + 1000);
    expect(open.size).toBe(20);
    const { runtime } = world.host('other');
    expect(await RawClient.ask(world, runtime, target.host.name, 'srvr')).toBe(
      'This ZooKeeper instance is not currently serving requests\n',
    );
    await world.run(world.nowMs + 15_000);
    expect(open.size).toBe(0);
  },
);

test('clients that came while nobody led are sent away when service begins', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 15, servers: 3 });
  const { world } = ensemble;
  const [first, ...others] = ensemble.servers;
  ensemble.start(first!);
  await world.run(world.nowMs + 1000);
  const open = await silentClients(ensemble, first!, 10);
  expect(open.size).toBe(10);
  for (const server of others) ensemble.start(server);
  expect(await ensemble.untilServing(3, 5000)).toBe(true);
  await world.run(world.nowMs + 100);
  expect(open.size).toBe(0);
});

test('a sync that makes no sense is answered with an error, and the member that was asked serves on', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 16, servers: 3 });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const { runtime } = world.host('stranger');
  for (const { host } of ensemble.servers) {
    const client = await RawClient.connect(world, runtime, host.name);
    await client.open();
    const senseless = requestFrame(1, OpCode.sync, (w) => w.int32(1000));
    expect(await client.ask(senseless)).toBe(ErrorCode.MarshallingError);
    const whole = requestFrame(2, OpCode.sync, (w) => writeUstring(w, '/'));
    expect(await client.ask(whole)).toBe(0);
  }
  expect(ensemble.serving).toHaveLength(3);
});

/** In the place of a server: it wins each election, and answers what learners say. @returns how many came to it, and are there. */
async function usurp(
  { world }: SimulatedEnsemble,
  { id, host }: EnsembleServer,
  voter: EnsembleServer,
  answer: (type: number) => Buffer,
): Promise<{ came: number; there: number }> {
  const { network } = host.runtime;
  const learners = { came: 0, there: 0 };
  const connection = await world.play(async () => {
    await network.listen({ host: '', port: QUORUM_PORT }, (learner) => {
      learners.came += 1;
      learners.there += 1;
      const stream = new PacketStream(1000);
      learner.start({
        data: (bytes) => {
          stream.push(bytes);
          for (let packet = stream.next(); packet !== null; packet = stream.next())
            learner.write(answer(packet.type));
        },
        closed: () => (learners.there -= 1),
      });
    });
    return network.connect({ host: voter.host.name, port: ELECTION_PORT });
  });
  let round = 1;
  const splitter = new FrameSplitter(LARGEST_MESSAGE_BYTES);
  const vote = { leader: id, zxid: 2 ** 44, epoch: 2 ** 12 };
  connection.start({
    data: (bytes) => {
      splitter.push(bytes, (frame) => {
        const heard = decodeNotification(frame);
        if (heard === null || heard.state !== 'looking') return;
        if (heard.vote.leader !== id || heard.round !== round)
          connection.write(encodeNotification({ state: 'looking', vote, round: heard.round }, ''));
        ({ round } = heard);
      });
    },
    closed: () => {},
  });
  connection.write(encodeInitial(id, [{ host: host.name, port: ELECTION_PORT }]));
  return learners;
}

test('a server whose leader sends nonsense behind a TRUNC leaves it, and goes on looking', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 17, servers: 3 });
  const { world } = ensemble;
  const [voter, , third] = ensemble.servers;
  ensemble.start(voter!);
  await world.run(world.nowMs + 500);
  const nonsense = encodePacket({ type: PacketType.PROPOSAL, zxid: 2 ** 60, data: null });
  const learners = await usurp(ensemble, third!, voter!, (type) =>
    type === PacketType.ACKEPOCH
      ? Buffer.concat([packets({ type: PacketType.TRUNC, zxid: 0, data: null }), nonsense])
      : packets({ type: PacketType.LEADERINFO, zxid: 2 ** 40, data: null }),
  );
  expect(await world.run(() => learners.came > 0 && learners.there === 0, 3000)).toBe(true);
  expect(voter!.failures).toEqual([]);
  expect(await world.run(() => learners.came > 1, 10_000)).toBe(true);
});
