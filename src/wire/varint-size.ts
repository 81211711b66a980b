import type { Int64 } from './int64.ts';

/** How many bytes `Writer.uvarint` takes for `value`. */
export function uvarintSize(value: number): number {
  const bits = 32 - Math.clz32(value | 1);
  return Math.ceil(bits / 7);
}

/** How many bytes `Writer.varint` takes for `value`. */
export function varintSize(value: number): number {
  return uvarintSize((value << 1) ^ (value >> 31));
}

/** How many bytes `Writer.varlong` takes for `value`. */
export function varlongSize(value: Int64): number {
  if (typeof value === 'number' && value >= -0x8000_0000 && value <= 0x7fff_ffff) return varintSize(value);
  if (typeof value === 'number') {
    // Zigzag doubles the magnitude, which has more than 31 bits here.
    const magnitude = value < 0 ? -(value + 1) : value;
    return Math.ceil((64 - Math.clz32(Math.floor(magnitude / 0x8000_0000))) / 7);
  }
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)) >> 7n;
  let size = 1;
  for (; rest > 0n; rest >>= 7n) size++;
  return size;
}
