import { describe, expect, test } from 'vitest';
import { decodeAclChange, decodeAclRules, encodeAclChange, encodeAclRules } from './acl-znode.ts';
import { decodeBrokerRegistration, encodeBrokerRegistration } from './broker-registration.ts';
import { decodeConfig, decodeConfigChange, encodeConfig, encodeConfigChange } from './config-znode.ts';
import { decodeController, encodeController } from './controller-znode.ts';
import { decodeToken, encodeToken } from './delegation-token.ts';
import { ZnodeFormatError } from './json.ts';
import { decodePartitionState, encodePartitionState } from './partition-state.ts';
import { desanitizeEntity, sanitizeEntity } from './paths.ts';
import { decodeProducerIdBlock, encodeProducerIdBlock } from './producer-id-block.ts';
import { decodeTopicAssignment, encodeTopicAssignment } from './topic-assignment.ts';

const bytes = (text: string) => Buffer.from(text);

/** As brokers of 2.3.0 wrote them. */
describe('what 2.3.0 wrote is read, and written again to the byte', () => {
  const both = <T>(text: string, decode: (data: Buffer) => T, encode: (value: T) => Buffer) => {
    expect(encode(decode(bytes(text))).toString()).toBe(text);
  };

  test.each([
    '{"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT","SASL_PLAINTEXT":"SASL_PLAINTEXT"},"endpoints":["PLAINTEXT://127.0.0.1:21111","SASL_PLAINTEXT://127.0.0.1:21121"],"rack":"r1","jmx_port":-1,"host":"127.0.0.1","timestamp":"1795448678926","port":21111,"version":4}',
    '{"listener_security_protocol_map":{"INSIDE":"SSL"},"endpoints":["INSIDE://[::1]:9093"],"jmx_port":9999,"host":null,"timestamp":"1","port":-1,"version":4}',
  ])('a registration %#', (text) =>
    both(text, (data) => decodeBrokerRegistration(1, data), encodeBrokerRegistration),
  );

  test('an assignment, a state, the controller, a block of producer ids', () => {
    both(
      '{"version":1,"partitions":{"0":[1,2,3],"1":[2,3,1]}}',
      (data) => decodeTopicAssignment('t', data),
      encodeTopicAssignment,
    );
    both(
      '{"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1,2,3]}',
      (data) => decodePartitionState('t', 0, data, 0),
      encodePartitionState,
    );
    both('{"version":1,"brokerid":1,"timestamp":"1795448678995"}', decodeController, (id) =>
      encodeController(id, 1795448678995),
    );
    both('{"version":1,"broker":1,"block_start":"0","block_end":"999"}', decodeProducerIdBlock, (block) =>
      encodeProducerIdBlock(block!),
    );
  });

  test('configs and their changes', () => {
    both(
      '{"version":1,"config":{"min.insync.replicas":"2"}}',
      (data) => decodeConfig('p', data),
      encodeConfig,
    );
    both(
      '{"version":2,"entity_path":"users/bob%40x/clients/c%201"}',
      (data) => decodeConfigChange('p', data),
      encodeConfigChange,
    );
  });

  test('ACLs, their changes, and delegation tokens', () => {
    both(
      '{"version":1,"acls":[{"principal":"User:alice","permissionType":"Allow","operation":"Read","host":"*"}]}',
      (data) => decodeAclRules('p', data),
      encodeAclRules,
    );
    both('Topic:a:b', (data) => decodeAclChange('p', data), encodeAclChange);
    both(
      '{"version":1,"resourceType":"Topic","name":"ord","patternType":"PREFIXED"}',
      (data) => decodeAclChange('p', data),
      encodeAclChange,
    );
    both(
      '{"issueTimestamp":1795448752629,"renewers":["User%3Abob"],"maxTimestamp":1796053552629,"version":1,"tokenId":"OKP8Jr5MSHWq9K0Z4f0DhA","owner":"User%3Aalice","expiryTimestamp":1795535152629}',
      (data) => decodeToken('p', data),
      encodeToken,
    );
  });
});

describe('other versions are read', () => {
  test('a registration of 0.8 and one of a broker newer than all known', () => {
    const old = '{"version":1,"host":"h","port":9092,"jmx_port":-1,"timestamp":"5"}';
    expect(decodeBrokerRegistration(7, bytes(old)).endpoints).toEqual([
      { listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: 'h', port: 9092 },
    ]);
    const later =
      '{"features":{},"listener_security_protocol_map":{"A":"SSL"},"endpoints":["A://h:1"],"version":9,"more":1}';
    expect(decodeBrokerRegistration(7, bytes(later)).endpoints).toEqual([
      { listener: 'A', securityProtocol: 'SSL', host: 'h', port: 1 },
    ]);
  });

  test('an assignment of 3.9 with a reassignment under way, a state in recovery, an old config change', () => {
    const assignment =
      '{"removing_replicas":{"0":[1]},"partitions":{"0":[4,1]},"topic_id":"abc","adding_replicas":{"0":[4]},"version":3}';
    expect(decodeTopicAssignment('t', bytes(assignment))).toEqual(new Map([[0, [4, 1]]]));
    const state =
      '{"controller_epoch":5,"leader":1,"version":1,"leader_epoch":3,"isr":[1],"leader_recovery_state":1}';
    expect(decodePartitionState('t', 0, bytes(state), 4)).toMatchObject({ recovering: true, version: 4 });
    expect(decodeConfigChange('p', bytes('{"version":1,"entity_type":"topics","entity_name":"t"}'))).toBe(
      'topics/t',
    );
    expect(
      decodeController(bytes('{"version":2,"brokerid":3,"timestamp":"1","kraftControllerEpoch":-1}')),
    ).toBe(3);
  });
});

test.each([
  '',
  '{',
  '[]',
  '7',
  '{"partitions":[]}',
  '{"partitions":{"x":[1]}}',
  '{"partitions":{"0":["1"]}}',
])('an assignment that is %s is refused with the place', (text) => {
  expect(() => decodeTopicAssignment('t', bytes(text))).toThrow(ZnodeFormatError);
  expect(() => decodeTopicAssignment('t', bytes(text))).toThrow('/brokers/topics/t');
});

test('any name of a user or client fits in a path and comes back', () => {
  expect(['bob@x', 'c 1', 'a*b', "it's (so)!", '<default>'].map(sanitizeEntity)).toEqual([
    'bob%40x',
    'c%201',
    'a%2Ab',
    'it%27s%20%28so%29%21',
    '<default>',
  ]);
  for (const name of ['bob@x', 'ü/ü', '%', '<default>']) {
    expect(desanitizeEntity(sanitizeEntity(name))).toBe(name);
  }
});
