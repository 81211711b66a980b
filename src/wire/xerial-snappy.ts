import { CodecError, type Codecs } from '../runtime/runtime.ts';

/** `\x82SNAPPY\0`, version 1, readable from version 1 on. */
const HEADER = Buffer.from('82534e41505059000000000100000001', 'hex');
const MAGIC_BYTES = 8;
const BLOCK_BYTES = 32 * 1024;

/** Snappy in the framing of xerial's Java library: a header, then blocks of 32 KiB, each with its compressed length before it. */
export function compressXerial(codecs: Codecs, data: Buffer): Buffer {
  const parts: Buffer[] = [HEADER];
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = codecs.snappy(data.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** Reads xerial's framing and, as some clients send, a bare snappy block. */
export function decompressXerial(codecs: Codecs, data: Buffer, maxBytes: number): Buffer {
  if (data.length < MAGIC_BYTES || HEADER.compare(data, 0, MAGIC_BYTES, 0, MAGIC_BYTES) !== 0)
    return codecs.unsnappy(data, maxBytes);
  const parts: Buffer[] = [];
  let total = 0;
  for (let at = HEADER.length; at < data.length;) {
    const length = at + 4 <= data.length ? data.readInt32BE(at) : -1;
    at += 4;
    if (length < 0 || length > data.length - at) throw new CodecError('snappy: a block is cut short');
    const block = codecs.unsnappy(data.subarray(at, at + length), maxBytes - total);
    parts.push(block);
    total += block.length;
    at += length;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
}
