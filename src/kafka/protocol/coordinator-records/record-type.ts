import { Reader } from '../../../wire/reader.ts';
import { Writer } from '../../../wire/writer.ts';
import { Message, type MessageShape } from '../message.ts';
import type { Draft, Fields, Value } from '../schema.ts';

/** A kind of record in an internal topic. Its key begins with its type, its value with the version of the value. */
export class RecordType<K extends Fields = Fields, V extends Fields = Fields> {
  readonly type: number;
  readonly key: Message<K>;
  readonly value: Message<V>;
  /** One for all records: what it gave out shares its slab, but stays as it is. */
  private readonly writer = new Writer(4096);

  constructor(shape: RecordTypeShape<K, V>) {
    this.type = shape.type;
    this.key = new Message(`${shape.name}Key`, { versions: [0, 0], fields: shape.key });
    this.value = new Message(`${shape.name}Value`, shape.value);
  }

  /** The bytes share memory with others: they are for a batch that is about to be built, not to be kept. */
  encodeKey(key: Draft<K>): Buffer {
    const { writer } = this;
    writer.reset();
    writer.int16(this.type);
    this.key.encode(writer, 0, key);
    return writer.finish();
  }

  /** `bytes`: with the type, as `recordTypeOf` reads it. */
  decodeKey(bytes: Buffer): Value<K> {
    return this.key.decode(new Reader(bytes, 2), 0);
  }

  /** As `encodeKey`. */
  encodeValue(version: number, value: Draft<V>): Buffer {
    const { writer } = this;
    writer.reset();
    writer.int16(version);
    this.value.encode(writer, version, value);
    return writer.finish();
  }

  /** `bytes`: with the version. Throws a WireError when it isn't known. */
  decodeValue(bytes: Buffer): Value<V> {
    const reader = new Reader(bytes);
    return this.value.decode(reader, reader.int16());
  }
}

export interface RecordTypeShape<K extends Fields, V extends Fields> {
  readonly type: number;
  readonly name: string;
  readonly key: K;
  readonly value: MessageShape<V>;
}

export function recordType<K extends Fields, V extends Fields>(
  shape: RecordTypeShape<K, V>,
): RecordType<K, V> {
  return new RecordType(shape);
}

/** The type of the record that has this key. */
export function recordTypeOf(key: Buffer): number {
  return new Reader(key).int16();
}
