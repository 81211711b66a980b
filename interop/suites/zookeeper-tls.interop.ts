import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TEST_PASSWORD, testStore, testStorePath } from '../../test/support/tls-stores.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { creatorAcl, openAcl } from '../../src/zookeeper/client/types.ts';
import { gregor, world } from '../support/clusters.ts';
import { startEnsemble, type Ensemble } from '../support/ensembles.ts';
import { classPath } from '../support/install.ts';
import { freePorts, run, Service, until } from '../support/processes.ts';

const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
const BOB = { user: 'bob', password: 'sécret "1"' };
const JAAS = `Server { ${MODULE} user_bob="sécret \\"1\\""; };
Client { ${MODULE} username="bob" password="sécret \\"1\\""; };
QuorumServer { ${MODULE} user_zk="between us"; };
QuorumLearner { ${MODULE} username="zk" password="between us"; };
`;

const stores = (prefix: string, key: string): string => `${prefix}keyStore.location=${testStorePath(key)}
${prefix}keyStore.password=${TEST_PASSWORD}
${prefix}trustStore.location=${testStorePath('trust.jks')}
${prefix}trustStore.password=${TEST_PASSWORD}
`;

/** A folder with the logins of all. */
function jaasFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'jaas.conf');
  writeFileSync(file, JAAS);
  return file;
}

function ownClient(port: number): ZooKeeperClient {
  const { key, chain } = world.tls.openStore(testStore('client.pem'), TEST_PASSWORD);
  const context = world.tls.context({
    key,
    chain,
    trusted: world.tls.openStore(testStore('ca.pem'), '').trusted,
    versions: ['TLSv1.2', 'TLSv1.3'],
    cipherSuites: null,
    clientAuth: 'need',
  });
  const client = new ZooKeeperClient(world, {
    servers: [{ host: '127.0.0.1', port }],
    sessionTimeoutMs: 15_000,
    tls: { context: () => context, verifiesHost: true },
    sasl: BOB,
  });
  client.start();
  return client;
}

/** Apache's client over TLS and SASL, at each port. @returns what it saw there. */
async function javaClient(ports: readonly number[], jaas: string): Promise<string[]> {
  const properties = [
    'client.secure=true',
    'clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty',
    'fips-mode=false',
    ...stores('ssl.', 'client.p12').trim().split('\n'),
  ].map((line) => `-Dzookeeper.${line}`);
  const { code, out, err } = await run('java', [
    '-Xmx128m',
    '-Dfile.encoding=UTF-8',
    `-Djava.security.auth.login.config=${jaas}`,
    ...properties,
    '-cp',
    classPath('zookeeper-3.9.5'),
    join(import.meta.dirname, '../clients/java/SecureClient.java'),
    ...ports.map((port) => `127.0.0.1:${port}`),
  ]);
  expect(code, err).toBe(0);
  return out.trim().split('\n');
}

async function tree(port: number): Promise<string[]> {
  const client = ownClient(port);
  await client.connected();
  await client.sync('/');
  const names = await client.getChildren('/');
  await client.close();
  return names.sort();
}

test('an ensemble of both with TLS and SASL everywhere: each leads, each follows, clients see the same', async () => {
  const jaas = jaasFile();
  const ports = await freePorts(3);
  const security = (id: number): string => `secureClientPort=${ports[id - 1]}
serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
fips-mode=false
sslQuorum=true
quorum.auth.enableSasl=true
quorum.auth.learnerRequireSasl=true
quorum.auth.serverRequireSasl=true
java.security.auth.login.config=${jaas}
${stores('ssl.', 'server.p12')}${stores('ssl.quorum.', 'server.jks')}`;
  const ensemble: Ensemble = await startEnsemble(['gregor', 'apache 3.9.5', 'gregor'], {
    extra: security,
    javaOptions: ['-Dfile.encoding=UTF-8', `-Djava.security.auth.login.config=${jaas}`],
  });
  try {
    const [own, apache, last] = ensemble.members;
    expect((await ensemble.leader()).id).toBe(last!.id);
    const [atGregor, atApache] = await javaClient(ports.slice(0, 2), jaas);
    expect(atGregor).toBe(atApache);
    expect(atGregor).toMatch(/^SaslAuthenticated \| sasl bob; x509 CN=ann,/);
    for (const port of ports) {
      const client = ownClient(port);
      await client.create(`/by-gregor-at-${port}`, null, {
        acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }],
      });
      await client.close();
    }
    await ensemble.inStep();
    await last!.kill();
    expect((await ensemble.serving([own!, apache!])).id).toBe(apache!.id);
    last!.start();
    await ensemble.serving();
    expect((await ensemble.leader()).id).toBe(apache!.id);
    const trees = await Promise.all(ports.map(tree));
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[2]).toEqual(trees[0]);
    expect(trees[0]).toContain(`by-gregor-at-${ports[2]}`);
  } catch (error) {
    throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await ensemble.stop();
  }
});

