import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { creatorAcl } from '../../src/zookeeper/client/types.ts';
import { Logins } from '../../src/zookeeper/security/sasl/logins.ts';
import { saslToServers } from '../../src/zookeeper/security/sasl/mechanisms.ts';
import { gregor, world } from '../support/clusters.ts';
import { startEnsemble } from '../support/ensembles.ts';
import { classPath } from '../support/install.ts';
import { freePorts, run, Service, until } from '../support/processes.ts';

const REALM = 'EXAMPLE.COM';
const KDC = join(import.meta.dirname, '../clients/java/Kdc.java');
const CLIENT = join(import.meta.dirname, '../clients/java/SecureClient.java');
const PRINCIPALS = ['zookeeper/localhost', 'zookeeper/stale!', 'zkquorum/127.0.0.1', 'bob'];

let folder = '';
let kdc: Service;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gregor-interop-kerberos-'));
  const [port] = await freePorts(1);
  const args = ['-Xmx64m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', classPath('kerby-2.1.1')];
  kdc = new Service('kdc', 'java', [...args, KDC, REALM, `${port}`, folder, ...PRINCIPALS], {
    log: join(folder, 'kdc.log'),
  });
  await until('the KDC', () => kdc.out.includes('ready'));
});

afterAll(async () => {
  await kdc.stop();
  rmSync(folder, { recursive: true, force: true });
});

const krb5Conf = (): string => join(folder, 'krb5.conf');

/** A section for a principal whose keytab is of that name. */
function section(name: string, principal: string, keytab = principal.replace('/', '_')): string {
  return `${name} { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true
  keyTab="${folder}/${keytab}.keytab" principal="${principal}@${REALM}"; };\n`;
}

function jaasFile(name: string, ...sections: string[]): string {
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, sections.join(''));
  return file;
}

const usual = (): string[] => [
  section('Server', 'zookeeper/localhost'),
  section('Client', 'bob'),
  section('QuorumServer', 'zkquorum/127.0.0.1'),
  section('QuorumLearner', 'zkquorum/127.0.0.1'),
];

const security = (
  jaas: string,
): string => `authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
kerberos.removeRealmFromPrincipal=true
quorum.auth.enableSasl=true
quorum.auth.learnerRequireSasl=true
quorum.auth.serverRequireSasl=true
quorum.auth.kerberos.servicePrincipal=zkquorum/_HOST
java.security.auth.login.config=${jaas}
java.security.krb5.conf=${krb5Conf()}
`;

const javaOptions = (jaas: string): string[] => [
  `-Djava.security.krb5.conf=${krb5Conf()}`,
  `-Djava.security.auth.login.config=${jaas}`,
];

/** Apache's client at each port. @returns what it saw there. */
async function javaClient(ports: readonly number[], jaas: string): Promise<string[]> {
  const { code, out, err } = await run('java', [
    '-Xmx128m',
    ...javaOptions(jaas),
    '-Dzookeeper.server.principal=zookeeper/localhost',
    '-cp',
    classPath('zookeeper-3.9.5'),
    CLIENT,
    ...ports.map((port) => `127.0.0.1:${port}`),
  ]);
  expect(code, err).toBe(0);
  return out.trim().split('\n');
}

function ownClient(port: number, jaas: string, servicePrincipal = 'zookeeper/localhost'): ZooKeeperClient {
  const logins = new Logins(world.files, jaas);
  const client = new ZooKeeperClient(world, {
    servers: [{ host: '127.0.0.1', port }],
    sessionTimeoutMs: 15_000,
    sasl: saslToServers(world, logins, { servicePrincipal, krb5Conf: krb5Conf() }),
  });
  client.start();
  return client;
}

async function idAt(port: number, jaas: string): Promise<string> {
  const client = ownClient(port, jaas);
  const path = `/by-gregor-at-${port}`;
  await client.create(path, null, { acl: creatorAcl });
  const { acl } = await client.getAcl(path);
  await client.close();
  return acl.map(({ id }) => `${id.scheme} ${id.id}`).join('; ');
}

test('an ensemble of both, with Kerberos between all: each leads, each follows, clients are known by the same names', async () => {
  const jaas = jaasFile('usual', ...usual());
  const ensemble = await startEnsemble(['gregor', 'apache 3.9.5', 'gregor'], {
    extra: () => security(jaas),
    javaOptions: javaOptions(jaas),
  });
  try {
    const [own, apache, last] = ensemble.members;
    expect((await ensemble.leader()).id).toBe(last!.id);
    const [atGregor, atApache] = await javaClient([own!.port, apache!.port], jaas);
    expect(atGregor).toBe(atApache);
    expect(atGregor).toMatch(/^SaslAuthenticated \| sasl bob \|/);
    for (const { port } of [own!, apache!]) expect(await idAt(port, jaas)).toBe('sasl bob');
    await ensemble.inStep();
    await last!.kill();
    expect((await ensemble.serving([own!, apache!])).id).toBe(apache!.id);
    expect(ensemble.members.map(({ log }) => log).join()).not.toMatch(
      /no SASL with|could not be authenticated/,
    );
  } catch (error) {
    throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await ensemble.stop();
  }
});

test('a member of 3.4 that insists on Kerberos takes part in an ensemble of gregor that insists, too', async () => {
  const jaas = jaasFile('usual', ...usual());
  const ensemble = await startEnsemble(['gregor', 'apache 3.4.14', 'gregor'], {
    extra: () => security(jaas),
    javaOptions: javaOptions(jaas),
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

/** A server alone. */
async function alone(name: string, ...sections: string[]): Promise<{ service: Service; port: number }> {
  const [port] = await freePorts(1);
  const jaas = jaasFile(name, ...sections);
  const config = join(folder, `${name}.cfg`);
  const lines = `dataDir=${folder}/${name}\nclientPort=${port}\nadmin.enableServer=false\n`;
  writeFileSync(
    config,
    `${lines}java.security.auth.login.config=${jaas}\njava.security.krb5.conf=${krb5Conf()}\n`,
  );
  const log = join(folder, `${name}.log`);
  const service = new Service(name, process.execPath, gregor('zookeeper', config), { log });
  onTestFinished(() => service.stop());
  return { service, port: port! };
}

test('a keytab without the key, or with an old one, is told in a sentence', async () => {
  const wrong = await alone('wrong', section('Server', 'zookeeper/localhost', 'bob'));
  await until('it to end', () => !wrong.service.running);
  expect(wrong.service.log).toContain(
    `the JAAS section Server can't be used: its key could not be had: No key table entry found for zookeeper/localhost@${REALM}`,
  );
  const stale = await alone('stale', section('Server', 'zookeeper/stale'), section('Client', 'bob'));
  await until('it to serve', () => stale.service.log.includes('port'));
  const client = ownClient(stale.port, join(folder, 'stale.conf'), 'zookeeper/stale');
  await expect(client.getData('/')).rejects.toMatchObject({ name: 'AuthFailed' });
  await until('a refusal', () => stale.service.log.includes('could not be authenticated by SASL'));
  expect(stale.service.log).toContain('the KDC has another key for it now; write the keytab anew');
});
