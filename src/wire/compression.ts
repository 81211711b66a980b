import { CodecError, type Codecs } from '../runtime/runtime.ts';
import { compressLz4Frame, decompressLz4Frame } from './lz4-frame.ts';
import { compressXerial, decompressXerial } from './xerial-snappy.ts';

export type CompressionKind = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** By the number that stands in a batch's attributes. */
export const COMPRESSION_KINDS: readonly CompressionKind[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** The records of a batch, or a message set, as Kafka's clients compress them. `magic`: the message format they stand in. */
export function compress(codecs: Codecs, kind: CompressionKind, data: Buffer, magic: number): Buffer {
  switch (kind) {
    case 'none':
      return data;
    case 'gzip':
      return codecs.gzip(data);
    case 'snappy':
      return compressXerial(codecs, data);
    case 'lz4':
      return compressLz4Frame(codecs, data, magic === 0);
    case 'zstd':
      return codecs.zstd(data);
  }
}

/** The reverse. Throws a CodecError for bad data and when more than `maxBytes` would come out. */
export function decompress(
  codecs: Codecs,
  kind: CompressionKind,
  data: Buffer,
  magic: number,
  maxBytes: number,
): Buffer {
  switch (kind) {
    case 'none':
      if (data.length > maxBytes) throw new CodecError(`${data.length} bytes where ${maxBytes} are allowed`);
      return data;
    case 'gzip':
      return codecs.gunzip(data, maxBytes);
    case 'snappy':
      return decompressXerial(codecs, data, maxBytes);
    case 'lz4':
      return decompressLz4Frame(codecs, data, magic === 0, maxBytes);
    case 'zstd':
      return codecs.unzstd(data, maxBytes);
  }
}
