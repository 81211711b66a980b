import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { int64FromBigInt } from './int64.ts';
import { Reader, toSafe } from './reader.ts';
import { uvarintSize, varintSize, varlongSize } from './varint-size.ts';
import { WireError } from './wire-error.ts';
import { Writer } from './writer.ts';

type Operation = { kind: keyof typeof operations; value: never };

const operations = {
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  bool: fc.boolean(),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 0xffff_ffff }),
  int64: fc
    .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger().map(BigInt))
    .map(int64FromBigInt),
  float64: fc.double({ noNaN: true }),
  uvarint: fc.integer({ min: 0, max: 0xffff_ffff }),
  varint: fc.integer(),
  varlong: fc
    .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer().map(BigInt))
    .map(int64FromBigInt),
  bytes: fc.uint8Array({ maxLength: 3000, size: 'max' }).map((bytes) => Buffer.from(bytes)),
  utf8: fc.string({ maxLength: 60, unit: 'grapheme' }),
};

const script = fc.array(
  fc.oneof(
    ...Object.entries(operations).map(([kind, values]) =>
      fc.record({ kind: fc.constant(kind), value: values as fc.Arbitrary<unknown> }),
    ),
  ) as fc.Arbitrary<Operation>,
  { maxLength: 60 },
);

function write(writer: Writer, operation: Operation): void {
  if (operation.kind === 'utf8') writer.utf8(operation.value, Buffer.byteLength(operation.value));
  else writer[operation.kind](operation.value);
}

function read(reader: Reader, operation: Operation): unknown {
  const size =
    operation.kind === 'utf8' ? Buffer.byteLength(operation.value) : (operation.value as Buffer).length;
  if (operation.kind === 'bytes' || operation.kind === 'utf8') return reader[operation.kind](size);
  return reader[operation.kind]();
}

test('what a writer wrote a reader reads, whatever the order and wherever slabs end', () => {
  const writer = new Writer(16);
  fc.assert(
    fc.property(script, (steps) => {
      writer.reset();
      for (const step of steps) write(writer, step);
      const length = writer.position;
      const parts = Buffer.concat(writer.parts());
      const whole = writer.finish();
      expect(whole.equals(parts)).toBe(true);
      expect(whole.length).toBe(length);
      const reader = new Reader(whole);
      for (const step of steps) expect(read(reader, step)).toStrictEqual(step.value);
      expect(reader.remaining).toBe(0);
    }),
  );
});

test('a message that was handed out stays as it is while the same writer makes others', () => {
  const writer = new Writer(16);
  const handed: { bytes: Buffer; text: string }[] = [];
  for (let i = 0; i < 200; i++) {
    writer.reset();
    const text = `message ${i} `.repeat(i % 7);
    writer.utf8(text, text.length);
    handed.push({ bytes: writer.finish(), text });
  }
  for (const { bytes, text } of handed) expect(bytes.toString()).toBe(text);
});

test('large buffers are referred to, small ones copied', () => {
  const large = Buffer.alloc(1024, 1);
  const small = Buffer.alloc(1023, 2);
  const writer = new Writer();
  writer.int32(7);
  writer.bytes(large);
  writer.bytes(small);
  const parts = writer.parts();
  expect(parts.map((part) => part.length)).toEqual([4, 1024, 1023]);
  expect(parts[1]).toBe(large);
  small.fill(3);
  expect(parts[2]![0]).toBe(2);
});

test('a length can be set after what it counts was written, in an open piece and in a closed one', () => {
  const writer = new Writer();
  writer.int32(0);
  writer.bytes(Buffer.alloc(2000, 9));
  writer.int8(1);
  writer.int32(0);
  writer.int8(2);
  writer.setInt32(0, 2001);
  writer.setInt32(2005, -1);
  const reader = new Reader(writer.finish());
  expect(reader.int32()).toBe(2001);
  reader.skip(2001);
  expect(reader.int32()).toBe(-1);
});

