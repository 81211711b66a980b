import { WireError } from './wire-error.ts';

/** A 64-bit integer: a number when it is a safe integer, else a bigint. So offsets and times stay cheap and nothing is lost. */
export type Int64 = number | bigint;

const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The number itself. Throws a WireError when `value` is not a safe integer. */
export function toSafe(value: Int64, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new WireError(what, 0, `${value} is beyond 2^53 - 1, more than any real one`);
}

/** Two halves as one integer; `high` is signed, `low` isn't. */
export function int64FromHalves(high: number, low: number): Int64 {
  if (high >= -0x200000 && high < 0x200000) {
    const value = high * 0x1_0000_0000 + low;
    if (value !== -0x20_0000_0000_0000) return value;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The same value in the form that Int64 prescribes. */
export function int64FromBigInt(value: bigint): Int64 {
  return value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

/** a + b; what 64 bits don't hold wraps, as Java's long does. */
export function addInt64(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return int64FromBigInt(BigInt.asIntN(64, BigInt(a) + BigInt(b)));
}

/** a - b, as `addInt64`. */
export function subtractInt64(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return int64FromBigInt(BigInt.asIntN(64, BigInt(a) - BigInt(b)));
}
