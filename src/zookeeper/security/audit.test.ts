import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SimulatedEnsemble, type EnsembleServer } from '../../../test/zookeeper/simulated-ensemble.ts';
import { TestWorld } from '../../../test/support/tree-world.ts';
import { silentLog } from '../../runtime/node/log.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Files } from '../../runtime/runtime.ts';
import { ZooKeeperClient } from '../client/client.ts';
import { openAcl } from '../client/types.ts';
import { CreateFlag } from '../jute/constants.ts';
import { OpCode } from '../jute/op-code.ts';
import { zooKeeperDefaults } from '../server/config/config.ts';
import type { Server } from '../server/server.ts';
import { startZooKeeper } from '../server/start.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { AuditLog } from './audit.ts';

const runtime = createNodeRuntime({ log: silentLog });

test('every change, done or refused, is a line with who, from where and what', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'gregor-zookeeper-audit-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const server = await startZooKeeper(
    runtime,
    {
      ...zooKeeperDefaults,
      dataDir,
      dataLogDir: dataDir,
      clientPortAddress: '127.0.0.1',
      preAllocKiB: 64,
      adminEnabled: false,
      minSessionTimeoutMs: 1000,
      maxSessionTimeoutMs: 20_000,
      security: { ...zooKeeperDefaults.security, audit: true },
    },
    { environment: { 'user.name': 'operator' } },
  );
  const client = new ZooKeeperClient(runtime, {
    servers: [server.endpoint],
    sessionTimeoutMs: 10_000,
    auth: [{ scheme: 'digest', auth: Buffer.from('bob\tresult=success:secret') }],
  });
  client.start();
  await client.connected();
  const session = `0x${client.sessionId.toString(16)}`;
  await client.create('/a', Buffer.from('x'));
  await client.create('/a/s', null, { mode: 'persistentSequential' });
  await client.create('/e', null, { mode: 'ephemeral' });
  await client.setData('/a', Buffer.from('y'));
  await client.setAcl('/a', [...openAcl, { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }]);
  await expect(client.delete('/none')).rejects.toThrow();
  await client.multi([
    { kind: 'create', path: '/m', data: null },
    { kind: 'check', path: '/m', version: 0 },
    { kind: 'delete', path: '/m' },
  ]);
  await expect(client.multi([{ kind: 'delete', path: '/none' }])).rejects.toThrow();
  await client.close();
  await server.stop();
  const lines = readFileSync(join(dataDir, 'zookeeper_audit.log'), 'utf8').trim().split('\n');
  const form = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|ERROR) audit\.Slf4jAuditLogger: /;
  for (const line of lines) expect(line).toMatch(form);
  const bob = `session=${session}\tuser=bob?result=success,127.0.0.1\tip=127.0.0.1\t`;
  expect(lines.map((line) => line.replace(form, '$1 '))).toEqual([
    'INFO user=operator\toperation=serverStart\tresult=success',
    `INFO ${bob}operation=create\tznode=/a\tznode_type=persistent\tresult=success`,
    `INFO ${bob}operation=create\tznode=/a/s0000000000\tznode_type=persistent_sequential\tresult=success`,
    `INFO ${bob}operation=create\tznode=/e\tznode_type=ephemeral\tresult=success`,
    `INFO ${bob}operation=setData\tznode=/a\tresult=success`,
    `INFO ${bob}operation=setAcl\tznode=/a\tacl=world:anyone:cdrwaip:10.0.0.1:r\tresult=success`,
    `ERROR ${bob}operation=delete\tznode=/none\tresult=failure`,
    `INFO ${bob}operation=create\tznode=/m\tznode_type=persistent\tresult=success`,
    `INFO ${bob}operation=delete\tznode=/m\tresult=success`,
    `ERROR ${bob}operation=multiOperation\tresult=failure`,
    `INFO session=${session}\tuser=operator\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=/e\tresult=success`,
    'INFO user=operator\toperation=serverStop\tresult=invoked',
  ]);
});

/** The lines of a log that so far only memory has, without time and level. */
function linesOf(files: Files, path: string): string[] {
  if (!files.exists(path)) return [];
  const file = files.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0, bytes.length, 0);
  file.close();
  const form = /^.*? (INFO|ERROR) audit\.Slf4jAuditLogger: /;
  return bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.replace(form, '$1 '));
}