test.each([
  ['int8', '80', -128],
  ['int16', '8000', -32768],
  ['uint16', 'ffff', 65535],
  ['int32', 'ffffffff', -1],
  ['uint32', 'ffffffff', 4294967295],
  ['int64', '001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['int64', '0020000000000000', 2n ** 53n],
  ['int64', 'ffe0000000000001', Number.MIN_SAFE_INTEGER],
  ['int64', 'ffe0000000000000', -(2n ** 53n)],
  ['int64', '8000000000000000', -(2n ** 63n)],
  ['int64Big', 'ffffffffffffffff', -1n],
  ['uvarint', 'ffffffff0f', 4294967295],
  ['uvarint', 'ac02', 300],
  ['varint', 'ffffffff0f', -2147483648],
  ['varint', '03', -2],
  ['varlong', 'ffffffffffffffffff01', -(2n ** 63n)],
  ['varlong', 'feffffffffffffffff01', 2n ** 63n - 1n],
  ['varlong', 'ffffffff0f', -2147483648],
  ['varlong', 'feffffffffffff1f', Number.MAX_SAFE_INTEGER],
] as const)('%s of %s is %s', (kind, hex, value) => {
  const reader = new Reader(Buffer.from(hex, 'hex'));
  expect(reader[kind]()).toBe(value);
  expect(reader.remaining).toBe(0);
});

test('a cut message throws a WireError that says what was read and where, and never reads beyond its end', () => {
  for (const kind of ['int8', 'bool', 'int16', 'uint16', 'int32', 'int64', 'int64Big', 'float64'] as const) {
    const reader = new Reader(Buffer.alloc(16), 3, 3);
    expect(() => reader[kind]()).toThrow(WireError);
  }
  for (const kind of ['uvarint', 'varint', 'varlong'] as const)
    expect(() => new Reader(Buffer.alloc(16, 0x80), 0, 3)[kind]()).toThrow(/3|4 bytes wanted/);
  const reader = new Reader(Buffer.alloc(8));
  reader.skip(5);
  expect(() => reader.int32()).toThrow('int32 at byte 5: 4 bytes wanted, 3 left');
  expect(reader.position).toBe(5);
});

test.each([-1, 9, 2 ** 31, NaN, Infinity])('a length of %s is refused', (length) => {
  const reader = new Reader(Buffer.alloc(8));
  expect(() => reader.bytes(length)).toThrow(WireError);
  expect(() => reader.utf8(length)).toThrow(WireError);
  expect(() => reader.skip(length)).toThrow(WireError);
});

test('varints that never end are refused', () => {
  const endless = Buffer.alloc(20, 0xff);
  expect(() => new Reader(endless).uvarint()).toThrow('more than 5 bytes');
  expect(() => new Reader(endless).varlong()).toThrow('more than 10 bytes');
});

test('sizes of varints are foretold', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer(),
      fc.oneof(operations.varlong, operations.int64),
      (u, i, l) => {
        const sizes = [uvarintSize(u), varintSize(i), varlongSize(l)];
        const written = [
          (w: Writer) => w.uvarint(u),
          (w: Writer) => w.varint(i),
          (w: Writer) => w.varlong(l),
        ].map((run) => {
          const writer = new Writer();
          run(writer);
          return writer.position;
        });
        expect(sizes).toEqual(written);
      },
    ),
  );
});

test('varlongs are written and measured right at every power of two', () => {
  for (let bits = 0n; bits < 64n; bits++)
    for (const near of [-1n, 0n, 1n])
      for (const sign of [1n, -1n]) {
        const big = BigInt.asIntN(64, sign * 2n ** bits + near);
        const writer = new Writer();
        writer.varlong(int64FromBigInt(big));
        const zigzag = BigInt.asUintN(64, (big << 1n) ^ (big >> 63n));
        expect(writer.position).toBe(Math.ceil(Math.max(zigzag.toString(2).length, 1) / 7));
        expect(varlongSize(int64FromBigInt(big))).toBe(writer.position);
        expect(new Reader(writer.finish()).varlong()).toBe(int64FromBigInt(big));
      }
});

test('toSafe lets safe integers through only', () => {
  expect(toSafe(5, 'offset')).toBe(5);
  expect(() => toSafe(2n ** 60n, 'offset')).toThrow(WireError);
});
