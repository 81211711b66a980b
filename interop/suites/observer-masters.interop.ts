/** Observers that follow a follower (observer masters): gregor's one of Apache's, and Apache's one of gregor's. */
import { expect, test } from 'vitest';
import type { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { treeAt } from '../support/ensemble-load.ts';
import { clientOf, startEnsemble, type EnsembleMember } from '../support/ensembles.ts';
import { skipsNetworks } from '../support/network.ts';
import { until } from '../support/processes.ts';
import { metric } from '../support/words.ts';

const NEW = 'apache 3.9.5';

// Each server needs the same port at an address of its own, and only root can make networks.
test
  .skipIf(skipsNetworks())
  .each<{ observer: ZooKeeperMaker; master: ZooKeeperMaker; leader: ZooKeeperMaker }>([
    { observer: 'gregor', master: NEW, leader: 'gregor' },
    { observer: NEW, master: 'gregor', leader: NEW },
  ])(
  '$observer observes by way of a follower, $master, that $leader leads (needs root and iproute2)',
  async ({ observer, master, leader }) => {
    const extra = () => 'observerMasterPort=2191\n';
    const ensemble = await startEnsemble([master, leader], { observers: [observer], isolable: true, extra });
    const clients: ZooKeeperClient[] = [];
    try {
      const [follower, first, last] = ensemble.members as [EnsembleMember, EnsembleMember, EnsembleMember];
      expect((await ensemble.leader()).id).toBe(first.id);
      expect(
        await Promise.all([first, follower].map((each) => metric(each, 'synced_observers'))),
        'at leader and follower',
      ).toEqual(['0', '1']);

      const there = clientOf(last, clients);
      const here = clientOf(first, clients);
      await there.create('/of-observer', Buffer.from('x'));
      await there.create('/mine', null, { mode: 'ephemeral' });
      await here.create('/of-leader', Buffer.from('y'));
      await there.sync('/');
      expect((await there.getChildren('/')).sort()).toEqual([
        'mine',
        'of-leader',
        'of-observer',
        'zookeeper',
      ]);

      const session = there.sessionId;
      await last.kill();
      for (let i = 0; i < 10; i++) await here.create(`/while-away-${i}`, null);
      last.start();
      await ensemble.serving();
      expect(await metric(follower, 'synced_observers')).toBe('1');
      await until('its session', () => there.state === 'connected');
      await there.create('/later', null);
      expect(there.sessionId, 'its session came by way of the follower').toBe(session);
      const [tree, ...others] = await Promise.all(ensemble.members.map(treeAt));
      expect(Object.keys(tree!)).toHaveLength(14);
      for (const other of others) expect(other).toEqual(tree);
    } catch (error) {
      throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
    } finally {
      await Promise.all(clients.map((client) => client.close()));
      await ensemble.stop();
    }
  },
);
