import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { TEST_PASSWORD, testStore, testStorePath } from '../../../test/support/tls-stores.ts';
import { silentLog } from '../../runtime/node/log.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Endpoint } from '../../runtime/runtime.ts';
import { TlsError, type TlsConnection, type TlsContext } from '../../runtime/tls.ts';
import { ZooKeeperClient, type ZooKeeperClientOptions } from '../client/client.ts';
import { parseZooKeeperConfig } from '../server/config/config.ts';
import { ClientPorts } from './client-ports.ts';
import { startZooKeeper, type ZooKeeperServer } from '../server/start.ts';

const runtime = createNodeRuntime({ log: silentLog });
const { tls } = runtime;
const authority = tls.openStore(testStore('ca.pem'), '').trusted;

function contextOf(store: string | null, password = TEST_PASSWORD): TlsContext {
  const { key, chain } =
    store === null ? { key: null, chain: [] } : tls.openStore(testStore(store), password);
  return tls.context({
    key,
    chain,
    trusted: authority,
    versions: ['TLSv1.2', 'TLSv1.3'],
    cipherSuites: null,
    clientAuth: 'need',
  });
}

const asAnn = contextOf('client.pem');
const ANN = String.raw`CN=ann,OU=a\#b,O=Smith\, Jones \+ Co,C=NL`;

/** Keys of ssl.* with the stores of the tests. */
const stores = (prefix = 'ssl.'): string[] => [
  `${prefix}keyStore.location=${testStorePath('server.p12')}`,
  `${prefix}keyStore.password=${TEST_PASSWORD}`,
  `${prefix}trustStore.location=${testStorePath('trust.jks')}`,
  `${prefix}trustStore.password=${TEST_PASSWORD}`,
];

async function start(...lines: string[]): Promise<{ server: ZooKeeperServer; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-zookeeper-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const text = [`dataDir=${folder}/data`, 'preAllocSize=64', '4lw.commands.whitelist=*', ...lines].join('\n');
  const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');
  if (config === null) throw new Error(JSON.stringify(problems));
  const { secureClientPort } = config.security;
  const server = await startZooKeeper(
    runtime,
    {
      ...config,
      clientPort: config.clientPort === 1 ? 0 : config.clientPort,
      clientPortAddress: '127.0.0.1',
      adminEnabled: text.includes('admin.serverPort'),
      security: { ...config.security, secureClientPort: secureClientPort === null ? null : 0 },
    },
    { initialConfiguration: text },
  );
  onTestFinished(() => server.stop());
  return { server, folder };
}

function client(at: Endpoint, options: Partial<ZooKeeperClientOptions> = {}): ZooKeeperClient {
  const made = new ZooKeeperClient(runtime, {
    servers: [{ host: '127.0.0.1', port: at.port }],
    sessionTimeoutMs: 10_000,
    ...options,
  });
  onTestFinished(() => made.close());
  made.start();
  return made;
}

const secured = (context: TlsContext): Partial<ZooKeeperClientOptions> => ({
  tls: { context: () => context, verifiesHost: true },
});

/** What a handshake as that client comes to: the connection's end or the error. */
async function knock(at: Endpoint, context: TlsContext): Promise<TlsConnection | TlsError> {
  const connection = await runtime.network.connect({ host: '127.0.0.1', port: at.port });
  const end = await tls.connect(connection, context, ['localhost']).catch((error: TlsError) => error);
  if (!(end instanceof TlsError)) onTestFinished(() => end.destroy());
  return end;
}

