import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { requests } from '../../../test/zookeeper/test-server.ts';
import { ErrorCode } from '../jute/error-code.ts';
import { OpCode } from '../jute/op-code.ts';

const EPHEMERAL = 1;

async function ensembleWith(zooCfg: string, seed: number): Promise<SimulatedEnsemble> {
  const ensemble = new SimulatedEnsemble({ seed, servers: 4, observers: 1, zooCfg });
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  return ensemble;
}

const zxidOf = (server: EnsembleServer): number => server.member!.storage.tree.lastZxid;

function eachMode(ensemble: SimulatedEnsemble): EnsembleServer[] {
  const modes = ['leader', 'follower', 'observer'];
  return modes.map((mode) => ensemble.servers.find((server) => server.member?.mode === mode)!);
}

test('local sessions cost no transaction, write everywhere, and may not own what is ephemeral', async () => {
  const ensemble = await ensembleWith('localSessionsEnabled=true\n', 11);
  const { world } = ensemble;
  for (const server of eachMode(ensemble)) {
    const { name } = server.host;
    const before = zxidOf(ensemble.leader!);
    const client = await RawClient.connect(world, world.host(`client of ${name}`).runtime, name);
    const opened = await client.open();
    expect(opened!.sessionId).not.toBe(0n);
    await world.run(world.nowMs + 100);
    expect(zxidOf(ensemble.leader!)).toBe(before);
    expect(await client.ask(requests.create(1, `/by-${name}`))).toBe(0);
    expect(await client.ask(requests.create(2, `/mine-${name}`, Buffer.alloc(0), EPHEMERAL))).toBe(
      ErrorCode.EphemeralOnLocalSession,
    );
    expect(await client.ask(requests.setData(3, `/by-${name}`, Buffer.from('x')))).toBe(0);
    const after = zxidOf(ensemble.leader!);
    expect(await client.ask(requests.close(4))).toBe(0);
    expect(client.isClosed || (await world.run(() => client.isClosed, 1000))).toBe(true);
    expect(zxidOf(ensemble.leader!)).toBe(after);
  }
  expect([...ensemble.leader!.member!.storage.tree.sessions]).toEqual([]);
});

test('a local session becomes one of the ensemble with its first ephemeral, and moves from then on', async () => {
  const ensemble = await ensembleWith('localSessionsEnabled=true\nlocalSessionsUpgradingEnabled=true\n', 12);
  const { world } = ensemble;
  const [leader, follower, observer] = eachMode(ensemble);
  for (const server of [follower!, observer!, leader!]) {
    const { name } = server.host;
    const { runtime } = world.host(`client of ${name}`);
    const client = await RawClient.connect(world, runtime, name);
    const { sessionId, password } = (await client.open())!;
    const elsewhere = eachMode(ensemble).find((other) => other !== server)!;
    const early = await RawClient.connect(world, runtime, elsewhere.host.name);
    expect((await early.open({ sessionId, password }))!.sessionId, 'nobody else knows it').toBe(0n);
    expect(await client.ask(requests.create(1, `/mine-${name}`, Buffer.alloc(0), EPHEMERAL))).toBe(0);
    await world.run(world.nowMs + 100);
    expect(leader!.member!.storage.tree.sessions.has(sessionId)).toBe(true);
    client.close();
    const moved = await RawClient.connect(world, runtime, elsewhere.host.name);
    expect((await moved.open({ sessionId, password }))!.sessionId).toBe(sessionId);
    expect(await moved.ask(requests.close(2))).toBe(0);
    await world.run(() => leader!.member!.storage.tree.find(`/mine-${name}`) === undefined, 1000);
    expect(leader!.member!.storage.tree.find(`/mine-${name}`)).toBeUndefined();
  }
});

test.each([
  ['create', OpCode.create],
  ['create2', OpCode.create2],
])('an ephemeral %s inside a multi upgrades a local session, too, at whatever server', async (_, op) => {
  const ensemble = await ensembleWith('localSessionsEnabled=true\nlocalSessionsUpgradingEnabled=true\n', 14);
  const { world } = ensemble;
  const { tree } = ensemble.leader!.member!.storage;
  for (const server of eachMode(ensemble)) {
    const { name } = server.host;
    const client = await RawClient.connect(world, world.host(`client of ${name}`).runtime, name);
    const { sessionId } = (await client.open())!;
    const multi = (xid: number, parent: string, flags: number): Buffer =>
      requests.multi(xid, [OpCode.create, parent, 0], [op, `${parent}/mine`, flags]);
    expect(await client.ask(multi(1, `/plain-${name}`, 0))).toBe(0);
    expect(tree.sessions.has(sessionId), 'it needs none for that').toBe(false);
    expect(await client.ask(multi(2, `/by-${name}`, EPHEMERAL))).toBe(0);
    expect(tree.sessions.has(sessionId)).toBe(true);
    expect(tree.statOf(tree.find(`/by-${name}/mine`)!).ephemeralOwner).toBe(sessionId);
    expect(await client.ask(requests.close(3))).toBe(0);
    await world.run(() => tree.find(`/by-${name}/mine`) === undefined, 1000);
    expect(tree.find(`/by-${name}/mine`)).toBeUndefined();
  }
});

test('without upgrades a multi with an ephemeral is refused to a local session as a whole', async () => {
  const ensemble = await ensembleWith('localSessionsEnabled=true\n', 15);
  const { world } = ensemble;
  for (const { host } of eachMode(ensemble)) {
    const client = await RawClient.connect(world, world.host(`client of ${host.name}`).runtime, host.name);
    await client.open();
    const multi = requests.multi(1, [OpCode.create, '/a', 0], [OpCode.create, '/a/mine', EPHEMERAL]);
    expect(await client.ask(multi)).toBe(ErrorCode.EphemeralOnLocalSession);
    expect(await client.ask(requests.exists(2, '/a'))).toBe(ErrorCode.NoNode);
  }
});

test('a local session lives on through a lost connection, at its server, and expires there', async () => {
  const ensemble = await ensembleWith('localSessionsEnabled=true\n', 13);
  const { world } = ensemble;
  const [, follower] = eachMode(ensemble);
  const { runtime } = world.host('client');
  const at = follower!.host.name;
  const client = await RawClient.connect(world, runtime, at);
  const { sessionId, password, timeoutMs } = (await client.open({ timeoutMs: 2000 }))!;
  client.close();
  await world.run(world.nowMs + 1000);
  const again = await RawClient.connect(world, runtime, at);
  expect((await again.open({ sessionId, password, timeoutMs: 2000 }))!.sessionId).toBe(sessionId);
  again.close();
  await world.run(world.nowMs + timeoutMs + 1500);
  const late = await RawClient.connect(world, runtime, at);
  expect((await late.open({ sessionId, password, timeoutMs: 2000 }))!.sessionId).toBe(0n);
});
