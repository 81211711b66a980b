import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../runtime/node/log.ts';
import { createNodeRuntime } from '../../../runtime/node/node-runtime.ts';
import { ZooKeeperClient, type ZooKeeperClientOptions } from '../../client/client.ts';
import { parseZooKeeperConfig } from '../../server/config/config.ts';
import { startZooKeeper, type ZooKeeperServer } from '../../server/start.ts';

const runtime = createNodeRuntime({ log: silentLog });
const PROVIDER = 'authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider';
const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
const creator = { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] };

async function start(jaas: string, ...lines: string[]): Promise<ZooKeeperServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-zookeeper-sasl-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'jaas.conf');
  writeFileSync(file, jaas);
  const text = [
    `dataDir=${folder}/data`,
    'clientPort=1',
    'preAllocSize=64',
    'admin.enableServer=false',
    `java.security.auth.login.config=${file}`,
    ...lines,
  ].join('\n');
  const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');
  if (config === null) throw new Error(JSON.stringify(problems));
  const server = await startZooKeeper(runtime, { ...config, clientPort: 0, clientPortAddress: '127.0.0.1' });
  onTestFinished(() => server.stop());
  return server;
}

const users = `Server { ${MODULE} user_bob="secret" user_root="of all"; };`;

function client(server: ZooKeeperServer, options: Partial<ZooKeeperClientOptions> = {}): ZooKeeperClient {
  const made = new ZooKeeperClient(runtime, {
    servers: [server.endpoint],
    sessionTimeoutMs: 10_000,
    ...options,
  });
  onTestFinished(() => made.close());
  made.start();
  return made;
}

const bob = { sasl: { user: 'bob', password: 'secret' } };
const root = { sasl: { user: 'root', password: 'of all' } };

test('a client is known by its user, to ACLs and to superUser', async () => {
  const server = await start(users, PROVIDER, 'superUser.1=root');
  const his = client(server, bob);
  await his.create('/his', Buffer.from('x'), creator);
  expect((await his.getAcl('/his')).acl).toEqual([{ perms: 31, id: { scheme: 'sasl', id: 'bob' } }]);
  await expect(client(server).getData('/his')).rejects.toMatchObject({ name: 'NoAuth' });
  await client(server, root).setData('/his', Buffer.from('y'));
  await expect(
    his.create('/a', null, { acl: [{ perms: 31, id: { scheme: 'sasl', id: 'a/b/c@D@E' } }] }),
  ).rejects.toMatchObject({ name: 'InvalidACL' });
});

test('a wrong password ends the client', async () => {
  const server = await start(users);
  const wrong = client(server, { sasl: { user: 'bob', password: 'Secret' } });
  await expect(wrong.getData('/')).rejects.toMatchObject({ name: 'AuthFailed' });
  expect(wrong.state).toBe('closed');
});

test('without a section for clients, who tries SASL is refused', async () => {
  const server = await start(`Other { ${MODULE} user_bob="secret"; };`);
  await expect(client(server, bob).getData('/')).rejects.toMatchObject({ name: 'AuthFailed' });
  await client(server).getData('/');
});

test('sessionRequireClientSASLAuth: whoever is not known by SASL is answered with an error of its own, and nothing else', async () => {
  const server = await start(
    users,
    PROVIDER,
    'sessionRequireClientSASLAuth=true',
    'allowSaslFailedClients=true',
  );
  await client(server, bob).create('/his', null);
  const digest = { auth: [{ scheme: 'digest', auth: Buffer.from('bob:secret') }] };
  for (const options of [{}, digest])
    await expect(client(server, options).getData('/')).rejects.toMatchObject({ code: -124 });
  const wrong = client(server, { sasl: { user: 'bob', password: 'wrong' } });
  await expect(wrong.getData('/')).rejects.toMatchObject({ name: 'AuthFailed' });
});

test('enforce.auth.schemes: any of them will do', async () => {
  const server = await start(
    users,
    PROVIDER,
    'enforce.auth.enabled=true',
    'enforce.auth.schemes=sasl, digest',
  );
  await client(server, bob).create('/his', null);
  await client(server, { auth: [{ scheme: 'digest', auth: Buffer.from('a:b') }] }).getData('/his');
  await expect(client(server).getData('/')).rejects.toMatchObject({ code: -124 });
});

test('SASLAuthenticationProvider.superPassword goes before the one in the file', async () => {
  const jaas = `Zoo { ${MODULE} user_super="public"; };`;
  const server = await start(
    jaas,
    PROVIDER,
    'sasl.serverconfig=Zoo',
    'SASLAuthenticationProvider.superPassword=own',
  );
  await client(server, { sasl: { user: 'super', password: 'own' } }).getData('/');
  await expect(
    client(server, { sasl: { user: 'super', password: 'public' } }).getData('/'),
  ).rejects.toMatchObject({ name: 'AuthFailed' });
});

test('a JAAS file that is missing, lacks the section or a key ends the start with a sentence', async () => {
  await expect(
    start('Server { com.sun.security.auth.module.Krb5LoginModule required; };'),
  ).rejects.toMatchObject({
    name: 'SecurityError',
    message: expect.stringContaining('lacks a key: write useKeyTab=true keyTab="…"'),
  });
  await expect(start('', PROVIDER, 'sessionRequireClientSASLAuth=true')).rejects.toMatchObject({
    message: expect.stringContaining('has no section Server; write Server {'),
  });
  await expect(start('', 'java.security.auth.login.config=/nowhere/jaas.conf')).rejects.toMatchObject({
    message: expect.stringContaining('/nowhere/jaas.conf'),
  });
});
