import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import type { Log } from '../../runtime/runtime.ts';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';

/** Values of `mntr`, without `zk_`. */
function values(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^zk_/, '').split('\t') as [string, string]),
  );
}

test('members tell who they are, whom they follow, and a leader how many follow it', async () => {
  const zooCfg = '4lw.commands.whitelist=*\n';
  const ensemble = new SimulatedEnsemble({ seed: 31, servers: 4, observers: 1, zooCfg });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const { runtime } = world.host('admin');
  const client = ensemble.client('client', [ensemble.leader!]);
  await world.play(() => client.create('/a', Buffer.from('x')));
  await world.run(world.nowMs + 500);
  const leader = ensemble.leader!;
  const mntr = async (host: string) => values(await RawClient.ask(world, runtime, host, 'mntr'));
  const ofLeader = await mntr(leader.host.name);
  expect(ofLeader).toMatchObject({
    server_state: 'leader',
    peer_state: 'leading - broadcast',
    learners: '3',
    synced_followers: '2',
    synced_observers: '1',
    synced_non_voting_followers: '0',
    pending_syncs: '0',
    quorum_size: '3',
    global_sessions: '1',
  });
  // A session and a znode.
  expect(ofLeader).toMatchObject({
    proposal_count: '2',
    commit_count: '2',
    looking_count: '1',
    cnt_election_time: '1',
    cnt_leader_unavailable_time: '1',
  });
  const followerIs = ensemble.servers.find((server) => server.member?.mode === 'follower')!;
  expect(await mntr(followerIs.host.name)).toMatchObject({
    learner_proposal_received_count: '2',
    learner_commit_received_count: '2',
    cnt_follower_sync_time: '1',
    proposal_count: '0',
  });
  expect(Number(ofLeader.leader_uptime)).toBeGreaterThanOrEqual(500);
  expect(Number(ofLeader.max_proposal_size)).toBeGreaterThan(Number(ofLeader.min_proposal_size));
  expect(await mntr('zk4')).toMatchObject({
    server_state: 'observer',
    peer_state: 'observing - broadcast',
    observer_master_id: String(leader.id),
    quorum_size: '3',
    global_sessions: '1',
  });
  expect((await mntr('zk4')).synced_followers).toBeUndefined();
  expect(await RawClient.ask(world, runtime, 'zk4', 'conf')).toContain(
    'serverId=4\ninitLimit=10\nsyncLimit=4\nelectionAlg=3\nelectionPort=3888\nquorumPort=2888\npeerType=1\n' +
      'membership: \nserver.1=zk1:2888:3888:participant\n',
  );
  expect(await RawClient.ask(world, runtime, 'zk4', 'dump')).toMatch(
    new RegExp(
      `^SessionTracker dump:\nGlobal Sessions\\(1\\):\n0x${client.sessionId.toString(16)}\t10000ms\n`,
    ),
  );
  const follower = ensemble.servers.find((server) => server.member?.mode === 'follower')!;
  ensemble.kill(follower);
  await world.run(world.nowMs + 1000);
  expect(await mntr(leader.host.name)).toMatchObject({ learners: '2', synced_followers: '1' });
});

test('a member that serves nobody says so, each word in its own way', async () => {
  const ensemble = new SimulatedEnsemble({
    seed: 32,
    servers: 3,
    zooCfg: '4lw.commands.whitelist=ruok,isro,mntr\n',
  });
  const { world } = ensemble;
  ensemble.start(ensemble.servers[0]!);
  await world.run(world.nowMs + 500);
  const { runtime } = world.host('admin');
  const told = [];
  for (const word of ['ruok', 'isro', 'mntr', 'srvr'])
    told.push(await RawClient.ask(world, runtime, 'zk1', word));
  expect(told).toEqual([
    'imok',
    'null',
    'This ZooKeeper instance is not currently serving requests\n',
    'srvr is not executed because it is not in the whitelist.\n',
  ]);
});

test('the log tells who was elected with what, who leads what, for how long, why it ended, and how long nobody led', async () => {
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const log: Log = { debug: () => {}, info: say, warn: say, error: say, with: () => log };
  const ensemble = new SimulatedEnsemble({ seed: 33, servers: 3, log });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(world.nowMs + 3000);
  said.length = 0;
  ensemble.kill(ensemble.leader!);
  expect(await ensemble.untilServing(2)).toBe(true);
  const about = (pattern: RegExp): string[] => said.filter((line) => pattern.test(line));
  expect(
    about(/^server 3, which led epoch 1 for [23]\.\d s, is lost to this one: its connection/),
  ).toHaveLength(2);
  expect(about(/^server 2( \(this one\))? was elected, with zxid 0x\d+ of epoch 1$/)).toHaveLength(2);
  expect(
    about(/^server 2( \(this one\))? leads epoch 2 from zxid 0x\d+ on; nobody led for \d+ ms$/),
  ).toHaveLength(2);
});

test('a server that comes to an ensemble which works says what it has, and that there is a leader already', async () => {
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const log: Log = { debug: () => {}, info: say, warn: say, error: say, with: () => log };
  const ensemble = new SimulatedEnsemble({ seed: 33, servers: 3, log });
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const late = ensemble.servers.find(({ member }) => member?.mode === 'follower')!;
  ensemble.kill(late);
  await ensemble.world.run(ensemble.world.nowMs + 1000);
  said.length = 0;
  ensemble.start(late);
  expect(await ensemble.untilServing(3)).toBe(true);
  expect(said[0]).toMatch(
    /^server \d, participant of the ensemble of 1, 2, 3, looks for the leader; \/data has 4 znodes up to zxid 0x0$/,
  );
  expect(said).toContainEqual(
    expect.stringMatching(
      /^server \d leads epoch 1 already; this one is with it from zxid 0x\d+ on, after \d+ ms$/,
    ),
  );
});

test("a leader's proposals tell its digest, and a follower whose znodes differ counts it", async () => {
  const zooCfg = '4lw.commands.whitelist=*\n';
  const ensemble = new SimulatedEnsemble({ seed: 34, servers: 3, zooCfg });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const client = ensemble.client('client', [ensemble.leader!]);
  const { runtime } = world.host('admin');
  const mismatches = async (): Promise<number[]> => {
    await world.run(world.nowMs + 200);
    const counts = [];
    for (const { host } of ensemble.servers)
      counts.push(
        Number(values(await RawClient.ask(world, runtime, host.name, 'mntr')).digest_mismatches_count),
      );
    return counts;
  };
  await world.play(async () => {
    for (let i = 0; i < 20; i++) await client.create(`/n${i}`, Buffer.from(String(i)));
    await client.setData('/n3', Buffer.alloc(100));
    await client.delete('/n4');
  });
  expect(await mismatches()).toEqual([0, 0, 0]);
  const follower = ensemble.servers.find((server) => server.member?.mode === 'follower')!;
  const { tree } = follower.member!.storage;
  tree.store.replaceData('/n5', tree.find('/n5')!, Buffer.from('a bit that fell over'));
  await world.play(() => client.create('/later', null));
  const expected = ensemble.servers.map((server) => (server === follower ? 1 : 0));
  expect(await mismatches()).toEqual(expected);
});
