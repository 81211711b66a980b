/**
 * Four-letter words and the admin server's commands at the members of an ensemble: a leader, a follower and an observer, of gregor
 * and of Apache, each with a session, an ephemeral znode and a watch. Compared as in zookeeper-words.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { startEnsemble } from '../support/ensembles.ts';
import { freePorts } from '../support/processes.ts';
import { askWord, getCommand, settled } from '../support/words.ts';

const makers = ['gregor', 'apache 3.9.5'] as const satisfies ZooKeeperMaker[];
const modes = ['leader', 'follower', 'observer'] as const;
const words = 'ruok isro srvr stat conf cons dump mntr wchs dirs'.split(' ');
const commands =
  'leader zabstate voting_view observers last_snapshot configuration monitor server_stats stats is_read_only observer_connection_stat_reset'.split(
    ' ',
  );
/** A server that has no quorum. */
const ALONE = 'alone';

type Seen = Record<string, unknown>;
const seen = new Map<string, Map<ZooKeeperMaker, Seen>>();

async function observe(maker: ZooKeeperMaker): Promise<void> {
  const adminPorts = await freePorts(3);
  const ensemble = await startEnsemble([maker, maker], {
    observers: [maker],
    withAdmin: true,
    extra: (id) => `admin.enableServer=true\nadmin.serverPort=${adminPorts[id - 1]}\n`,
  });
  const clients: ZooKeeperClient[] = [];
  const look = async (name: string, id: number): Promise<void> => {
    const told: Seen = {};
    for (const word of words) {
      const text = await askWord(ensemble.members[id - 1]!.port, [Buffer.from(word)]);
      // How sessions fall into buckets depends on when they began.
      told[word] = settled(text).replace(/^N expire at DATE:\n/gm, '');
    }
    for (const command of commands) {
      // Without a server, Apache's breaks down of a null pointer.
      if (command === 'monitor' && name === ALONE) continue;
      told[`/commands/${command}`] = await getCommand(
        `http://127.0.0.1:${adminPorts[id - 1]}/commands/${command}`,
      );
    }
    if (!seen.has(name)) seen.set(name, new Map());
    seen.get(name)!.set(maker, told);
  };
  try {
    await ensemble.serving();
    for (const { id, port } of ensemble.members) {
      const servers = [{ host: '127.0.0.1', port }];
      const client = new ZooKeeperClient(createNodeRuntime({ log: silentLog }), {
        servers,
        // Its first ping, which servers tell as the last operation, comes after all was asked.
        sessionTimeoutMs: 40_000,
      });
      clients.push(client);
      client.start();
      await client.connected();
      await client.create(`/mine-${id}`, Buffer.from('hello'), { mode: 'ephemeral' });
      await client.getData(`/mine-${id}`, () => {});
    }
    await clients[0]!.sync('/');
    for (const { id, mode } of ensemble.members) await look((await mode()) ?? 'none', id);
    await Promise.all(clients.splice(0).map((client) => client.close()));
    const leader = await ensemble.leader();
    const [alone] = ensemble.members.filter(({ id }) => id !== leader.id);
    await leader.kill();
    while ((await alone!.mode()) !== null) await new Promise((resolve) => setTimeout(resolve, 50));
    await look(ALONE, alone!.id);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await ensemble.stop();
  }
}

describe('four-letter words and the admin server in an ensemble', () => {
  beforeAll(() => Promise.all(makers.map(observe)));

  test.each([...modes, ALONE])('%s: each answer is that of Apache', (mode) => {
    const by = seen.get(mode)!;
    const [gregor, apache] = makers.map((maker) => by.get(maker)!);
    expect(Object.keys(apache!).length).toBeGreaterThan(15);
    expect(gregor).toEqual(apache);
  });
});
