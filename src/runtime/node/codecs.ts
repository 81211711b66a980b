import { gunzipSync, gzipSync } from 'node:zlib';
import { CodecError, type Codecs } from '../runtime.ts';
import { lazyNative } from './native.ts';
import { createZstd } from './zstd.ts';

const snappy = lazyNative<typeof import('snappy')>('snappy', 'Snappy');
const lz4 = lazyNative<typeof import('lz4-napi')>('lz4-napi', 'LZ4');

/** A byte of lz4 stands for at most 255 bytes. */
const LZ4_RATIO = 255;

export function createNodeCodecs(): Codecs {
  const zstd = createZstd();
  return {
    gzip: (data) => gzipSync(data),
    gunzip: (data, maxBytes) =>
      // zlib grows its output piece by piece and stops at the limit.
      attempt('gzip', () => gunzipSync(data, { maxOutputLength: Math.max(maxBytes, 1) })),
    snappy: (data) => snappy().compressSync(data),
    unsnappy: (data, maxBytes) => {
      checkSize('snappy', snappySize(data), maxBytes);
      return attempt('snappy', () => snappy().uncompressSync(data, { asBuffer: true }) as Buffer);
    },
    // The package puts the size (4 bytes) before the block and wants it there: room for the output, which may turn out smaller.
    lz4Block: (data) => lz4().compressSync(data).subarray(4),
    unlz4Block: (data, maxBytes) => {
      const sized = Buffer.allocUnsafe(4 + data.length);
      sized.writeUInt32LE(Math.min(maxBytes, data.length * LZ4_RATIO), 0);
      data.copy(sized, 4);
      return attempt('lz4', () => lz4().uncompressSync(sized));
    },
    zstd: (data) => zstd.compress(data),
    unzstd: (data, maxBytes) => attempt('zstd', () => zstd.decompress(data, maxBytes)),
  };
}

/** The size of the output, which a snappy block begins with (a varint). */
function snappySize(data: Buffer): number {
  let size = 0;
  for (let i = 0; i < 5 && i < data.length; i++) {
    size += (data[i]! & 0x7f) * 2 ** (7 * i);
    if (data[i]! < 0x80) return size;
  }
  throw new CodecError('snappy: the block is cut short');
}

function checkSize(name: string, size: number, maxBytes: number): void {
  if (size > maxBytes) throw new CodecError(`${name}: ${size} bytes come out where ${maxBytes} are allowed`);
}

function attempt<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof CodecError) throw error;
    throw new CodecError(`${name}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}
