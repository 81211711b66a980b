const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** xxHash with 32 bits, which lz4's frames carry over their header: a few bytes, for which a call into native code is too dear. */
export function xxhash32(data: Buffer, seed: number): number {
  const size = data.length;
  let at = 0;
  let hash: number;
  if (size >= 16) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    for (; at + 16 <= size; at += 16) {
      a = round(a, data.readInt32LE(at));
      b = round(b, data.readInt32LE(at + 4));
      c = round(c, data.readInt32LE(at + 8));
      d = round(d, data.readInt32LE(at + 12));
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
  } else hash = seed + PRIME_5;
  hash = (hash + size) | 0;
  for (; at + 4 <= size; at += 4)
    hash = Math.imul(rotate((hash + Math.imul(data.readInt32LE(at), PRIME_3)) | 0, 17), PRIME_4);
  for (; at < size; at++) hash = Math.imul(rotate((hash + Math.imul(data[at]!, PRIME_5)) | 0, 11), PRIME_1);
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, input: number): number {
  return Math.imul(rotate((lane + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
