import { describe, expect, test } from 'vitest';
import { difference, vectors } from '../../../../test/support/kafka-vectors.ts';
import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import type { Message } from '../message.ts';
import * as classic from './classic-groups.ts';
import * as consumer from './consumer-groups.ts';
import * as consumerProtocol from './consumer-protocol.ts';
import * as control from './control-records.ts';
import { principalData } from './principal.ts';
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

test('consumer protocol, control records and principals are read as Apache says and written back to the byte', () => {
  const messages = [...Object.values(consumerProtocol), ...Object.values(control), principalData];
  const byName = new Map<string, Message>(
    messages.filter((m) => typeof m !== 'function').map((m) => [m.name, m]),
  );
  for (const vector of vectors('_data')) {
    if (vector.api === 'QuorumStateData') continue; // a file of KRaft controllers
    const message = byName.get(vector.api)!;
    const reader = new Reader(Buffer.from(vector.hex, 'hex'));
    if (vector.prefix !== undefined) expect(reader.int16()).toBe(vector.version);
    const value = message.decode(reader, vector.version);
    expect(reader.remaining, vector.api).toBe(0);
    expect(difference(value, vector.json), vector.api).toBe(null);
    const writer = new Writer();
    if (vector.prefix !== undefined) writer.int16(vector.version);
    message.encode(writer, vector.version, value);
    expect(writer.finish().toString('hex')).toBe(vector.hex);
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
