import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { testStore, TEST_PASSWORD } from '../../../../test/support/tls-stores.ts';
import { TlsError, type TlsConnection, type TlsSettings } from '../../tls.ts';
import { peek } from '../../peeked-connection.ts';
import type { Connection, Runtime } from '../../runtime.ts';
import { VirtualNetwork } from '../../virtual/virtual-network.ts';
import { silentLog } from '../log.ts';
import { createNodeRuntime } from '../node-runtime.ts';
import { subjectOf } from './subject.ts';

const runtime = createNodeRuntime({ log: silentLog });
const { tls } = runtime;

const usual = { versions: ['TLSv1.2', 'TLSv1.3'], cipherSuites: null, clientAuth: 'need' } as const;
const server = tls.openStore(testStore('server.pem'), TEST_PASSWORD);
const client = tls.openStore(testStore('client.pem'), TEST_PASSWORD);
const stranger = tls.openStore(testStore('stranger.pem'), '');
const authority = tls.openStore(testStore('ca.pem'), '').trusted;

function settings(changes: Partial<TlsSettings> = {}): TlsSettings {
  return { ...usual, key: server.key, chain: server.chain, trusted: authority, ...changes };
}

const asClient = (changes: Partial<TlsSettings> = {}): TlsSettings =>
  settings({ key: client.key, chain: client.chain, ...changes });

interface Meeting {
  readonly ours: TlsConnection | TlsError;
  readonly theirs: TlsConnection | TlsError;
}

/** A server and a client that shake hands, over real sockets or between virtual hosts. */
async function meet(
  forServer: TlsSettings,
  forClient: TlsSettings,
  hosts: string[] = ['localhost'],
  [here, there]: [Runtime, Runtime] = [runtime, runtime],
): Promise<Meeting> {
  let accepted: (connection: Connection) => void = () => {};
  const arrival = new Promise<Connection>((resolve) => (accepted = resolve));
  const listener = await here.network.listen({ host: '', port: 0 }, (c) => accepted(c));
  const connection = await there.network.connect({
    host: here === there ? '127.0.0.1' : here.network.hostName,
    port: listener.endpoint.port,
  });
  const caught = (error: TlsError): TlsError => error;
  const [ours, theirs] = await Promise.all([
    arrival.then((c) => here.tls.accept(c, here.tls.context(forServer))).catch(caught),
    there.tls.connect(connection, there.tls.context(forClient), hosts).catch(caught),
  ]);
  await listener.close();
  return { ours, theirs };
}

/** What arrives until the other side ends. */
function all(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    connection.start({
      data: (bytes) => void parts.push(bytes),
      closed: () => resolve(Buffer.concat(parts).toString()),
    });
  });
}

async function talk({ ours, theirs }: Meeting): Promise<void> {
  if (ours instanceof TlsError) throw ours;
  if (theirs instanceof TlsError) throw theirs;
  const [heardHere, heardThere] = [all(ours), all(theirs)];
  const long = 'a long text '.repeat(100_000);
  theirs.write(Buffer.from(long));
  ours.write(Buffer.from('an answer'));
  ours.end();
  theirs.end();
  expect(await heardThere).toBe('an answer');
  expect((await heardHere) === long).toBe(true);
}

describe('stores', () => {
  test.each(['server.pem', 'server.p12', 'server-openssl.p12', 'server.jks'])(
    '%s: the key, its certificate and the authority',
    (name) => {
      const { key, chain } = tls.openStore(testStore(name), TEST_PASSWORD);
      expect(key).toBe(server.key);
      expect(chain).toEqual(server.chain);
      expect(chain).toHaveLength(2);
      expect(chain[1]).toBe(authority[0]);
    },
  );

  test.each(['ca.pem', 'trust.p12', 'trust.jks'])('%s vouches for the authority', (name) => {
    expect(tls.openStore(testStore(name), TEST_PASSWORD)).toEqual({
      key: null,
      chain: [],
      trusted: authority,
    });
  });

  test.each(['server.pem', 'server.p12', 'server.jks', 'trust.p12', 'trust.jks'])(
    '%s: a wrong password is said, and not repeated',
    (name) => {
      expect(() => tls.openStore(testStore(name), 'wrong-word')).toThrow(/password is wrong/);
      expect(() => tls.openStore(testStore(name), 'wrong-word')).not.toThrow(/wrong-word/);
    },
  );

  test('what is damaged or of another kind is an error with a cure', () => {
    expect(() => tls.openStore(Buffer.from('hello'), '')).toThrow(/keytool -importkeystore/);
    for (const name of ['server.p12', 'server.jks', 'trust.p12']) {
      const whole = testStore(name);
      for (let length = 1; length < whole.length; length += 37)
        expect(() => tls.openStore(whole.subarray(0, length), TEST_PASSWORD)).toThrow(TlsError);
    }
  });
});

