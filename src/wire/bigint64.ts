// Buffer's own methods for these put the value together out of six other bigints, and cost ten times as much.

const value = new BigInt64Array(1);
const bytes = new Uint8Array(value.buffer);
/** Where the highest byte stands. */
const TOP = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 7 : 0;

/** A signed big-endian integer of 64 bits. */
export function getBigInt64(buffer: Buffer, at: number): bigint {
  for (let i = 0; i < 8; i++) bytes[i ^ TOP] = buffer[at + i]!;
  return value[0]!;
}

/** Its low 64 bits, big-endian. */
export function putBigInt64(buffer: Buffer, at: number, of: bigint): void {
  value[0] = of;
  for (let i = 0; i < 8; i++) buffer[at + i] = bytes[i ^ TOP]!;
}
