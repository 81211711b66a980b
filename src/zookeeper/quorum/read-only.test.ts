import { expect, test } from 'vitest';
import { RawClient } from '../../../test/zookeeper/raw-client.ts';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';
import { requestFrame, requests } from '../../../test/zookeeper/test-server.ts';
import { ErrorCode } from '../jute/error-code.ts';
import { OpCode } from '../jute/op-code.ts';
import { writeUstring } from '../jute/primitives.ts';

test('a server without a quorum serves readers who asked for no more, until the quorum is back', async () => {
  const zooCfg = 'readonlymode.enabled=true\n4lw.commands.whitelist=*\n';
  const ensemble = new SimulatedEnsemble({ seed: 21, servers: 3, zooCfg });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(3)).toBe(true);
  const writer = ensemble.client('writer');
  await world.play(() => writer.create('/a', Buffer.from('x')));
  const session = writer.sessionId;
  await world.run(world.nowMs + 200);
  const alone = ensemble.servers.find((server) => server.member?.mode === 'follower')!;
  const others = ensemble.servers.filter((server) => server !== alone);
  const { name } = alone.host;
  const { runtime } = world.host('reader');
  const ask = (word: string): Promise<string> => RawClient.ask(world, runtime, name, word);
  world.separate(
    [name],
    others.map(({ host }) => host.name),
  );
  expect(await world.run(() => alone.member?.mode === null, 10_000)).toBe(true);
  expect(await ask('isro')).toBe('null');
  expect(await ask('srvr')).toBe('This ZooKeeper instance is not currently serving requests\n');
  expect(await world.run(() => alone.member?.mode === 'read-only', 5000)).toBe(true);
  expect(await ask('isro')).toBe('ro');
  expect(await ask('srvr')).toMatch(
    /^Zookeeper version: .*\nREAD-ONLY mode; serving only read-only clients\n(.*\n)*Mode: read-only\n/,
  );

  const demanding = await RawClient.connect(world, runtime, name);
  expect(await demanding.open()).toBe(null);
  const known = await RawClient.connect(world, runtime, name);
  expect(await known.open({ sessionId: session, readOnly: true }), 'it lives on elsewhere').toBe(null);
  const reader = await RawClient.connect(world, runtime, name);
  const opened = await reader.open({ readOnly: true });
  expect(opened!.readOnly).toBe(true);
  expect(await reader.ask(requests.getData(1, '/a', true))).toBe(0);
  expect(await reader.ask(requests.setData(2, '/a', Buffer.alloc(0)))).toBe(ErrorCode.NotReadOnly);
  expect(await reader.ask(requests.create(3, '/b'))).toBe(ErrorCode.NotReadOnly);
  expect(await reader.ask(requestFrame(4, OpCode.sync, (w) => writeUstring(w, '/a')))).toBe(
    ErrorCode.NotReadOnly,
  );
  expect(await reader.ask(requests.exists(5, '/a'))).toBe(0);
  reader.close();
  const again = await RawClient.connect(world, runtime, name);
  expect((await again.open({ ...opened!, readOnly: true }))!.sessionId).toBe(opened!.sessionId);

  world.heal();
  expect(await ensemble.untilServing(3)).toBe(true);
  await world.run(() => alone.member?.mode === 'follower', 10_000);
  expect(again.isClosed).toBe(true);
  expect(await ask('isro')).toBe('rw');
  const later = await RawClient.connect(world, runtime, name);
  expect((await later.open({ readOnly: true }))!.readOnly).toBe(false);
  expect(await later.ask(requests.create(1, '/b'))).toBe(0);
});

test('without readonlymode.enabled a server that has no quorum turns everybody away', async () => {
  const ensemble = new SimulatedEnsemble({ seed: 22, servers: 3 });
  const { world } = ensemble;
  ensemble.start(ensemble.servers[0]!);
  await world.run(world.nowMs + 8000);
  const client = await RawClient.connect(world, world.host('reader').runtime, 'zk1');
  expect(await client.open({ readOnly: true })).toBe(null);
});
