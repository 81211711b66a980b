import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { fakeKerberos } from '../../../../test/support/fake-kerberos.ts';
import { createNodeRuntime } from '../../../runtime/node/node-runtime.ts';
import type { Connection, Log, Runtime } from '../../../runtime/runtime.ts';
import { silentLog } from '../../../runtime/node/log.ts';
import { ZooKeeperClient } from '../../client/client.ts';
import { creatorAcl } from '../../client/types.ts';
import { parseZooKeeperConfig, type ZooKeeperConfig } from '../../server/config/config.ts';
import { startZooKeeper } from '../../server/start.ts';
import { peerNetworks } from '../peer-networks.ts';
import { GssapiClient, GssapiServer } from './gssapi.ts';
import { Logins } from './logins.ts';
import { SaslError } from './mechanism.ts';
import { saslToServers } from './mechanisms.ts';

const SERVICE = 'zookeeper/h';
const NOTHING = Buffer.alloc(0);
const LAYERS = Buffer.from('wrapped \x01\0\0\0', 'latin1');

function sides(authorize = (principal: string) => principal) {
  const { gssapi, contexts } = fakeKerberos();
  const kerberos = gssapi.open('');
  const server = (): GssapiServer =>
    new GssapiServer(kerberos.acceptor({ kind: 'keytab', principal: SERVICE, file: '' }).begin(), authorize);
  const client = async (service = SERVICE, failed = () => {}): Promise<GssapiClient> => {
    const initiator = kerberos.initiator({ kind: 'keytab', principal: 'bob', file: '' });
    const { context, token } = await initiator.begin(service);
    return new GssapiClient(context, token, failed);
  };
  return { server, client, contexts };
}

describe('GSSAPI', () => {
  test('both prove who they are, and agree on no layer', async () => {
    const { server, client, contexts } = sides((principal) => principal.split('@', 1)[0]!);
    const [a, b] = [await client(), server()];
    const empty = a.answer(b.answer(a.first)!);
    expect([empty, b.user]).toEqual([NOTHING, null]);
    const offer = b.answer(empty!);
    expect(offer).toEqual(LAYERS);
    const choice = a.answer(offer!);
    expect(a.isComplete).toBe(true);
    expect(b.answer(choice!)).toBeNull();
    expect(b.user).toBe('bob');
    expect(a.answer(NOTHING)).toBeNull();
    expect(contexts.size).toBe(0);
    expect(() => b.answer(NOTHING)).toThrow('when all was said');
  });

  test('a ticket for another service ends it, and nothing is left', async () => {
    const { server, client, contexts } = sides();
    let failures = 0;
    const [a, b] = [await client('zookeeper/other', () => (failures += 1)), server()];
    expect(() => b.answer(a.first)).toThrow(SaslError);
    a.dispose();
    expect([contexts.size, failures]).toEqual([0, 1]);
  });

  test.each([
    ['integrity', 'wrapped \x02\0\x10\0', 'use TLS'],
    ['nothing', 'wrapped ', 'cut short'],
    ['what it did not sign', '\x01\0\0\0', 'invalid MIC'],
  ])('a client that chooses %s is refused', async (_, choice, reason) => {
    const { server, client } = sides();
    const [a, b] = [await client(), server()];
    b.answer(a.first);
    b.answer(NOTHING);
    expect(() => b.answer(Buffer.from(choice, 'latin1'))).toThrow(reason);
    expect(b.user).toBeNull();
  });

  test.each([
    ['insists on a layer', 'wrapped \x06\0\x10\0', 'use TLS'],
    ['offers nothing', 'wrapped \x01', 'cut short'],
  ])('a server that %s is refused', async (_, offer, reason) => {
    const { server, client } = sides();
    const [a, b] = [await client(), server()];
    a.answer(b.answer(a.first)!);
    expect(() => a.answer(Buffer.from(offer, 'latin1'))).toThrow(reason);
    expect(a.isComplete).toBe(false);
  });

  test('whatever is said in whatever order, nobody is known without a ticket', () => {
    const { server } = sides();
    const token = fc.oneof(
      fc.constantFrom(NOTHING, LAYERS),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 5 }), (tokens) => {
        const b = server();
        for (const each of tokens)
          try {
            b.answer(each);
          } catch (error) {
            expect(error).toBeInstanceOf(SaslError);
          }
        expect(b.user).toBeNull();
      }),
    );
  });
});

const { gssapi, contexts } = fakeKerberos();
const runtime: Runtime = { ...createNodeRuntime({ log: silentLog }), gssapi };
const KERBEROS = 'com.sun.security.auth.module.Krb5LoginModule required';

