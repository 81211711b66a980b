import { expect, test } from 'vitest';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { java, world, type ZooKeeperMaker } from '../support/clusters.ts';
import { startEnsemble, type Ensemble, type EnsembleMember } from '../support/ensembles.ts';
import { run, until } from '../support/processes.ts';

const ports = new Map<number, string>();
const extra = (): string => 'reconfigEnabled=true\nskipACL=yes\n';

for (const voters of [
  ['apache 3.9.5', 'apache 3.9.5', 'gregor'],
  ['gregor', 'gregor', 'apache 3.9.5'],
] as const satisfies readonly (readonly ZooKeeperMaker[])[])
  test(`servers leave, come back as observers and as voters, and the leader goes: ${voters.join(', ')}`, async () => {
    const ensemble = await startEnsemble(voters, { extra });
    try {
      await reconfigure(ensemble);
    } catch (error) {
      throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
    } finally {
      await ensemble.stop();
    }
  });

async function reconfigure(ensemble: Ensemble): Promise<void> {
  const { members } = ensemble;
  const [first, second, leader] = members as [EnsembleMember, EnsembleMember, EnsembleMember];
  expect((await ensemble.serving()).id).toBe(leader.id);
  const client = new ZooKeeperClient(world, {
    servers: [{ host: second.host, port: second.port }],
    sessionTimeoutMs: 10_000,
  });
  client.start();
  try {
    await client.connected();
    await client.create('/before', null);
    const told = (await client.getData('/zookeeper/config')).data!.toString();
    expect(told).toMatch(/\nversion=[1-9a-f][0-9a-f]*$/);
    for (const line of told.split('\n')) {
      const match = /^server\.(\d+)=(.*?):(participant|observer)/.exec(line);
      if (match !== null) ports.set(Number(match[1]), match[2]!);
    }
    const lineOf = ({ id, port }: EnsembleMember, role: string): string =>
      `server.${id}=${ports.get(id)}:${role};127.0.0.1:${port}`;

    expect(await cli(second, 'config')).toBe(told);
    const without = await cli(second, 'reconfig', '-remove', '1');
    expect(without).toMatch(/^Committed new configuration:\nserver\.2=.*\nserver\.3=.*\nversion=[0-9a-f]+$/);

    await client.reconfig({ joining: lineOf(first, 'observer') });
    await until('an observer', async () => (await first.mode()) === 'observer');
    await client.reconfig({ joining: lineOf(first, 'participant') });
    await until('a follower', async () => (await first.mode()) === 'follower');
    await client.create('/between', null);

    await client.reconfig({ leaving: String(leader.id) }).catch(() => null);
    const next = await until('the next leader', async () => {
      for (const each of [first, second]) if ((await each.mode()) === 'leader') return each;
      return false;
    });
    const after = new ZooKeeperClient(world, {
      servers: [{ host: next.host, port: next.port }],
      sessionTimeoutMs: 10_000,
    });
    after.start();
    await after.connected();
    await after.create('/after', null);
    for (const path of ['/before', '/between']) expect(await after.exists(path)).not.toBeNull();
    const config = (await after.getData('/zookeeper/config')).data!.toString();
    expect(config).toMatch(/^server\.1=.*:participant.*\nserver\.2=.*:participant.*\nversion=/);
    await after.close();
  } finally {
    await client.close();
  }
}

/** What zkCli prints behind its own messages. */
async function cli({ host, port }: EnsembleMember, ...command: string[]): Promise<string> {
  const args = ['-server', `${host}:${port}`, ...command];
  const main = 'org.apache.zookeeper.ZooKeeperMain';
  const { out, err } = await run('java', java('zookeeper-3.9.5-admin', main, args, '64m'), {});
  const lines = out.split('\n').map((line) => line.trimEnd());
  const begins = lines.findIndex((line) => /^(Committed new configuration|server\.\d+=)/.test(line));
  if (begins < 0) throw new Error(`zkCli ${command.join(' ')}: ${out}${err}`);
  const ends = lines.findIndex((line, i) => i >= begins && line.startsWith('version='));
  return lines.slice(begins, ends + 1).join('\n');
}
