import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { connectFrame, requests } from '../../../test/zookeeper/test-server.ts';
import type { Connection } from '../../runtime/runtime.ts';
import type { Server } from '../server/server.ts';

const CLIENTS = 10_000;

test('ten thousand clients are served by one follower, others meanwhile, too, and nothing of them is left when they are gone', async () => {
  const made = new Map<EnsembleServer, Server>();
  const ensemble = new SimulatedEnsemble({
    seed: 41,
    servers: 3,
    zooCfg: `maxClientCnxns=${CLIENTS}\n`,
    equip: (server, one) => void made.set(server, one),
  });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const follower = ensemble.servers.find(({ member }) => member!.mode === 'follower')!;
  const server = made.get(follower)!;
  const { network } = world.host('crowd').runtime;
  const crowd: Connection[] = [];
  let welcomed = 0;
  let refused = 0;
  const come = async (): Promise<void> => {
    const connection = await network.connect({ host: follower.host.name, port: 2181 });
    let heard = false;
    connection.start({
      data: () => {
        if (!heard) welcomed += 1;
        heard = true;
      },
      closed: () => void (heard || (refused += 1)),
    });
    connection.write(connectFrame());
    crowd.push(connection);
  };
  await world.play(async () => {
    for (let i = 0; i < CLIENTS; i += 100) await Promise.all(Array.from({ length: 100 }, come));
  });
  expect(await world.run(() => welcomed === CLIENTS, 20_000)).toBe(true);
  expect(server.connections.size).toBe(CLIENTS);
  for (const connection of crowd) connection.write(requests.exists(1, '/watched', true));
  const client = ensemble.client(
    'client',
    ensemble.servers.filter((one) => one !== follower),
  );
  await world.play(() => client.create('/served', null));
  await world.play(come);
  expect(await world.run(() => refused === 1, 1000)).toBe(true);
  expect(server.connections.size).toBe(CLIENTS);

  for (const [i, connection] of crowd.entries()) {
    if (i % 2 === 0) connection.write(requests.close(2));
    else connection.destroy();
  }
  expect(await world.run(() => server.connections.size === 0, 5000)).toBe(true);
  const { tree } = ensemble.leader!.member!.storage;
  expect(await world.run(() => tree.sessions.size === 1, 20_000)).toBe(true);
  expect(await world.run(() => server.sessions.size === 0, 5000)).toBe(true);
  expect(server.tree.watches.size).toBe(0);
  await world.play(come);
  expect(await world.run(() => server.connections.size === 1, 1000), 'there is room again').toBe(true);
  expect(ensemble.serving).toHaveLength(3);
}, 60_000);
