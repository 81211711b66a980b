import { CodecError, type Codecs } from '../runtime/runtime.ts';
import { xxhash32 } from './xxhash32.ts';

const MAGIC = 0x184d2204;
const FLG_VERSION_1 = 0x40;
const FLG_INDEPENDENT = 0x20;
const FLG_BLOCK_CHECKSUM = 0x10;
const FLG_CONTENT_SIZE = 0x08;
const FLG_CONTENT_CHECKSUM = 0x04;
const FLG_RESERVED = 0x03;
const BD_64_KIB = 0x40;
const BLOCK_BYTES = 64 * 1024;
/** In a block's length: its bytes are stored as they are. */
const STORED = 0x8000_0000;
const HEADER_BYTES = 7;
/** A byte of lz4 stands for at most 255 bytes, so a block's room needn't be larger. */
const RATIO = 255;

/**
 * The frame format of lz4: blocks of 64 KiB, no checksums but the header's.
 * `brokenHeader`: the checksum covers the magic number too, as Kafka's first implementation had it and message format 0 keeps it.
 */
export function compressLz4Frame(codecs: Codecs, data: Buffer, brokenHeader: boolean): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header[4] = FLG_VERSION_1 | FLG_INDEPENDENT;
  header[5] = BD_64_KIB;
  header[6] = headerChecksum(header, 6, brokenHeader);
  const parts: Buffer[] = [header];
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const plain = data.subarray(at, at + BLOCK_BYTES);
    const packed = codecs.lz4Block(plain);
    const stored = packed.length >= plain.length;
    parts.push(lengthOf(stored ? plain.length + STORED : packed.length), stored ? plain : packed);
  }
  parts.push(lengthOf(0));
  return Buffer.concat(parts);
}

/**
 * Reads one frame. What Kafka refuses is refused: blocks that need the one before, dictionaries. The content's checksum isn't
 * looked at, as there. `anyHeader`: the header's checksum isn't either (message format 0, where it is mostly wrong).
 */
export function decompressLz4Frame(
  codecs: Codecs,
  data: Buffer,
  anyHeader: boolean,
  maxBytes: number,
): Buffer {
  const { flags, blockBytes, end } = readHeader(data, anyHeader);
  const trailer = (flags & FLG_BLOCK_CHECKSUM) !== 0 ? 4 : 0;
  const parts: Buffer[] = [];
  let total = 0;
  let at = end;
  for (;;) {
    if (at + 4 > data.length) throw cut();
    const word = data.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const stored = word >= STORED;
    const length = stored ? word - STORED : word;
    if (length > blockBytes)
      throw new CodecError(`lz4: a block of ${length} bytes where ${blockBytes} are the most`);
    if (length + trailer > data.length - at) throw cut();
    const block = data.subarray(at, at + length);
    at += length;
    if (trailer > 0 && xxhash32(block, 0) !== data.readUInt32LE(at))
      throw new CodecError("lz4: a block's checksum is wrong");
    at += trailer;
    const room = Math.min(blockBytes, maxBytes - total, length * RATIO);
    if (stored && length > room) throw new CodecError(`lz4: more than ${maxBytes} bytes come out`);
    const plain = stored ? block : codecs.unlz4Block(block, room);
    parts.push(plain);
    total += plain.length;
  }
  if ((flags & FLG_CONTENT_CHECKSUM) !== 0 && at + 4 > data.length) throw cut();
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
}

function readHeader(data: Buffer, anyHeader: boolean): { flags: number; blockBytes: number; end: number } {
  if (data.length < HEADER_BYTES) throw cut();
  if (data.readUInt32LE(0) !== MAGIC) throw new CodecError("lz4: the data doesn't begin as a frame does");
  const flags = data[4]!;
  const blockSize = (data[5]! >> 4) & 7;
  if ((flags & 0xc0) !== FLG_VERSION_1) throw new CodecError('lz4: the frame has another version than 1');
  if ((flags & FLG_RESERVED) !== 0 || (data[5]! & 0x8f) !== 0 || blockSize < 4)
    throw new CodecError('lz4: the header has bits set that mean nothing here');
  if ((flags & FLG_INDEPENDENT) === 0)
    throw new CodecError('lz4: blocks that need the one before them are not allowed');
  const checksumAt = 6 + ((flags & FLG_CONTENT_SIZE) !== 0 ? 8 : 0);
  if (data.length <= checksumAt) throw cut();
  if (!anyHeader && data[checksumAt] !== headerChecksum(data, checksumAt, false))
    throw new CodecError("lz4: the header's checksum is wrong");
  return { flags, blockBytes: BLOCK_BYTES << (2 * (blockSize - 4)), end: checksumAt + 1 };
}

function headerChecksum(header: Buffer, end: number, withMagic: boolean): number {
  return (xxhash32(header.subarray(withMagic ? 0 : 4, end), 0) >> 8) & 0xff;
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

function cut(): CodecError {
  return new CodecError('lz4: the frame is cut short');
}