test('the secure port takes clients with a certificate, knows them by its subject, and lets the super user do all', async () => {
  const { server } = await start(
    'clientPort=1',
    'secureClientPort=2182',
    'X509AuthenticationProvider.superUser=CN=nobody',
    ...stores(),
  );
  const ann = client(server.secureEndpoint!, secured(asAnn));
  await ann.connected();
  await ann.create('/mine', Buffer.from('x'), { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
  expect((await ann.getAcl('/mine')).acl).toEqual([{ perms: 31, id: { scheme: 'x509', id: ANN } }]);
  await ann.create('/hers', null, { acl: [{ perms: 31, id: { scheme: 'x509', id: 'CN=someone else' } }] });
  await expect(ann.getData('/hers')).rejects.toMatchObject({ name: 'NoAuth' });
  const plain = client(server.endpoint);
  await expect(plain.getData('/mine')).rejects.toMatchObject({ name: 'NoAuth' });
});

test('X509AuthenticationProvider.superUser is bound by no ACL', async () => {
  const { server } = await start(
    'clientPort=1',
    'secureClientPort=2182',
    `X509AuthenticationProvider.superUser=${ANN.replaceAll('\\', '\\\\')}`,
    ...stores(),
  );
  const plain = client(server.endpoint, { auth: [{ scheme: 'digest', auth: Buffer.from('bob:secret') }] });
  await plain.create('/his', null, { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
  const ann = client(server.secureEndpoint!, secured(asAnn));
  await ann.setData('/his', Buffer.from('mine now'));
});

test('a client without a certificate, or with one that nobody vouches for, does not get in', async () => {
  const { server } = await start('secureClientPort=2182', 'ssl.enabledProtocols=TLSv1.2', ...stores());
  for (const context of [contextOf(null), contextOf('stranger.pem', '')])
    expect(await knock(server.secureEndpoint!, context)).toBeInstanceOf(TlsError);
  await client(server.secureEndpoint!, secured(asAnn)).connected();
});

test('ssl.clientAuth=none asks for no certificate, and there may be no plain port at all', async () => {
  const { server } = await start('secureClientPort=2182', 'ssl.clientAuth=none', ...stores());
  expect(server.endpoint).toEqual(server.secureEndpoint);
  const someone = client(server.secureEndpoint!, secured(contextOf(null)));
  await someone.create('/open', null);
});

test('client.portUnification: one port takes clients with TLS and without, and four-letter words', async () => {
  const { server } = await start(
    'clientPort=1',
    'client.portUnification=true',
    'authProvider.x=org.apache.zookeeper.server.auth.X509AuthenticationProvider',
    ...stores(),
  );
  const plain = client(server.endpoint);
  await plain.create('/a', Buffer.from('b'));
  const ann = client(server.endpoint, secured(asAnn));
  expect((await ann.getData('/a')).data!.toString()).toBe('b');
  const word = await runtime.network.connect(server.endpoint);
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    word.start({ data: (bytes) => void (text += bytes.toString()), closed: () => resolve(text) });
    word.write(Buffer.from('ruok'));
  });
  expect(answer).toBe('imok');
});

test('client.certReload: new certificates are used without a restart; damaged ones are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-zookeeper-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'server.pem');
  copyFileSync(testStorePath('server.pem'), file);
  writeFileSync(join(folder, 'password'), `${TEST_PASSWORD}\n`);
  const { server } = await start(
    'secureClientPort=2182',
    'client.certReload=true',
    `ssl.keyStore.location=${file}`,
    `ssl.keyStore.passwordPath=${join(folder, 'password')}`,
    `ssl.trustStore.location=${testStorePath('ca.pem')}`,
  );
  const before = client(server.secureEndpoint!, secured(asAnn));
  await before.connected();
  writeFileSync(file, 'damaged');
  utimesSync(file, 1, 1);
  expect(await knock(server.secureEndpoint!, asAnn)).not.toBeInstanceOf(TlsError);
  copyFileSync(testStorePath('stranger.pem'), file);
  writeFileSync(join(folder, 'password'), '');
  utimesSync(file, 2, 2);
  await eventually(async () => (await knock(server.secureEndpoint!, asAnn)) instanceof TlsError);
  await before.create('/still-here', null);
});

test('stores that cannot be used end the start with a sentence that tells the key and no password', async () => {
  const wrong = ['ssl.keyStore.password=open-sesame', `ssl.keyStore.location=${testStorePath('server.p12')}`];
  const started = start('secureClientPort=2182', ...stores().slice(2), ...wrong);
  await expect(started).rejects.toMatchObject({
    name: 'SecurityError',
    message: expect.stringMatching(
      /^ssl\.keyStore\.location: .*server\.p12 can't be read: the password is wrong/,
    ),
  });
  await expect(started).rejects.not.toThrow(/open-sesame/);
  await expect(
    start('secureClientPort=2182', ...stores().slice(2), 'ssl.keyStore.location=/nowhere/x.pem'),
  ).rejects.toMatchObject({ name: 'SecurityError', message: expect.stringContaining('/nowhere/x.pem') });
});

test('whoever connects and shakes no hands makes room for those who do', async () => {
  const { server } = await start(
    'secureClientPort=2182',
    'netty.server.outstandingHandshake.limit=3',
    ...stores(),
  );
  let closed = 0;
  for (let i = 0; i < 10; i++) {
    const idle = await runtime.network.connect({ host: '127.0.0.1', port: server.secureEndpoint!.port });
    onTestFinished(() => idle.destroy());
    idle.start({ data: () => {}, closed: () => void (closed += 1) });
  }
  await eventually(() => closed >= 7);
  await client(server.secureEndpoint!, secured(asAnn)).connected();
});

test('nonsense and handshakes that break off bring nothing down', async () => {
  const { server } = await start(
    'clientPort=1',
    'secureClientPort=2182',
    'client.portUnification=true',
    ...stores(),
  );
  // What a client says first, as it is.
  const said: Buffer[] = [];
  const listener = await runtime.network.listen({ host: '127.0.0.1', port: 0 }, (connection) =>
    connection.start({ data: (bytes) => void said.push(bytes), closed: () => {} }),
  );
  void tls
    .connect(await runtime.network.connect(listener.endpoint), asAnn, [], { timeoutMs: 2000 })
    .catch(() => {});
  await eventually(() => said.length > 0);
  await listener.close();
  const hello = said[0]!;
  const open: Socket[] = [];
  for (let n = 0; n < 80; n++) {
    const { port } = n % 2 === 0 ? server.endpoint : server.secureEndpoint!;
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    open.push(socket);
    const bytes = Buffer.from(hello);
    if (n % 4 > 1) bytes[runtime.random.below(bytes.length)] = runtime.random.below(256);
    socket.write(bytes.subarray(0, n % 3 === 0 ? bytes.length : 1 + runtime.random.below(bytes.length)));
    if (n % 5 === 0) socket.once('connect', () => socket.resetAndDestroy());
    if (n % 5 === 1) socket.end();
    if (n % 5 === 2) socket.once('data', () => socket.write(hello));
    if (n % 5 === 3) socket.once('data', () => socket.resetAndDestroy());
  }
  for (const context of [asAnn, asAnn]) await client(server.secureEndpoint!, secured(context)).getData('/');
  for (const socket of open) socket.destroy();
  await client(server.endpoint).getData('/');
});

test('a client port that moves leaves the one for TLS where it is', async () => {
  const text = ['dataDir=/data', 'clientPort=1', 'secureClientPort=1', ...stores()].join('\n');
  const { config } = parseZooKeeperConfig(text, 'zoo.cfg');
  const security = { ...config!.security, secureClientPort: 0, secureClientPortAddress: '127.0.0.1' };
  const free = { host: '127.0.0.1', port: 0 };
  const accepted: boolean[] = [];
  const ports = await ClientPorts.open(
    runtime,
    { ...config!, clientPort: 0, clientPortAddress: '127.0.0.1', security },
    (connection, secure) => {
      accepted.push(secure !== null);
      connection.destroy();
    },
  );
  onTestFinished(() => ports.close());
  const before = ports.endpoint;
  await ports.move(free);
  expect(ports.endpoint.port).not.toBe(before.port);
  await expect(runtime.network.connect(before)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  (await runtime.network.connect(ports.endpoint)).destroy();
  await knock(ports.secureEndpoint!, asAnn);
  await eventually(() => accepted.length === 2);
  expect(accepted).toEqual([false, true]);
});

test('admin.forceHttps: the admin server speaks TLS alone; admin.portUnification: both; passwords are not shown', async () => {
  const ask = async (port: number, context: TlsContext | null): Promise<string> => {
    const connection = await runtime.network.connect({ host: '127.0.0.1', port });
    const end = context === null ? connection : await tls.connect(connection, context, ['localhost']);
    return new Promise((resolve) => {
      let text = '';
      end.start({ data: (bytes) => void (text += bytes.toString()), closed: () => resolve(text) });
      end.write(Buffer.from('GET /commands/icfg HTTP/1.1\r\n\r\n'));
    });
  };
  for (const key of ['admin.forceHttps', 'admin.portUnification']) {
    const [port, anyone] = [await freePort(), contextOf(null)];
    const admin = [`${key}=true`, 'admin.serverAddress=127.0.0.1', `admin.serverPort=${port}`];
    await start('clientPort=1', ...admin, ...stores('ssl.quorum.'));
    const answer = await ask(port, anyone);
    expect(answer).toContain('ssl.quorum.keyStore.password=***');
    expect(answer).not.toContain(TEST_PASSWORD);
    expect((await ask(port, null)).includes('200 OK')).toBe(key === 'admin.portUnification');
  }
});

async function freePort(): Promise<number> {
  const listener = await runtime.network.listen({ host: '127.0.0.1', port: 0 }, (c) => c.destroy());
  await listener.close();
  return listener.endpoint.port;
}