function configured(jaas: string, ...lines: string[]): { config: ZooKeeperConfig; jaasFile: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-zookeeper-gssapi-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const jaasFile = join(folder, 'jaas.conf');
  writeFileSync(jaasFile, jaas);
  const text = `dataDir=${folder}/data
clientPort=1
preAllocSize=64
admin.enableServer=false
authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
java.security.auth.login.config=${jaasFile}
${lines.join('\n')}`;
  const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');
  if (config === null) throw new Error(JSON.stringify(problems));
  return { config: { ...config, clientPort: 0, clientPortAddress: '127.0.0.1' }, jaasFile };
}

const jaas = `Server { ${KERBEROS} useKeyTab=true storeKey=true keyTab="/zk.keytab" principal="zookeeper/localhost"; };
Client { ${KERBEROS} useKeyTab=true keyTab="/bob.keytab" principal="bob/h@EXAMPLE.COM"; };
Stranger { ${KERBEROS} useTicketCache=true principal="bob@ELSEWHERE"; };
`;

describe('with Kerberos', () => {
  test('clients are known by their principals, as the rules name them', async () => {
    const { config, jaasFile } = configured(
      jaas,
      'kerberos.removeRealmFromPrincipal=true',
      'kerberos.removeHostFromPrincipal=true',
      'superUser=bob',
    );
    const server = await startZooKeeper(runtime, config);
    onTestFinished(() => server.stop());
    const client = (section: string): ZooKeeperClient => {
      const logins = new Logins(runtime.files, jaasFile);
      const servers = [{ host: 'localhost', port: server.endpoint.port }];
      const sasl = saslToServers(runtime, logins, { section });
      const made = new ZooKeeperClient(runtime, { servers, sessionTimeoutMs: 10_000, sasl });
      onTestFinished(() => made.close());
      made.start();
      return made;
    };
    const bob = client('Client');
    await bob.create('/his', null, { acl: creatorAcl });
    expect((await bob.getAcl('/his')).acl.map(({ id }) => `${id.scheme}:${id.id}`)).toContain('sasl:bob');
    await expect(client('Stranger').getData('/')).rejects.toMatchObject({ name: 'AuthFailed' });
    await eventually(() => expect(contexts.size).toBe(0));
  });

  test('a keytab without the key ends the start with a sentence', async () => {
    const { config } = configured(jaas.replace('/zk.keytab', '/empty.keytab'));
    await expect(startZooKeeper(runtime, config)).rejects.toMatchObject({
      name: 'SecurityError',
      message: expect.stringContaining(
        "the JAAS section Server can't be used: No key table entry found for zookeeper/localhost@EXAMPLE.COM",
      ),
    });
  });
});

describe('between servers', () => {
  /** Two servers that greet each other over Kerberos. */
  async function greet(
    hosts: string[],
    learner = 'zkquorum/localhost',
  ): Promise<{ heard: string; log: string }> {
    const lines: string[] = [];
    const say = (message: string): void => void lines.push(message);
    const log: Log = { debug: () => {}, info: say, warn: say, error: say, with: () => log };
    const { config } = configured(
      `QuorumServer { ${KERBEROS} useKeyTab=true principal="zkquorum/localhost"; };
       QuorumLearner { ${KERBEROS} useKeyTab=true principal="${learner}"; };`,
      'quorum.auth.enableSasl=true',
      'quorum.auth.learnerRequireSasl=true',
      'quorum.auth.serverRequireSasl=true',
      'quorum.auth.kerberos.servicePrincipal=zkquorum/_HOST',
    );
    const { quorum } = peerNetworks(
      { ...runtime, log },
      config.security,
      () => hosts,
      () => null,
    );
    const connections: Connection[] = [];
    let heard = '';
    const listener = await quorum.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      connections.push(connection);
      connection.start({ data: (bytes) => void (heard += bytes.toString()), closed: () => {} });
    });
    let isClosed = false;
    const connection = await quorum.connect({ host: 'LOCALHOST', port: listener.endpoint.port });
    connection.start({ data: () => {}, closed: () => (isClosed = true) });
    connection.write(Buffer.from('hello'));
    await eventually(() => expect(heard === 'hello' || isClosed).toBe(true));
    for (const each of [connection, ...connections]) each.destroy();
    await listener.close();
    return { heard, log: lines.join('\n') };
  }

  test('each proves to be a host of the ensemble', async () => {
    expect(await greet(['other', 'localhost'])).toEqual({ heard: 'hello', log: '' });
    await eventually(() => expect(contexts.size).toBe(0));
  });

  test.each([
    [['other'], 'zkquorum/localhost'],
    [['localhost'], 'bob'],
    [['localhost'], 'zkquorum/localhost/x'],
  ])('of the hosts %j, %s is none', async (hosts, learner) => {
    const { heard, log } = await greet(hosts, learner);
    expect(heard).toBe('');
    expect(log).toMatch(/not for a host in the server lines of zoo.cfg|is no principal that can be named/);
  });
});