test('a member of 3.4 that insists on SASL takes part in an ensemble of gregor that insists, too', async () => {
  const jaas = jaasFile();
  const lines = `quorum.auth.enableSasl=true
quorum.auth.learnerRequireSasl=true
quorum.auth.serverRequireSasl=true
java.security.auth.login.config=${jaas}
`;
  const ensemble = await startEnsemble(['gregor', 'apache 3.4.14', 'gregor'], {
    extra: () => lines,
    javaOptions: [`-Djava.security.auth.login.config=${jaas}`],
  });
  try {
    const [first, apache, last] = ensemble.members;
    expect((await ensemble.leader()).id).toBe(last!.id);
    await last!.kill();
    expect((await ensemble.serving([first!, apache!])).id).toBe(apache!.id);
  } catch (error) {
    throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await ensemble.stop();
  }
});

test('the audit log says the same, line by line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines = async (maker: 'gregor' | 'apache'): Promise<string[]> => {
    const [port] = await freePorts(1);
    const config = join(folder, `${maker}.cfg`);
    writeFileSync(
      config,
      `dataDir=${folder}/${maker}\nclientPort=${port}\nadmin.enableServer=false\naudit.enable=true\nDigestAuthenticationProvider.digestAlg=SHA-256\n`,
    );
    const log = join(folder, `${maker}.log`);
    const shown = '-Dorg.slf4j.simpleLogger.log.org.apache.zookeeper.audit=info';
    const apache = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', shown, '-Xmx128m', '-cp'];
    const path = `${classPath('zookeeper-3.9.5')}:${classPath('slf4j-simple')}`;
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const service =
      maker === 'gregor'
        ? new Service(maker, process.execPath, gregor('zookeeper', config), { log })
        : new Service(maker, 'java', [...apache, path, main, config], { log });
    const file = `${folder}/gregor/zookeeper_audit.log`;
    const audited = (): string => {
      if (maker === 'apache') return service.log;
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    await until('the start', () => {
      if (!service.running) throw new Error(service.log);
      return audited().includes('serverStart');
    });
    const acl = await makeChanges(port!);
    await service.stop('SIGTERM');
    const found = audited()
      .split('\n')
      .filter((line) => line.includes('result='));
    return [
      acl,
      ...found.map((line) =>
        line
          .replace(/^.*?(ERROR|INFO).*?AuditLogger( -|:) /, '$1 ')
          .replace(/session=0x[0-9a-f]+/, 'session=…')
          // Apache has them in the order of a hash.
          .replace(/user=([^\t]*)/, (_, users: string) => `user=${users.split(',').sort().join(',')}`),
      ),
    ];
  };
  const [byGregor, byApache] = [await lines('gregor'), await lines('apache')];
  expect(byGregor.length).toBeGreaterThan(12);
  expect(byGregor).toEqual(byApache);
});

/** Changes of all kinds, some of them refused. @returns the digest of who made them. */
async function makeChanges(port: number): Promise<string> {
  const client = new ZooKeeperClient(world, {
    servers: [{ host: '127.0.0.1', port }],
    sessionTimeoutMs: 15_000,
    auth: [{ scheme: 'digest', auth: Buffer.from('bob:secret') }],
  });
  client.start();
  await client.connected();
  const refused = async (change: Promise<unknown>): Promise<void> => {
    await expect(change).rejects.toThrow();
  };
  await client.create('/a', Buffer.from('x'));
  await client.create('/a/s', null, { mode: 'persistentSequential' });
  await client.create('/c', null, { mode: 'container' });
  await client.create('/e', null, { mode: 'ephemeral' });
  await client.create('/mine', null, { acl: creatorAcl });
  await client.setData('/a', Buffer.from('y'));
  await client.setAcl('/a', [...openAcl, { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }]);
  await refused(client.create('/a', null));
  await refused(client.create('/none', null, { acl: [] }));
  await refused(client.setData('/none', null));
  await refused(client.delete('/none'));
  await client.multi([
    { kind: 'create', path: '/m', data: null },
    { kind: 'check', path: '/m', version: 0 },
    { kind: 'setData', path: '/m', data: null },
    { kind: 'delete', path: '/m' },
  ]);
  await refused(client.multi([{ kind: 'delete', path: '/none' }]));
  const { acl } = await client.getAcl('/mine');
  await client.close();
  return acl[0]!.id.id;
}
