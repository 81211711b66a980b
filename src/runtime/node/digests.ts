import { createHmac, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digests } from '../runtime.ts';
import { lazyNative } from './native.ts';

const crc = lazyNative<typeof import('@node-rs/crc32')>('@node-rs/crc32', 'CRC-32C');

export function createNodeDigests(): Digests {
  return {
    hash: (name, data) => hash(name, data, 'buffer'),
    hmac: (name, key, data) => createHmac(name, key).update(data).digest(),
    crc32c: (data, seed) => crc().crc32c(data, seed),
    crc32: (data, seed) => crc32(data, seed),
  };
}
