import { expect, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import type { ZooKeeperClient } from '../client/client.ts';
import { isZooKeeperError } from '../client/errors.ts';
import type { Server } from '../server/server.ts';
import { LAST_COUNTER, counterOf, epochOf, firstZxid } from '../tree/transactions/zxid.ts';
import { LeaderWrites } from './zab/leader/leader-writes.ts';

/** As if the ensemble, which is at rest, had numbered its transactions up to `zxid` in this epoch. */
async function numberedUpTo(
  ensemble: SimulatedEnsemble,
  made: ReadonlyMap<EnsembleServer, Server>,
  zxid: number,
): Promise<void> {
  for (const server of ensemble.servers) {
    const { history, storage } = server.member!;
    history.reset(zxid);
    storage.tree.loaded(zxid);
    const writes = made.get(server)!['writes'];
    if (writes instanceof LeaderWrites) writes['lastProposed'] = writes['lastCommitted'] = zxid;
    await ensemble.world.play(() => storage.snapshot());
  }
}

/** Creates them one after the other; what a lost connection leaves undone is asked for again. */
async function createAll(
  ensemble: SimulatedEnsemble,
  client: ZooKeeperClient,
  paths: readonly string[],
): Promise<void> {
  const { world } = ensemble;
  for (const path of paths)
    for (let tries = 0; tries < 50; tries++) {
      const done = await world.play(() =>
        client.create(path, null).then(
          () => true,
          (error: unknown) => isZooKeeperError(error, 'NodeExists'),
        ),
      );
      if (done) break;
      await world.run(world.nowMs + 50);
    }
}

test('an ensemble whose numbers are used up goes on in a new epoch: no write is lost, and no session', async () => {
  const made = new Map<EnsembleServer, Server>();
  const ensemble = new SimulatedEnsemble({
    seed: 1,
    servers: 3,
    equip: (one, server) => made.set(one, server),
  });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const client = ensemble.client('client');
  await world.play(() => client.create('/mine', null, { mode: 'ephemeral' }));
  const session = client.sessionId;
  await world.run(world.nowMs + 500);
  await numberedUpTo(ensemble, made, firstZxid(1) + LAST_COUNTER - 20);

  const paths = Array.from({ length: 60 }, (_, i) => `/n${i}`);
  await createAll(ensemble, client, paths);
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 1000);
  expect(ensemble.servers.map(({ member }) => member!.currentEpoch)).toEqual([2, 2, 2]);
  expect(client.sessionId).toBe(session);

  const check = (): void => {
    expect(new Set(ensemble.servers.map((server) => ensemble.treeOf(server))).size).toBe(1);
    const { tree } = ensemble.servers[0]!.member!.storage;
    expect(tree.statOf(tree.find('/mine')!).ephemeralOwner).toBe(session);
    const zxids = paths.map((path) => Number(tree.statOf(tree.find(path)!).czxid));
    expect(zxids).toEqual([...zxids].sort((a, b) => a - b));
    expect(new Set(zxids.map(epochOf))).toEqual(new Set([1, 2]));
    expect(zxids.map(counterOf)).not.toContain(LAST_COUNTER);
  };
  check();
  for (const server of ensemble.servers) ensemble.kill(server);
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  check();
});
