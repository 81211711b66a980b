import { describe, expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import { createNodeRandom } from '../../../runtime/node/random.ts';
import type { Random } from '../../../runtime/runtime.ts';
import { SecurityError } from '../config.ts';
import { DigestClient, DigestServer, clientService, quorumService } from './digest-md5.ts';
import { parseJaas } from './jaas.ts';
import { SaslError } from './mechanism.ts';

const digests = createNodeDigests();
const random = createNodeRandom();
const users = new Map([
  ['bob', 'secret'],
  ['jürgen "the" \\', 'pässwörd'],
  ['李', '密码:"'],
]);

const server = (): DigestServer => new DigestServer(digests, random, clientService, users);
const client = (user: string, password: string): DigestClient =>
  new DigestClient(digests, random, clientService, { user, password });

function talk(a: DigestClient, b: DigestServer): void {
  const question = b.answer(Buffer.alloc(0));
  const answer = a.answer(question)!;
  expect(a.answer(b.answer(answer))).toBeNull();
}

describe('DIGEST-MD5', () => {
  test.each([...users])('%s proves who he is, and so does the server', (user, password) => {
    const [a, b] = [client(user, password), server()];
    expect([a.isComplete, b.user]).toEqual([false, null]);
    talk(a, b);
    expect([a.isComplete, b.user]).toEqual([true, user]);
  });

  test.each([
    ['bob', 'Secret'],
    ['bob', ''],
    ['eve', 'secret'],
    ['eve', ''],
  ])('%s with the password "%s" does not', (user, password) => {
    const b = server();
    expect(() => talk(client(user, password), b)).toThrow('its user or password is wrong');
    expect(b.user).toBeNull();
    expect(() => b.answer(Buffer.alloc(0))).toThrow(SaslError);
  });

  test('a server that does not know the password is found out', () => {
    const a = client('bob', 'secret');
    a.answer(server().answer(Buffer.alloc(0)));
    expect(() => a.answer(Buffer.from('rspauth=00000000000000000000000000000000'))).toThrow(SaslError);
    expect(a.isComplete).toBe(false);
  });

  test('an answer counts for one question only, and for one service', () => {
    const [a, b, c] = [client('bob', 'secret'), server(), server()];
    const answer = a.answer(b.answer(Buffer.alloc(0)))!;
    c.answer(Buffer.alloc(0));
    expect(() => c.answer(answer)).toThrow('another question');
    const other = new DigestClient(digests, random, quorumService, { user: 'bob', password: 'secret' });
    expect(() => talk(other, server())).toThrow('zookeeper-quorum/zk-quorum-sasl-md5');
  });

  test('the example of RFC 2831 comes out as there', () => {
    const nonces = ['OA6MG9tEQGm2hh', 'OA6MHXh6VqTrRk'];
    const scripted: Random = {
      ...random,
      bytes: () => ({ toString: () => nonces.pop()! }) as unknown as Buffer,
    };
    const a = new DigestClient(
      digests,
      scripted,
      { protocol: 'imap', serverName: 'elwood.innosoft.com' },
      { user: 'chris', password: 'secret' },
    );
    const answer = a.answer(
      Buffer.from(
        'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8',
      ),
    );
    expect(answer!.toString()).toContain('response=d388dad90d4bbd760a152321f2143af7');
    expect(a.answer(Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfffd'))).toBeNull();
  });

  test('nonsense is refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.string({ unit: fc.constantFrom(...'nonce="a\\",= ') })),
        (said) => {
          const b = server();
          b.answer(Buffer.alloc(0));
          expect(() => b.answer(Buffer.from(said as string))).toThrow(SaslError);
        },
      ),
    );
  });
});

describe('a JAAS file', () => {
  test('has sections of modules with options, and comments of three kinds', () => {
    const sections = parseJaas(
      `// users
       Server { /* of the
         server */ org.apache.zookeeper.server.auth.DigestLoginModule required
         user_bob="se\\"cret" # a friend
         user_ann=plain;
       };
       Client { a.B required debug=true; c.D optional; };`,
      'jaas.conf',
    );
    expect([...sections.keys()]).toEqual(['Server', 'Client']);
    expect([...sections.get('Server')![0]!.options]).toEqual([
      ['user_bob', 'se"cret'],
      ['user_ann', 'plain'],
    ]);
    expect(sections.get('Client')!.map(({ module }) => module)).toEqual(['a.B', 'c.D']);
  });

  test.each([
    ['Server {\n a.B required\n user_bob="secret"\n};', /^jaas.conf:4 .*semicolon behind the last one/],
    ['Server {\n a.B required user_bob="secret;\n};', /^jaas.conf:2 .*does not end/],
    ['Server {\n a.B required;\n}', /^jaas.conf:3 .*a semicolon behind the closing brace is missing/],
    ['Server a.B', /^jaas.conf:1 .*an opening brace is missing/],
  ])('%j: says the line, and no secret', (text, message) => {
    expect(() => parseJaas(text, 'jaas.conf')).toThrow(SecurityError);
    expect(() => parseJaas(text, 'jaas.conf')).toThrow(message);
    expect(() => parseJaas(text, 'jaas.conf')).not.toThrow(/secret/);
  });
});
