import { describe, expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { SecurityError } from '../config.ts';
import { namesOf, parsePrincipal, type NameRules } from './kerberos-names.ts';
import { SaslError } from './mechanism.ts';

const whole: NameRules = { authToLocal: 'DEFAULT', removesHost: false, removesRealm: false };
const named = (principal: string, rules: Partial<NameRules> = {}): string =>
  namesOf({ ...whole, ...rules }, 'EXAMPLE.COM')(principal);
const bare = { removesHost: true, removesRealm: true };

describe('a client is called', () => {
  test.each([
    ['bob@EXAMPLE.COM', whole, 'bob@EXAMPLE.COM'],
    ['kafka/h1@EXAMPLE.COM', whole, 'kafka/h1@EXAMPLE.COM'],
    ['kafka/h1@EXAMPLE.COM', { removesHost: true }, 'kafka@EXAMPLE.COM'],
    ['kafka/h1@EXAMPLE.COM', { removesRealm: true }, 'kafka/h1'],
    ['kafka/h1@EXAMPLE.COM', bare, 'kafka'],
    ['bob', whole, 'bob'],
  ])('%s, with %j: %s', (principal, rules, name) => {
    expect(named(principal, rules)).toBe(name);
  });

  // The examples of Hadoop's documentation of these rules.
  test.each([
    ['RULE:[1:$1@$0](.*@ACME\\.COM)s/@.*// DEFAULT', 'ann@ACME.COM', 'ann'],
    ['RULE:[1:$1@$0](.*@ACME\\.COM)s/@.*// DEFAULT', 'ann@EXAMPLE.COM', 'ann'],
    ['RULE:[2:$1](johndoe)s/^.*$/guest/ DEFAULT', 'johndoe/h@ACME.COM', 'guest'],
    ['RULE:[2:$1;$2](^.*;admin$)s/;admin$// DEFAULT', 'ann/admin@ACME.COM', 'ann'],
    ['RULE:[2:$2](root)\nDEFAULT', 'ann/root@ACME.COM', 'root'],
    ['RULE:[1:$1](a.*)s/a/b/g', 'aXa@ACME.COM', 'bXb'],
    ['RULE:[1:$1](a.*)s/a/b/', 'aXa@ACME.COM', 'bXa'],
    ['RULE:[1:$1](.*)s/(x)(y)/$2$1/', 'xy@ACME.COM', 'yx'],
    ['RULE:[1:u-$1]', 'ann@ACME.COM', 'u-ann'],
  ])('by %j: %s → %s', (authToLocal, principal, name) => {
    expect(named(principal, { ...bare, authToLocal })).toBe(name);
  });
});

test('who fits no rule, or comes out with a host or realm, is nobody', () => {
  expect(() => named('ann@ACME.COM')).toThrow('no rule of security.auth_to_local is for ann@ACME.COM');
  expect(() => named('ann/h@ACME.COM', { authToLocal: 'RULE:[1:$1]' })).toThrow(SaslError);
  expect(() => named('ann@ACME.COM', { authToLocal: 'RULE:[1:$1@$0]' })).toThrow('which is no name');
});

test('principals of three parts, or with what would have to be quoted, are refused', () => {
  for (const principal of ['a/b/c@R', 'a@b@R', 'a\\/b@R', 'a\\@b@R'])
    expect(() => parsePrincipal(principal)).toThrow(SaslError);
  expect(parsePrincipal('zk/h@R')).toEqual({ primary: 'zk', instance: 'h', realm: 'R' });
});

test.each(['RULE:', 'DEFAULTS', 'RULE:[1:$1](()s/a/b/', 'default', 'RULE:[x:$1]', 'DEFAULT;'])(
  'rules such as %j end the start with a sentence',
  (authToLocal) => {
    expect(() => namesOf({ ...whole, authToLocal }, 'R')).toThrow(SecurityError);
    expect(() => namesOf({ ...whole, authToLocal }, 'R')).toThrow('write RULE:[parts:format]');
  },
);

test('whatever the principal is, a name without host and realm has neither', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab/@\\$ ') }), (principal) => {
      let name = '';
      try {
        name = named(principal, { ...bare, authToLocal: 'RULE:[1:$1] RULE:[2:$1] DEFAULT' });
      } catch (error) {
        expect(error).toBeInstanceOf(SaslError);
      }
      if (principal.includes('@')) expect(name).not.toMatch(/[/@]/);
    }),
  );
});
