import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../runtime/node/log.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import { ZooKeeperClient } from '../client/client.ts';
import { openAcl } from '../client/types.ts';
import { zooKeeperDefaults } from '../server/config/config.ts';
import { startZooKeeper } from '../server/start.ts';

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
