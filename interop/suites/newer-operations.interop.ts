/**
 * Writes of 3.5 and later that 3.4 can't read, at gregor's servers in an ensemble that has a follower of 3.4. From a leader of Apache's 3.9 they
 * throw that follower into an endless loop: it can't apply what it got, leaves, comes back, and gets it again.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { world } from '../support/clusters.ts';
import { observeBy, type Observations } from '../support/compare.ts';
import { treeAt } from '../support/ensemble-load.ts';
import { startEnsemble, type EnsembleMember } from '../support/ensembles.ts';
import { classPath } from '../support/install.ts';

const PROGRAM = join(import.meta.dirname, '../clients/java/NewerOperations.java');
const OLD = 'apache 3.4.14';
const NEW = 'apache 3.9.5';

test('create2 is done and all that 3.4 has nothing like is refused while a server of 3.4 follows gregor, which stays', async () => {
  const ensemble = await startEnsemble([OLD, NEW, 'gregor', 'gregor'], {
    extra: () => 'reconfigEnabled=true\nskipACL=yes\nextendedTypesEnabled=true\n',
    javaOptions: ['-Dzookeeper.extendedTypesEnabled=true'],
  });
  const [old, latest, follower, leader] = ensemble.members as [
    EnsembleMember,
    EnsembleMember,
    EnsembleMember,
    EnsembleMember,
  ];
  const atOld = new ZooKeeperClient(world, {
    servers: [{ host: old.host, port: old.port }],
    sessionTimeoutMs: 20_000,
  });
  const states: string[] = [];
  try {
    expect((await ensemble.serving()).id).toBe(leader.id);
    atOld.start();
    await atOld.connected();
    atOld.onState((state) => states.push(state));
    const synced = timesSynced(old);
    expect(synced).toBe(1);
    const servers = { leader, follower, latest };
    const seen = await Promise.all(
      Object.entries(servers).map(([name, server]) =>
        observeBy('java', [
          '-Xmx128m',
          '-cp',
          classPath('zookeeper-3.9.5'),
          PROGRAM,
          ensemble.connect([server]),
          `/${name}`,
        ]),
      ),
    );
    expect(seen).toEqual(Object.keys(servers).map((name) => expected(`/${name}`)));

    await atOld.create('/by-old', null);
    const [tree, ...others] = await Promise.all(ensemble.members.map(treeAt));
    expect(Object.keys(tree!)).toHaveLength(1 + 3 * (1 + 3 * 2));
    for (const other of others) expect(other).toEqual(tree);
    expect(timesSynced(old), 'how often the follower of 3.4 was brought up to date').toBe(synced);
    expect(states, 'what became of a session there').toEqual([]);
  } catch (error) {
    throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await atOld.close();
    await ensemble.stop();
  }
});

function timesSynced({ log }: EnsembleMember): number {
  return log.match(/Getting a (diff|snapshot) from/g)?.length ?? 0;
}

function expected(root: string): Observations {
  const seen: Observations = { 'create2 of the root': `${root} 4` };
  for (let i = 0; i < 3; i++)
    Object.assign(seen, {
      [`create2 ${i}`]: `${root}/n${i} 3 0`,
      [`create2 again ${i}`]: 'NODEEXISTS',
      [`create2 sequential ${i}`]: `${root}/n${i}/s-0000000000 1`,
      [`create2 ephemeral ${i}`]: 'own: true',
      [`container ${i}`]: 'UNIMPLEMENTED',
      [`container with its stat ${i}`]: 'UNIMPLEMENTED',
      [`TTL ${i}`]: 'UNIMPLEMENTED',
      [`container in a multi ${i}`]: 'UNIMPLEMENTED',
      [`reconfig ${i}`]: 'UNIMPLEMENTED',
      [`what is there ${i}`]: '[e, s-0000000000]',
    });
  return seen;
}
