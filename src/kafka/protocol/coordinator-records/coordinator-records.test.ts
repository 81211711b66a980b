import { describe, expect, test } from 'vitest';
import { difference, vectors } from '../../../../test/support/kafka-vectors.ts';
import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import * as clusterMetadata from '../kraft-records/cluster-metadata.ts';
import * as quorum from '../kraft-records/quorum-state.ts';
import * as producers from '../log-records/producer-snapshot.ts';
import * as remoteLogs from '../log-records/remote-log-metadata.ts';
import { Message } from '../message.ts';
import * as classic from './classic-groups.ts';
import * as consumer from './consumer-groups.ts';
import * as consumerProtocol from './consumer-protocol.ts';
import * as control from './control-records.ts';
import * as principal from './principal.ts';
import { RecordType, recordTypeOf } from './record-type.ts';
import * as shareState from './share-state.ts';
import * as share from './share-groups.ts';
import * as streams from './streams-groups.ts';
import * as transactions from './transaction-state.ts';

const consumerOffsets = [classic, consumer, share, streams].flatMap((m) => Object.values(m));

describe('every record of the internal topics is read as Apache says and written back to the byte', () => {
  test('__consumer_offsets', () => all('_consumer_offsets', consumerOffsets));
  test('__transaction_state', () => all('_transaction_state', Object.values(transactions)));
  test('__share_group_state', () => all('_share_group_state', Object.values(shareState)));
});

test('so is everything else that Apache keeps in logs and files', () => {
  const messages = [consumerProtocol, control, clusterMetadata, quorum, producers, remoteLogs, principal]
    .flatMap((module): unknown[] => Object.values(module))
    .filter((value) => value instanceof Message);
  const byName = new Map(messages.map((message) => [message.name, message]));
  for (const vector of ['_data', '_cluster_metadata', '_storage'].flatMap((file) => vectors(file))) {
    const name = `${vector.api} v${vector.version} ${vector.case}`;
    const message = byName.get(vector.api)!;
    const reader = new Reader(Buffer.from(vector.hex, 'hex'));
    if (vector.prefix !== undefined) expect(reader.int16(), name).toBe(vector.version);
    const value = message.decode(reader, vector.version);
    expect(reader.remaining, name).toBe(0);
    expect(difference(value, vector.json), name).toBe(null);
    const writer = new Writer();
    if (vector.prefix !== undefined) writer.int16(vector.version);
    message.encode(writer, vector.version, value);
    expect(writer.finish().toString('hex'), name).toBe(vector.hex);
  }
});

test('a key of a type that is not known, or too short for one, is told apart', () => {
  expect(recordTypeOf(Buffer.from('7fff00', 'hex'))).toBe(0x7fff);
  expect(() => recordTypeOf(Buffer.alloc(1))).toThrow(WireError);
});

function all(file: string, types: readonly unknown[]): void {
  const byName = new Map(types.filter((t) => t instanceof RecordType).map((t) => [t.value.name, t]));
  for (const vector of vectors(file)) {
    const name = `${vector.api} v${vector.version} ${vector.case}`;
    const type = byName.get(vector.api.replace(/Key$/, 'Value'))!;
    const bytes = Buffer.from(vector.hex, 'hex');
    if (vector.kind === 'key') {
      expect(recordTypeOf(bytes), name).toBe(type.type);
      const key = type.decodeKey(bytes);
      expect(difference(key, vector.json), name).toBe(null);
      expect(type.encodeKey(key).toString('hex'), name).toBe(vector.hex);
    } else {
      const value = type.decodeValue(bytes);
      expect(difference(value, vector.json), name).toBe(null);
      expect(type.encodeValue(vector.version, value).toString('hex'), name).toBe(vector.hex);
    }
  }
}
