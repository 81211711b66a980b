import { describe, expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { vectors } from '../../../test/support/kafka-vectors.ts';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { Writer } from '../../wire/writer.ts';
import { apis } from './apis.ts';
import { MOST_ITEMS } from './decode-support.ts';
import type { Message } from './message.ts';
import { listOffsets } from './messages/02-list-offsets.ts';
import { metadata } from './messages/03-metadata.ts';

interface Sample {
  readonly message: Message;
  readonly version: number;
  readonly bytes: Buffer;
}

const samples: Sample[] = apis.flatMap((api) =>
  vectors(api.name)
    .filter((vector) => vector.case === 'rich' || vector.case === 'unknown')
    .map((vector) => ({
      message: vector.kind === 'request' ? api.request : api.response,
      version: vector.version,
      bytes: Buffer.from(vector.hex, 'hex'),
    })),
);

describe('bytes that are no message', () => {
  test('a changed message is read or refused with a WireError, and what is read can be written', () => {
    const change = fc.record({
      sample: fc.constantFrom(...samples),
      at: fc.nat(),
      what: fc.constantFrom('flip', 'huge', 'negative', 'cut', 'insert'),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(change, ({ sample, at, what, byte }) => {
        const value = tryDecode(sample.message, sample.version, changed(sample.bytes, at, what, byte));
        if (value !== null) sample.message.encode(new Writer(), sample.version, value);
      }),
      { numRuns: 5000 },
    );
  });

  test('a message that is cut anywhere is refused', () => {
    for (const { message, version, bytes } of samples.filter((_, i) => i % 7 === 0))
      for (let end = 0; end < bytes.length; end++)
        expect(tryDecode(message, version, bytes.subarray(0, end))).toBe(null);
  });

  test('noise is read or refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.uint8Array({ maxLength: 200 }),
        ({ message, version }, noise) => {
          tryDecode(message, version, Buffer.from(noise));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a length of millions in a few bytes costs nothing', () => {
    const claims = Buffer.alloc(64);
    for (let at = 0; at < claims.length; at += 4) claims.writeInt32BE(50_000_000, at);
    const before = process.memoryUsage();
    for (const { message, version } of samples) {
      tryDecode(message, version, claims);
      tryDecode(message, version, Buffer.alloc(64, 0x7f));
      tryDecode(message, version, Buffer.alloc(64, 0xff));
    }
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 << 20);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(256 << 20); // mostly the compiled decoders
  });

  test('millions of nearly empty structs that are really there are refused before they are made', () => {
    const topics = MOST_ITEMS + 1;
    const body = Buffer.alloc(4 + 1 + 4 + topics * 6);
    body.writeInt32BE(topics, 5);
    expect(() => listOffsets.request.decode(new Reader(body), 2)).toThrow(/more than \d+ elements/);
  });

  test('millions of numbers are read, for those cost what they weigh', () => {
    const partitions = 1 << 20;
    const replicas = Buffer.alloc(4 + partitions * 4);
    replicas.writeInt32BE(partitions);
    const response = Buffer.concat([
      Buffer.from('00000000', 'hex'), // no brokers
      Buffer.from('00000001', 'hex'), // one topic,
      Buffer.alloc(4), // without error or name,
      Buffer.from('00000001', 'hex'), // one partition,
      Buffer.alloc(10), // with error, index and leader 0
      replicas,
      Buffer.from('00000000', 'hex'),
    ]);
    const value = metadata.response.decode(new Reader(response), 0);
    expect(value.topics[0]!.partitions[0]!.replicaNodes).toHaveLength(partitions);
  });
});

function changed(bytes: Buffer, at: number, what: string, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = copy.length === 0 ? 0 : at % copy.length;
  switch (what) {
    case 'cut':
      return copy.subarray(0, place);
    case 'insert':
      return Buffer.concat([copy.subarray(0, place), Buffer.from([byte]), copy.subarray(place)]);
    case 'huge':
      return Buffer.concat([
        copy.subarray(0, place),
        Buffer.from([0x7f, 0xff, 0xff, byte]),
        copy.subarray(place + 4),
      ]);
    case 'negative':
      return Buffer.concat([
        copy.subarray(0, place),
        Buffer.from([0xff, 0xff, 0xff, 0xfe]),
        copy.subarray(place + 4),
      ]);
    default:
      if (copy.length > 0) copy[place] = copy[place]! ^ (byte | 1);
      return copy;
  }
}

/** @returns null when it was refused properly. */
function tryDecode(message: Message, version: number, bytes: Buffer): Record<string, unknown> | null {
  try {
    return message.decode(new Reader(bytes), version);
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return null;
  }
}