describe('a handshake', () => {
  test('shows each side who the other is, and carries data both ways', async () => {
    const meeting = await meet(settings(), asClient());
    expect(meeting.ours).toMatchObject({
      protocol: 'TLSv1.3',
      peer: { subject: String.raw`CN=ann,OU=a\#b,O=Smith\, Jones \+ Co,C=NL` },
      remote: { host: '127.0.0.1' },
    });
    const { peer } = meeting.theirs as TlsConnection;
    expect(
      ['localhost', '127.0.0.1', 'server', 'elsewhere', '127.0.0.2'].map((host) => peer!.isFor(host)),
    ).toEqual([true, true, true, false, false]);
    await talk(meeting);
  });

  test('with one version and one suite on either side takes those', async () => {
    const meeting = await meet(
      settings({ versions: ['TLSv1.2'] }),
      asClient({ cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] }),
    );
    expect(meeting.ours).toMatchObject({
      protocol: 'TLSv1.2',
      cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    });
    await talk(meeting);
  });

  test('works between virtual hosts, and ends with the host', async () => {
    const network = new VirtualNetwork(runtime);
    const [a, b] = [network.host('server'), network.host('client')];
    await talk(await meet(settings(), asClient(), ['server'], [a.runtime, b.runtime]));
    const meeting = await meet(settings(), asClient(), ['server'], [a.runtime, b.runtime]);
    const ended = all(meeting.theirs as TlsConnection);
    a.kill();
    expect(await ended).toBe('');
  });

  test('with a client that nobody vouches for fails, even where no certificate is needed', async () => {
    const unknown = { key: stranger.key, chain: stranger.chain };
    for (const clientAuth of ['need', 'want'] as const) {
      const { ours } = await meet(settings({ clientAuth }), asClient(unknown));
      expect(String(ours)).toMatch(/no TLS with 127.0.0.1:\d+: its certificate/);
    }
  });

  test('with a client without a certificate fails where one is needed', async () => {
    const without = { key: null, chain: [] };
    const { ours } = await meet(settings(), asClient(without));
    expect(String(ours)).toContain('it showed no certificate, and one is needed');
    for (const clientAuth of ['want', 'none'] as const) {
      const meeting = await meet(settings({ clientAuth }), asClient(without));
      expect(meeting.ours).toMatchObject({ peer: null });
      await talk(meeting);
    }
  });

  test('with a server that nobody vouches for, or with a certificate of another name, fails', async () => {
    const unknown = await meet(settings({ key: stranger.key, chain: stranger.chain }), asClient());
    expect(String(unknown.theirs)).toMatch(/not in the trust store/);
    const other = await meet(settings(), asClient(), ['elsewhere', '10.0.0.1']);
    expect(String(other.theirs)).toMatch(/elsewhere/);
    await talk(await meet(settings(), asClient(), ['elsewhere', '127.0.0.1']));
    await talk(await meet(settings(), asClient(), []));
  });

  test('that never begins runs into its timeout', async () => {
    const arrived: Connection[] = [];
    const listener = await runtime.network.listen(
      { host: '127.0.0.1', port: 0 },
      (c) => void arrived.push(c),
    );
    const connection = await runtime.network.connect(listener.endpoint);
    await expect(tls.connect(connection, tls.context(asClient()), [], { timeoutMs: 20 })).rejects.toThrow(
      'the handshake took more than 20 ms',
    );
    await listener.close();
    for (const each of arrived) each.destroy();
  });
});

test('a connection whose first bytes were looked at still carries TLS, and still carries plain text', async () => {
  const seen: Promise<string>[] = [];
  const listener = await runtime.network.listen({ host: '127.0.0.1', port: 0 }, (arrived) => {
    seen.push(
      peek(arrived, runtime.clock, 5000).then(async ({ first, connection }) => {
        const isTls = first![0] === 0x16;
        const end = isTls ? await tls.accept(connection, tls.context(settings())) : connection;
        return `${isTls ? 'TLS' : 'plain'}: ${await all(end)}`;
      }),
    );
  });
  const plain = await runtime.network.connect(listener.endpoint);
  plain.start({ data: () => {}, closed: () => {} });
  plain.write(Buffer.from('hello'));
  plain.end();
  const secure = await tls.connect(
    await runtime.network.connect(listener.endpoint),
    tls.context(asClient()),
    ['localhost'],
  );
  secure.start({ data: () => {}, closed: () => {} });
  secure.write(Buffer.from('a secret'));
  secure.end();
  expect((await Promise.all(seen)).sort()).toEqual(['TLS: a secret', 'plain: hello']);
  await listener.close();
});

test('a key that is not the certificate’s, and a suite that nobody knows, are refused', () => {
  expect(() => tls.context(settings({ key: client.key }))).toThrow(/key/);
  expect(() => tls.context(settings({ cipherSuites: ['TLS_RSA_WITH_NULL_MD5'] }))).toThrow(
    "TLS_RSA_WITH_NULL_MD5 isn't supported",
  );
});

test('subjects are written as Java writes them', () => {
  const { raw } = new X509Certificate(testStore('names.pem'));
  expect(subjectOf(raw)).toBe(testStore('names.txt').toString('utf8').trim());
});
