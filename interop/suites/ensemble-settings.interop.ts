/** Settings that gregor and Apache's 3.9 must understand alike in one ensemble: groups and weights, several addresses, local sessions. */
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import type { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { treeAt, underLoad, whatIsNotLinearizable, whatIsWrongWith } from '../support/ensemble-load.ts';
import { clientOf, startEnsemble, type Ensemble, type EnsembleMember } from '../support/ensembles.ts';
import { skipsNetworks } from '../support/network.ts';
import { until } from '../support/processes.ts';
import { metric } from '../support/words.ts';

const OLD = 'apache 3.4.14';
const NEW = 'apache 3.9.5';
const OURS = 'gregor';

/** Two of three groups are a quorum: 4 and 5 by themselves, but not 1, 2 and 3. In their group 1 weighs more than half, and 3 nothing. */
const GROUPS = `group.1=1:2:3\ngroup.2=4\ngroup.3=5\nweight.1=3\nweight.2=2\nweight.3=0\nweight.4=1\nweight.5=1\n`;

test.each<{ voters: readonly ZooKeeperMaker[] }>([
  { voters: [NEW, OLD, OURS, NEW, OURS] },
  { voters: [OURS, NEW, OLD, OURS, NEW] },
])(
  'a quorum of groups and weights is the same for all: $voters.0, $voters.1, $voters.2, $voters.3, $voters.4',
  async ({ voters }) => {
    const ensemble = await startEnsemble(voters, { extra: () => GROUPS });
    const [heavy, light, weightless, fourth, fifth] = ensemble.members as [
      EnsembleMember,
      EnsembleMember,
      EnsembleMember,
      EnsembleMember,
      EnsembleMember,
    ];
    try {
      expect((await ensemble.serving()).id).toBe(5);
      await writeAt(weightless, '/by-all');

      await Promise.all([heavy, light, weightless].map((member) => member.kill()));
      expect((await ensemble.serving()).id, 'two of five, and two groups of three').toBe(5);
      await writeAt(fourth, '/by-two');

      for (const member of [heavy, light, weightless]) member.start();
      await ensemble.serving();
      await Promise.all([fourth, fifth].map((member) => member.kill()));
      await nobodyServes([heavy, light, weightless]);
      await heavy.kill();
      fifth.start();
      await nobodyServes([light, weightless, fifth]);
      heavy.start();
      await ensemble.serving();
      await writeAt(light, '/by-a-heavy-one');

      fourth.start();
      await ensemble.serving();
      await allHave(ensemble, ['/by-a-heavy-one', '/by-all', '/by-two']);
    } catch (error) {
      throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
    } finally {
      await ensemble.stop();
    }
  },
);

test
  .skipIf(!hasIpv6())
  .each<{ voters: readonly ZooKeeperMaker[] }>([{ voters: [NEW, OLD, OURS] }, { voters: [OURS, NEW, OLD] }])(
  'servers find each other by IPv6 addresses: $voters.0, $voters.1, $voters.2 (needs ::1)',
  async ({ voters }) => {
    const ensemble = await startEnsemble(voters, { loopback: '[::1]' });
    await underLoad(ensemble, async (load) => {
      await load.more(5);
      const first = await ensemble.serving();
      expect(first.id).toBe(3);
      await first.kill();
      await load.more(5);
      first.start();
      await ensemble.serving();
      await load.more(5);
      expect(await whatIsWrongWith(ensemble, load)).toEqual([]);
    });
  },
);

test
  .skipIf(skipsNetworks())
  .each<{ voters: readonly ZooKeeperMaker[] }>([{ voters: [NEW, OURS, NEW] }, { voters: [OURS, NEW, OURS] }])(
  'servers with several addresses go on while one of two networks fails, whichever: $voters.0, $voters.1, $voters.2 (needs root and iproute2)',
  async ({ voters }) => {
    const ensemble = await startEnsemble(voters, {
      isolable: true,
      switches: 2,
      extra: () => 'multiAddress.enabled=true\nmultiAddress.reachabilityCheckTimeoutMs=1000\n',
      // Apache reads the servers before that line.
      javaOptions: ['-Dzookeeper.multiAddress.enabled=true'],
    });
    const network = ensemble.network!;
    await underLoad(ensemble, async (load) => {
      const first = await ensemble.serving();
      expect(first.id).toBe(3);
      await load.more(5);
      network.breakSwitch(0);
      await load.more(20);
      await first.kill();
      await load.more(5);
      first.start();
      await ensemble.serving();
      await load.more(5);
      network.mendSwitch(0);
      network.breakSwitch(1);
      await load.more(20);
      await ensemble.serving();
      expect(await whatIsWrongWith(ensemble, load)).toEqual([]);
      expect(await whatIsNotLinearizable(await load.history(), ensemble)).toEqual([]);
    });
  },
);

test.each<{ member: ZooKeeperMaker; leader: ZooKeeperMaker }>([
  { member: OURS, leader: NEW },
  { member: NEW, leader: OURS },
])(
  'sessions begin at $member alone, and become those of all, led by $leader, with the first ephemeral',
  async ({ member, leader }) => {
    const ensemble = await startEnsemble([leader, member, leader], {
      extra: () => 'localSessionsEnabled=true\nlocalSessionsUpgradingEnabled=true\n',
    });
    const clients: ZooKeeperClient[] = [];
    const sessions = async (at: EnsembleMember) => [
      await metric(at, 'local_sessions'),
      await metric(at, 'global_sessions'),
    ];
    try {
      const [, here, leads] = ensemble.members as [EnsembleMember, EnsembleMember, EnsembleMember];
      expect((await ensemble.serving()).id).toBe(leads.id);
      const [stays, grows] = [clientOf(here, clients), clientOf(here, clients)];
      await stays.create('/by-a-local-one', null);
      await grows.create('/by-another', null);
      expect(await sessions(here), 'local and global').toEqual(['2', '0']);
      expect(await sessions(leads)).toEqual(['0', '0']);
      await grows.create('/ephemeral', null, { mode: 'ephemeral' });
      expect(await sessions(here)).toEqual(['1', '1']);
      expect(await sessions(leads)).toEqual(['0', '1']);
      for (const each of ensemble.members)
        expect((await treeAt(each))['/ephemeral']?.owner).toBe(grows.sessionId.toString());

      const upgraded = grows.sessionId;
      await here.kill();
      here.start();
      await ensemble.serving();
      await until('the upgraded session', () => grows.state === 'connected');
      expect(grows.sessionId).toBe(upgraded);
      expect(await grows.exists('/ephemeral')).not.toBeNull();
      await until('the end of the local session', () => stays.state === 'expired');
      await grows.close();
      await allHave(ensemble, ['/by-a-local-one', '/by-another']);
    } catch (error) {
      throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
    } finally {
      await Promise.all(clients.map((client) => client.close()));
      await ensemble.stop();
    }
  },
);

async function writeAt(member: EnsembleMember, path: string): Promise<void> {
  const client = clientOf(member);
  await client.create(path, null);
  await client.close();
}

/** And nothing else; the same of it. */
async function allHave({ members }: Ensemble, paths: readonly string[]): Promise<void> {
  const [tree, ...others] = await Promise.all(members.map(treeAt));
  expect(Object.keys(tree!).sort()).toEqual(paths);
  for (const other of others) expect(other).toEqual(tree);
}

/** None of them begins to, while any quorum would have been found several times over. */
async function nobodyServes(members: readonly EnsembleMember[]): Promise<void> {
  const modes = () => Promise.all(members.map((member) => member.mode()));
  await until('nobody to serve', async () => (await modes()).every((mode) => mode === null));
  const end = performance.now() + 3000;
  await until('the time of some elections', async () => {
    expect(await modes()).toEqual(members.map(() => null));
    return performance.now() > end;
  });
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  );
}