test('members of an ensemble tell of their own clients, and all of them of the ephemerals that go with a session', async () => {
  const audits = new Map<number, AuditLog>();
  const equip = ({ id, host }: EnsembleServer, made: Server): void => {
    const audit = audits.get(id) ?? new AuditLog(host.runtime, '/data', `operator${id}`);
    audits.set(id, audit);
    made.audit = audit;
  };
  const ensemble = new SimulatedEnsemble({ seed: 1, servers: 4, observers: 1, equip });
  const { world } = ensemble;
  ensemble.startAll();
  expect(await ensemble.untilServing(4)).toBe(true);
  const said = ({ host }: EnsembleServer): string[] =>
    linesOf(host.runtime.files, '/data/zookeeper_audit.log');
  const follower = ensemble.serving.find(({ member }) => member!.mode === 'follower')!;
  const observer = ensemble.serving.find(({ member }) => member!.mode === 'observer')!;
  for (const server of [follower, observer]) {
    const host = world.host(`client-of-${server.id}`);
    const client = new ZooKeeperClient(host.runtime, {
      servers: [{ host: server.host.name, port: 2181 }],
      sessionTimeoutMs: 4000,
    });
    client.start();
    await world.play(async () => {
      await client.create(`/of${server.id}`, null);
      await client.create(`/mine${server.id}`, null, { mode: 'ephemeral' });
      await client.multi([{ kind: 'setData', path: `/of${server.id}`, data: null }]);
      await expect(client.delete('/none')).rejects.toThrow();
    });
    const session = `session=0x${client.sessionId.toString(16)}`;
    // It is never heard of again: the leader ends its session.
    host.kill();
    const isGone = (): boolean =>
      ensemble.servers.every((one) => said(one).join().includes(`${session}\tuser=operator`));
    expect(await world.run(isGone, 20_000)).toBe(true);
    for (const one of ensemble.servers) {
      const own = said(one).filter((line) => line.includes(session));
      const expired =
        `INFO ${session}\tuser=operator${one.id}\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\t` +
        `znode=/mine${server.id}\tresult=success`;
      const client = `${session}\tuser=IP\tip=IP\toperation=`;
      expect(own.map((line) => line.replace(/(user|ip)=\d[\d.]+/g, '$1=IP'))).toEqual([
        ...(one === server
          ? [
              `INFO ${client}create\tznode=/of${server.id}\tznode_type=persistent\tresult=success`,
              `INFO ${client}create\tznode=/mine${server.id}\tznode_type=ephemeral\tresult=success`,
              `INFO ${client}setData\tznode=/of${server.id}\tresult=success`,
              `ERROR ${client}delete\tznode=/none\tresult=failure`,
            ]
          : []),
        expired,
      ]);
    }
  }
});

test("ephemerals that a session's end doesn't list, as 3.4 leads, are told of, too; one that is gone already is a failure", async () => {
  const [server] = new SimulatedEnsemble({ seed: 1, servers: 1 }).servers;
  const { host } = server!;
  const audit = new AuditLog(host.runtime, '/data', 'operator');
  const requests = new TestWorld({ skipAcl: true });
  const { tree } = requests;
  for (const path of ['/e1', '/e2'])
    requests.run(requests.create(path, { flags: CreateFlag.ephemeral, session: 1n }));
  for (const [sessionId, paths] of [
    [1n, null],
    [2n, ['/gone']],
  ] as const) {
    const header = { sessionId, cxid: 1, zxid: tree.lastZxid + 1, timeMs: 0, type: OpCode.closeSession };
    const transaction: Transaction = { header, record: { kind: 'closeSession', paths } };
    audit.applied(null, transaction, tree.apply(transaction));
  }
  audit.stopped();
  const fields = 'user=operator\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=';
  expect(linesOf(host.runtime.files, '/data/zookeeper_audit.log')).toEqual([
    `INFO session=0x1\t${fields}/e1\tresult=success`,
    `INFO session=0x1\t${fields}/e2\tresult=success`,
    `ERROR session=0x2\t${fields}/gone\tresult=failure`,
    'INFO user=operator\toperation=serverStop\tresult=invoked',
  ]);
});
